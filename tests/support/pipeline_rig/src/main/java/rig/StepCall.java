package rig;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Outcome;
import groovy.lang.Closure;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;

/** One call of a step, from its arguments to its outcome. */
final class StepCall {
    final Step step;
    final Map<String, Object> arguments;
    final Branch branch;
    final Context context;
    private Closure<?> body;
    private Object values;
    private Runnable restart = () -> { };
    private Consumer<FlowInterruptedException> interruption;
    private FlowInterruptedException reason;
    private boolean done;

    /** What the step keeps of the script's: the body, which may run again, and values. */
    record Held(Closure<?> body, Object values) implements Serializable {
    }

    StepCall(Step step, Map<String, Object> arguments, Closure<?> body, Branch branch) {
        this.step = step;
        this.arguments = arguments;
        this.body = body;
        this.branch = branch;
        this.context = branch.context();
    }

    Build build() {
        return branch.build;
    }

    String text(String parameter) {
        Object value = arguments.get(parameter);
        return value == null ? null : value.toString();
    }

    String text(String parameter, String otherwise) {
        String value = text(parameter);
        return value == null ? otherwise : value;
    }

    boolean flag(String parameter, boolean otherwise) {
        return arguments.get(parameter) instanceof Boolean value ? value : otherwise;
    }

    long number(String parameter, long otherwise) {
        return arguments.get(parameter) instanceof Number value ? value.longValue() : otherwise;
    }

    List<?> list(String parameter) {
        return arguments.get(parameter) instanceof List<?> values ? values : List.of();
    }

    /** Returns the path below the current directory. */
    Path path(String parameter) {
        return context.directory().resolve(text(parameter)).normalize();
    }

    void log(String text) {
        build().console.print(text, context.secrets());
    }

    void succeed(Object value) {
        finish(new Outcome(value, null));
    }

    void fail(Throwable failure) {
        finish(new Outcome(null, failure));
    }

    /** Ends the step; later calls have no effect. Any thread may call it. */
    synchronized void finish(Outcome outcome) {
        if (!done) {
            done = true;
            boolean cutShort = reason != null && !step.body && !step.branches;
            Outcome actual = cutShort ? new Outcome(null, reason) : outcome;
            build().post(() -> branch.finish(this, actual));
        }
    }

    synchronized boolean isRunning() {
        return !done;
    }

    /** Sets what happens when the step is to end early. */
    synchronized void onInterruption(Consumer<FlowInterruptedException> handler) {
        interruption = handler;
    }

    /** Has the step end early; returns false if it cannot, or has ended already. */
    synchronized boolean interrupt(FlowInterruptedException why) {
        if (done || interruption == null) {
            return false;
        }
        reason = why;
        interruption.accept(why);
        return true;
    }

    Held held() {
        return new Held(body, values);
    }

    void hold(Held copy) {
        body = copy.body();
        values = copy.values();
    }

    /** Keeps what comes from the script until the step ends, over a restart as well; it must be serialisable. */
    void keep(Object ofTheScript) {
        values = ofTheScript;
    }

    Object kept() {
        return values;
    }

    /** Sets what the step does after a restart. */
    void onRestart(Runnable handler) {
        restart = handler;
    }

    void restarted() {
        restart.run();
    }

    /** Does the work on another thread and ends with what it returns or throws. */
    void work(Step.Immediate task) {
        build().workers.execute(() -> {
            try {
                succeed(task.run(this));
            } catch (Throwable failure) {
                fail(failure);
            }
        });
    }

    /** Runs the body in the same context and ends as it ends. */
    void runBody() {
        runBody(context, this::finish);
    }

    void runBody(Context inside) {
        runBody(inside, this::finish);
    }

    void runBody(Context inside, Consumer<Outcome> whenDone) {
        runBody("", inside, whenDone);
    }

    void runBody(String label, Context inside, Consumer<Outcome> whenDone) {
        onInterruption(null);
        build().console.print("[Pipeline] {" + label);
        branch.enter(program(body), inside, outcome -> {
            build().console.print("[Pipeline] }");
            whenDone.accept(outcome);
        });
    }

    static Continuable program(Closure<?> closure) {
        return Programs.program(closure::call);
    }
}
