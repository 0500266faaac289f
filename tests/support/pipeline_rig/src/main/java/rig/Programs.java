package rig;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Continuation;
import com.cloudbees.groovy.cps.Envs;
import com.cloudbees.groovy.cps.Outcome;
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation;
import groovy.lang.Binding;
import groovy.lang.Closure;
import hudson.AbortException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.codehaus.groovy.runtime.InvokerHelper;

/** Has sources compiled, and makes programs of them that can be suspended. */
final class Programs {
    /** The Groovy methods that may have steps in their closures, and iterators that outlive a step. */
    @SuppressWarnings("rawtypes")
    static final List<Class> CATEGORIES = categories();

    /** The socket of a {@link CompilerService}; null if the build compiles for itself. */
    private static final String COMPILER = System.getProperty("rig.compiler");

    private final Build build;
    private final ScriptClasses classes;

    Programs(Build build) {
        this(build, new ScriptClasses());
    }

    private Programs(Build build, ScriptClasses classes) {
        this.build = build;
        this.classes = classes;
    }

    @SuppressWarnings("rawtypes")
    private static List<Class> categories() {
        Class[] all = Arrays.copyOf(Continuable.categories.toArray(new Class[0]), Continuable.categories.size() + 1);
        all[all.length - 1] = SerializableIterators.class;
        return List.of(all);
    }

    /** Returns the same classes loaded again, which know nothing of what these have been through. */
    Programs again() {
        return new Programs(build, classes.again());
    }

    ClassLoader loader() {
        return classes;
    }

    CpsScript script(String name, String text) throws IOException {
        CpsScript script = (CpsScript) InvokerHelper.createScript(compile(name, text), new Binding());
        script.attach(build);
        return script;
    }

    CpsScript script(Path file) throws IOException {
        return script(file.getFileName().toString(), Files.readString(file));
    }

    /** Returns the script that carries out a declarative pipeline. */
    CpsScript interpreter() {
        try (InputStream text = Programs.class.getResourceAsStream("DeclarativeInterpreter.groovy")) {
            return script("DeclarativeInterpreter.groovy", new String(text.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Class<?> compile(String name, String text) throws IOException {
        Source source = new Source(name, text, build.libraries.sources(), build.request.sources());
        Compiled compiled = COMPILER == null ? null : CompilerService.ask(COMPILER, source);
        if (compiled == null) {
            return classes.add(Compiler.compile(source, this::load));
        }
        for (String library : compiled.libraries) {
            load(library);
        }
        return classes.add(compiled);
    }

    private void load(String library) throws AbortException {
        try {
            build.libraries.load(library);
        } catch (AbortException unknown) {
            build.console.print("ERROR: " + unknown.getMessage());
            throw unknown;
        }
    }

    /** Returns the program that the call begins; if it runs through at once, the one that has its value. */
    static Continuable program(Supplier<?> call) {
        Object value;
        try {
            value = call.get();
        } catch (CpsCallableInvocation invocation) {
            return new Continuable(invocation.invoke(Envs.empty(), null, Continuation.HALT));
        }
        return new Continuable((environment, continuation) -> continuation.receive(value));
    }

    /** Runs a closure in which no step may stand. */
    static Object runToEnd(Closure<?> closure) {
        Continuable program = program(closure::call);
        Outcome outcome = program.run0(new Outcome(null, null), CATEGORIES);
        if (program.isResumable()) {
            throw new Violation("The step '" + ((StepCall) outcome.getNormal()).step.name + "' stands where only"
                + " sections of a declarative pipeline may stand");
        }
        if (outcome.isFailure()) {
            throw sneaky(outcome.getAbnormal());
        }
        return outcome.getNormal();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> RuntimeException sneaky(Throwable failure) throws T {
        throw (T) failure;
    }

    /** Returns the lines of the trace that stand in a script or a library. */
    static List<StackTraceElement> scriptTrace(Throwable failure) {
        return Arrays.stream(failure.getStackTrace())
            .filter(element -> element.getFileName() != null)
            .filter(element -> element.getFileName().endsWith(".groovy") || element.getFileName().equals(Build.SCRIPT))
            .filter(element -> element.getLineNumber() > 0)
            .distinct()
            .toList();
    }
}
