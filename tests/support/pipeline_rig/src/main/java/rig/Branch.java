package rig;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Outcome;
import hudson.AbortException;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;
import org.jenkinsci.plugins.workflow.steps.MissingContextVariableException;

/** One line of execution: the script's own, or a branch of a parallel step. Lives on the build's thread alone. */
final class Branch {
    final Build build;
    private final Deque<Frame> frames = new ArrayDeque<>();
    private final Deque<StepCall> calls = new ArrayDeque<>();
    private StepCall dispatched;
    private StepCall current;
    private FlowInterruptedException pending;

    /** A program within the branch: the script, or the body of a step. */
    private record Frame(Continuable program, Context context, Consumer<Outcome> whenDone) {
    }

    /** What the scripts hold here: the programs, and what the steps they are in keep of theirs; innermost first. */
    record Held(List<Continuable> programs, List<StepCall.Held> calls) implements Serializable {
    }

    Branch(Build build) {
        this.build = build;
    }

    Context context() {
        return frames.element().context();
    }

    Held held() {
        return new Held(frames.stream().map(Frame::program).toList(), calls.stream().map(StepCall::held).toList());
    }

    /** Goes on with a copy of what the scripts held here. */
    void hold(Held copy) {
        Iterator<Continuable> programs = copy.programs().iterator();
        List<Frame> same = frames.stream()
            .map(frame -> new Frame(programs.next(), frame.context(), frame.whenDone())).toList();
        frames.clear();
        frames.addAll(same);
        Iterator<StepCall.Held> held = copy.calls().iterator();
        calls.forEach(call -> call.hold(held.next()));
    }

    /** Tells the steps that the controller is back. */
    void restarted() {
        calls.forEach(StepCall::restarted);
    }

    /** Runs the program on top of what the branch was doing. */
    void enter(Continuable program, Context context, Consumer<Outcome> whenDone) {
        current = null;
        frames.push(new Frame(program, context, whenDone));
        build.post(() -> resume(new Outcome(null, null)));
    }

    /** Notes a call that the script is about to suspend for. */
    void dispatch(StepCall call) {
        requireNothingDispatched();
        dispatched = call;
    }

    void finish(StepCall call, Outcome outcome) {
        if (call.step.body) {
            build.console.print("[Pipeline] // " + call.step.name);
        }
        current = null;
        calls.remove(call);
        resume(outcome);
    }

    private void resume(Outcome outcome) {
        Frame frame = frames.element();
        locate(outcome.getAbnormal(), frame);
        Outcome next = build.running(this, () -> frame.program().run0(outcome, Programs.CATEGORIES));
        if (frame.program().isResumable()) {
            StepCall call = (StepCall) next.getNormal();
            if (call != dispatched) {
                throw lost(dispatched);
            }
            dispatched = null;
            start(call);
        } else {
            requireNothingDispatched();
            frames.pop();
            frame.whenDone().accept(next);
        }
    }

    private void requireNothingDispatched() {
        if (dispatched != null) {
            throw lost(dispatched);
        }
    }

    private static Violation lost(StepCall call) {
        return new Violation("The step '" + call.step.name + "' was called where Jenkins cannot run it"
            + " (a @NonCPS method, a constructor, or a closure handed to a plain Java method)");
    }

    /** Gives a step's failure the place in the script that it will seem to come from. */
    private static void locate(Throwable failure, Frame frame) {
        if (failure != null && !(failure instanceof AbortException) && Programs.scriptTrace(failure).isEmpty()) {
            failure.setStackTrace(frame.program().getStackTrace().toArray(new StackTraceElement[0]));
        }
    }

    private void start(StepCall call) {
        current = call;
        calls.push(call);
        build.report.add(call);
        build.console.print("[Pipeline] " + call.step.name);
        if (pending != null) {
            FlowInterruptedException reason = pending;
            pending = null;
            call.fail(reason);
            return;
        }
        try {
            requireContext(call);
            if (call.step.asynchronous) {
                build.requireSerializable();
            }
            call.step.action.start(call);
        } catch (Violation violation) {
            throw violation;
        } catch (Throwable failure) {
            call.fail(failure);
        }
    }

    private void requireContext(StepCall call) throws Exception {
        if (call.step.context == null || call.context.inNode()) {
            return;
        }
        if (build.declarative) {
            throw new AbortException("Attempted to execute a step that requires a node context while ‘agent none’"
                + " was specified. Be sure to specify your own ‘node { ... }’ blocks when using ‘agent none’.");
        }
        throw new MissingContextVariableException(call.step.context, call.step.name);
    }

    /** The call waits between two runs of its body. */
    void wait(StepCall call, Consumer<FlowInterruptedException> interruption) {
        current = call;
        call.onInterruption(interruption);
    }

    /** Ends what the branch is doing with the exception, now or at its next step. */
    void interrupt(FlowInterruptedException reason) {
        if (current == null || !current.interrupt(reason)) {
            pending = reason;
        }
    }

    /** Takes back an interruption that has not struck yet. */
    void forget(FlowInterruptedException reason) {
        if (pending == reason) {
            pending = null;
        }
    }
}
