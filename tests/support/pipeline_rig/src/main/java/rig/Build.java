package rig;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Envs;
import com.cloudbees.groovy.cps.Outcome;
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation;
import groovy.lang.Closure;
import hudson.AbortException;
import hudson.model.Result;
import java.io.IOException;
import java.io.Serializable;
import java.util.Date;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import jenkins.model.CauseOfInterruption;
import jenkins.model.CauseOfInterruption.UserInterruption;
import org.codehaus.groovy.control.CompilationFailedException;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;

/** One build: runs the script's branches in turn on one thread, as events come in. */
final class Build {
    /** The name that Jenkins compiles a Jenkinsfile under. */
    static final String SCRIPT = "WorkflowScript";

    final Request request;
    final Console console = new Console();
    final Report report = new Report();
    final CurrentBuild current;
    final Parameters parameters;
    final Environment environment;
    final Libraries libraries;
    final Dsl dsl;
    final Workspaces workspaces;
    final Answers answers;
    final Milestones milestones;
    final ExecutorService workers = Executors.newCachedThreadPool(Build::daemon);
    final ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor(Build::daemon);
    Programs programs;
    boolean declarative;
    Violation violation;

    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final Set<Branch> branches = new LinkedHashSet<>();
    private final Branch main = new Branch(this);
    private final Set<CauseOfInterruption> told = new HashSet<>();
    private final EnvironmentVariables variables = new EnvironmentVariables(this);
    private CpsScript script;
    private Branch running;
    private Outcome outcome;

    Build(Request request) {
        this.request = request;
        current = new CurrentBuild(request);
        parameters = new Parameters(request, console);
        environment = new Environment(request, parameters);
        workspaces = new Workspaces(request);
        answers = new Answers(request.inputs);
        milestones = new Milestones(this);
        libraries = new Libraries(this);
        programs = new Programs(this);
        dsl = new Dsl(this, Steps.available(request.plugins));
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    }

    /** Runs the build to its end. */
    void run() {
        CpsCallableInvocation.registerMismatchHandler(Build::refuseMismatch);
        current.getBuildCauses().forEach(cause -> console.print(cause.get("shortDescription").toString()));
        if (hasMilestones()) {
            milestones.begin();
        }
        try {
            begin();
            while (outcome == null) {
                events.take().run();
            }
        } catch (Violation stopped) {
            outcome = new Outcome(null, stopped);
        } catch (CompilationFailedException | IOException failure) {
            outcome = new Outcome(null, failure);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the build's thread", e);
        }
        end();
    }

    private void begin() throws IOException {
        for (String library : request.implicit) {
            libraries.load(library);
        }
        script = programs.script(SCRIPT, request.jenkinsfile);
        console.print("[Pipeline] Start of Pipeline");
        branches.add(main);
        main.enter(new Continuable(script, Envs.empty()), Context.OUTERMOST, ended -> outcome = ended);
    }

    private void end() {
        console.print("[Pipeline] End of Pipeline");
        requireDeclarativeToRestart();
        violation = Violation.first();
        Throwable failure = violation != null ? violation : outcome.getAbnormal();
        if (failure != null) {
            current.worsen(resultOf(failure));
            print(failure, Secrets.NONE);
        }
        if (hasMilestones()) {
            milestones.end();
        }
        console.print("Finished: " + current.result());
    }

    private boolean hasMilestones() {
        return request.plugins.contains(Milestones.PLUGIN);
    }

    private void requireDeclarativeToRestart() {
        if (request.fromStage != null && !declarative && outcome.isSuccess()) {
            outcome = new Outcome(null, new Violation(
                current.getFullDisplayName() + " was not a Declarative Pipeline, and cannot be restarted."));
        }
    }

    /** Prints a failure that reached the end of a script or a step that goes on after it. */
    void print(Throwable failure, Secrets secrets) {
        if (failure instanceof AbortException || failure instanceof Violation) {
            console.print("ERROR: " + failure.getMessage(), secrets);
        } else if (failure instanceof FlowInterruptedException interrupted) {
            tell(interrupted.getCauses());
        } else {
            console.print(failure.toString(), secrets);
            Programs.scriptTrace(failure).forEach(line -> console.print("\tat " + line, secrets));
        }
    }

    /** Prints the causes of an interruption, each once. */
    private void tell(List<CauseOfInterruption> causes) {
        causes.stream().filter(told::add).forEach(cause -> console.print(cause.getShortDescription()));
    }

