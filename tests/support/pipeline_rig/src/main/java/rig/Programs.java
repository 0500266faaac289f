package rig;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Continuation;
import com.cloudbees.groovy.cps.CpsTransformer;
import com.cloudbees.groovy.cps.Envs;
import com.cloudbees.groovy.cps.NonCPS;
import com.cloudbees.groovy.cps.Outcome;
import com.cloudbees.groovy.cps.TransformerConfiguration;
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation;
import groovy.lang.Binding;
import groovy.lang.Closure;
import groovy.lang.GroovyClassLoader;
import groovy.lang.GroovyCodeSource;
import groovy.lang.Script;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.codehaus.groovy.ast.ClassHelper;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
import org.codehaus.groovy.runtime.InvokerHelper;
import org.jenkinsci.plugins.workflow.libs.Library;

/** Compiles sources as Jenkins does, and makes programs of them that can be suspended. */
final class Programs {
    /** The Groovy methods that may have steps in their closures, and iterators that outlive a step. */
    @SuppressWarnings("rawtypes")
    static final List<Class> CATEGORIES = categories();

    private final Build build;
    private final GroovyClassLoader loader;
    private final List<Path> directories = new ArrayList<>();
    private final Map<String, String> sources = new LinkedHashMap<>();

    Programs(Build build) {
        this(build, new LibraryAnnotations(build));
    }

    private Programs(Build build, CompilationCustomizer... first) {
        this.build = build;
        CompilerConfiguration configuration = new CompilerConfiguration();
        configuration.setScriptBaseClass(CpsScript.class.getName());
        configuration.setSourceEncoding("UTF-8");
        ImportCustomizer imports = new ImportCustomizer();
        imports.addImports(NonCPS.class.getName(), Library.class.getName());
        imports.addStarImports("hudson", "hudson.model", "jenkins", "jenkins.model");
        CpsTransformer transformer = new CpsTransformer();
        transformer.setConfiguration(new TransformerConfiguration()
            .withClosureType(ClassHelper.makeCached(RigClosure.class)));
        configuration.addCompilationCustomizers(first);
        configuration.addCompilationCustomizers(imports, new ForbiddenCalls(), new DeclarativeValidator(), transformer);
        loader = new GroovyClassLoader(Programs.class.getClassLoader(), configuration);
    }

    @SuppressWarnings("rawtypes")
    private static List<Class> categories() {
        Class[] all = Arrays.copyOf(Continuable.categories.toArray(new Class[0]), Continuable.categories.size() + 1);
        all[all.length - 1] = SerializableIterators.class;
        return List.of(all);
    }

    /** Returns the classes of the same sources compiled again, which know nothing of what these have been through. */
    Programs again() {
        Programs others = new Programs(build, new CompilationCustomizer[0]);
        directories.forEach(others::addSources);
        sources.forEach(others::compile);
        return others;
    }

    ClassLoader loader() {
        return loader;
    }

    void addSources(Path directory) {
        directories.add(directory);
        loader.addClasspath(directory.toString());
    }

    CpsScript script(String name, String text) {
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

    @SuppressWarnings("unchecked")
    private Class<? extends Script> compile(String name, String text) {
        sources.put(name, text);
        return loader.parseClass(new GroovyCodeSource(text, name, "/rig"), false);
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