    static Result resultOf(Throwable failure) {
        return failure instanceof FlowInterruptedException interrupted ? interrupted.getResult() : Result.FAILURE;
    }

    private static void refuseMismatch(Object receiver, String expected, Object actualReceiver, String actual) {
        throw new Violation("expected to call " + receiver.getClass().getSimpleName() + "." + expected
            + " but wound up catching " + actual + ": a step, or code that may call one, was called from a @NonCPS"
            + " method or from a closure handed to a method that takes no steps");
    }

    /** Has the task done on the build's thread; any thread may call it. */
    void post(Runnable task) {
        events.add(task);
    }

    /** Has somebody answer the input of that id or message, now or as soon as it is reached. */
    void answer(String input, Answer answer) {
        post(() -> answers.give(input, answer));
    }

    /** Stops the build as a person would. */
    void abort() {
        stop(Result.ABORTED, new UserInterruption(request.user == null ? InputStep.ADMINISTRATOR : request.user));
    }

    void stop(Result result, CauseOfInterruption cause) {
        post(() -> {
            tell(List.of(cause));
            main.interrupt(new FlowInterruptedException(result, true, cause));
        });
    }

    /** Returns whether several branches run beside each other within the script's own. */
    boolean isParallel() {
        return branches.size() > 2;
    }

    /** Lets the branch's script run until it suspends or ends. */
    Outcome running(Branch branch, Supplier<Outcome> task) {
        Branch outer = running;
        running = branch;
        try {
            return task.get();
        } finally {
            running = outer;
            if (Violation.first() != null) {
                throw Violation.first();
            }
        }
    }

    Branch runningBranch(String step) {
        if (running == null) {
            throw new Violation("The step '" + step + "' was called outside the run of the script");
        }
        return running;
    }

    /** Returns the surroundings of the place where the script is. */
    Context context() {
        return running == null ? Context.OUTERMOST : running.context();
    }

    Branch newBranch() {
        Branch branch = new Branch(this);
        branches.add(branch);
        return branch;
    }

    void endBranch(Branch branch) {
        branches.remove(branch);
    }

    /** All that the scripts hold. */
    private record Held(CpsScript script, Map<String, CpsScript> variables, List<Branch.Held> branches)
        implements Serializable {
    }

    private Held held() {
        return new Held(script, libraries.held(), branches.stream().map(Branch::held).toList());
    }

    /** Fails if Jenkins could not save the program here. */
    void requireSerializable() throws IOException {
        SavedProgram.check(held());
    }

    /** Does to the build what a restart of the controller does: the scripts go on from what was saved of them. */
    void restart() {
        post(() -> {
            try {
                console.print("Pausing (shutting down)");
                SavedProgram saved = SavedProgram.of(held());
                console.print("Resuming build at " + new Date() + " after Jenkins restart");
                programs = programs.again();
                goOnWith((Held) saved.read(this, programs.loader()));
                console.print("Ready to run at " + new Date());
                branches.forEach(Branch::restarted);
            } catch (IOException | ClassNotFoundException lost) {
                outcome = new Outcome(null, lost);
            }
        });
    }

    private void goOnWith(Held copy) {
        script = copy.script();
        libraries.hold(copy.variables());
        Iterator<Branch.Held> held = copy.branches().iterator();
        branches.forEach(branch -> branch.hold(held.next()));
    }

    /** Returns what a script sees under the name, or null. */
    Object globalVariable(String name) {
        return switch (name) {
            case "env" -> variables;
            case "params" -> parameters.values();
            case "currentBuild" -> current;
            case "scm" -> request.checkout == null ? null : new Workspaces.Source();
            default -> {
                CpsScript variable = libraries.variable(name);
                yield variable != null ? variable : variables.getProperty(name);
            }
        };
    }

    Set<String> globalNames() {
        Set<String> names = new TreeSet<>(List.of("currentBuild", "env", "params", "pipeline", "scm"));
        try {
            names.addAll(libraries.variableNames());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return names;
    }

    /** Begins the build's one declarative pipeline: returns the interpreter and what to call it with. */
    Object[] declarativePipeline(Object[] arguments) {
        if (declarative) {
            throw new IllegalStateException("Only one pipeline { ... } block can be executed in a single run.");
        }
        declarative = true;
        PipelineModel model = PipelineModel.of((Closure<?>) arguments[0]);
        return new Object[] {new Declarative(this), model};
    }
}
