package rig;

import com.cloudbees.groovy.cps.Outcome;
import groovy.lang.Closure;
import hudson.AbortException;
import hudson.model.Result;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import jenkins.model.CauseOfInterruption;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;
import org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution.ExceededTimeout;

/** Steps that decide whether, how often and in what surroundings their body runs. */
final class FlowSteps {
    private static final long POLL_MILLISECONDS = 250;

    private FlowSteps() {
    }

    static List<Step> all() {
        return List.of(
            Step.named("stage", FlowSteps::stage).requires("name", String.class).withBody(),
            Step.named("parallel", FlowSteps::parallel).withBranches(),
            Step.named("timeout", FlowSteps::timeout)
                .requires("time", Number.class).takes("unit", String.class).withBody(),
            Step.named("retry", FlowSteps::retry).requires("count", Number.class).withBody(),
            Step.named("waitUntil", FlowSteps::waitUntil).takes("quiet", Boolean.class).withBody(),
            catching("catchError"),
            catching("warnError"),
            Step.named("withEnv", FlowSteps::withEnv).requires("overrides", List.class).withBody(),
            Step.named("script", StepCall::runBody).withBody(),
            Step.named("timestamps", StepCall::runBody).withBody());
    }

    private static Step catching(String name) {
        boolean warns = name.equals("warnError");
        Step step = Step.named(name, call -> catchError(call, warns ? Result.UNSTABLE : Result.FAILURE))
            .takes("message", String.class).takes("buildResult", String.class).takes("stageResult", String.class)
            .takes("catchInterruptions", Boolean.class).withBody();
        if (warns) {
            step.required.add("message");
        }
        return step;
    }

    private static void stage(StepCall call) {
        Stage stage = new Stage(call.text("name"));
        call.build().report.add(stage);
        call.runBody(" (" + stage.name + ")", call.context.withStage(stage), outcome -> {
            if (outcome.isFailure()) {
                stage.worsen(Build.resultOf(outcome.getAbnormal()).toString());
            }
            call.finish(outcome);
        });
    }

    private static void parallel(StepCall call) {
        Map<String, Closure<?>> bodies = new LinkedHashMap<>();
        call.arguments.forEach((name, value) -> {
            if (value instanceof Closure<?> body) {
                bodies.put(name, body);
            } else if (!name.equals("failFast")) {
                throw new IllegalArgumentException("Expected a closure or failFast but found " + name + "=" + value);
            }
        });
        if (bodies.isEmpty()) {
            call.log("No branches to run");
            call.succeed(Map.of());
        } else {
            new Parallel(call, bodies.size()).start(bodies);
        }
    }

    /** The branches of one parallel step. */
    private static final class Parallel {
        private final StepCall call;
        private final Map<String, Branch> live = new LinkedHashMap<>();
        private int unfinished;

        /** What the branches have come to. */
        private static final class Results implements Serializable {
            private final Map<String, Object> values = new LinkedHashMap<>();
            private Throwable failure;
        }

        Parallel(StepCall call, int count) {
            this.call = call;
            this.unfinished = count;
            call.keep(new Results());
        }

        private Results results() {
            return (Results) call.kept();
        }

        void start(Map<String, Closure<?>> bodies) {
            call.onInterruption(this::interrupt);
            bodies.forEach((name, body) -> {
                Branch branch = call.build().newBranch();
                live.put(name, branch);
                results().values.put(name, null);
                call.build().console.print("[Pipeline] { (Branch: " + name + ")");
                branch.enter(StepCall.program(body), call.context, outcome -> ended(name, outcome));
            });
        }

        private void ended(String name, Outcome outcome) {
            call.build().endBranch(live.remove(name));
            call.build().console.print("[Pipeline] }");
            results().values.put(name, outcome.getNormal());
            if (outcome.isFailure()) {
                failed(name, outcome.getAbnormal());
            }
            unfinished--;
            if (unfinished == 0) {
                call.build().console.print("[Pipeline] // parallel");
                Throwable failure = results().failure;
                call.finish(failure == null ? new Outcome(results().values, null) : new Outcome(null, failure));
            }
        }

        private void failed(String name, Throwable failure) {
            if (!(failure instanceof FlowInterruptedException)) {
                call.log("Failed in branch " + name);
            }
            if (results().failure == null) {
                results().failure = failure;
                if (call.flag("failFast", false)) {
                    interrupt(new FlowInterruptedException(Result.ABORTED, true,
                        new CauseOfInterruption("Failed in branch " + name)));
                }
            }
        }

        private void interrupt(FlowInterruptedException reason) {
            new ArrayList<>(live.values()).forEach(branch -> branch.interrupt(reason));
        }
    }

    private static void timeout(StepCall call) {
        long milliseconds = BasicSteps.unit(call, "MINUTES").toMillis(call.number("time", 0));
        FlowInterruptedException reason =
            new FlowInterruptedException(Result.ABORTED, false, new ExceededTimeout());
        call.log("Timeout set to expire in " + BasicSteps.span(milliseconds));
        ScheduledFuture<?> alarm = call.build().timers.schedule(() -> call.build().post(() -> {
            if (call.isRunning()) {
                call.log("Cancelling nested steps due to timeout");
                call.branch.interrupt(reason);
            }
        }), milliseconds, TimeUnit.MILLISECONDS);
        call.runBody(call.context, outcome -> {
            alarm.cancel(false);
            call.branch.forget(reason);
            call.finish(outcome);
        });
    }

    private static void retry(StepCall call) {
        retry(call, call.number("count", 1));
    }

    private static void retry(StepCall call, long left) {
        call.runBody(call.context, outcome -> {
            if (left > 1 && outcome.isFailure() && !isInterruption(outcome.getAbnormal())) {
                call.build().print(outcome.getAbnormal(), call.context.secrets());
                call.log("Retrying");
                retry(call, left - 1);
            } else {
                call.finish(outcome);
            }
        });
    }

    private static boolean isInterruption(Throwable failure) {
        return failure instanceof FlowInterruptedException interrupted && interrupted.isActualInterruption();
    }

    private static void waitUntil(StepCall call) {
        call.runBody(call.context, outcome -> {
            if (outcome.isFailure() || Boolean.TRUE.equals(outcome.getNormal())) {
                call.finish(outcome.isFailure() ? outcome : new Outcome(null, null));
                return;
            }
            call.log("Will try again after 0.25 sec");
            ScheduledFuture<?> alarm = call.build().timers.schedule(
                () -> call.build().post(() -> waitUntil(call)), POLL_MILLISECONDS, TimeUnit.MILLISECONDS);
            call.branch.wait(call, reason -> {
                if (alarm.cancel(false)) {
                    call.fail(reason);
                }
            });
        });
    }

    private static void catchError(StepCall call, Result otherwise) {
        call.runBody(call.context, outcome -> {
            Throwable failure = outcome.getAbnormal();
            if (failure == null || isInterruption(failure) && !call.flag("catchInterruptions", true)) {
                call.finish(outcome);
                return;
            }
            if (call.text("message") != null) {
                call.log("ERROR: " + call.text("message"));
            }
            call.build().print(failure, call.context.secrets());
            settle(call, failure, otherwise);
            call.succeed(null);
        });
    }

    private static void settle(StepCall call, Throwable failure, Result otherwise) {
        Result result = Result.fromString(call.text("buildResult", otherwise.toString()));
        if (failure instanceof FlowInterruptedException interrupted) {
            result = interrupted.getResult();
        }
        if (!result.equals(Result.SUCCESS)) {
            call.log("Setting overall build result to " + result);
            call.build().current.worsen(result);
        }
        if (call.context.stage() != null) {
            boolean warns = otherwise.equals(Result.UNSTABLE);
            call.context.stage().worsen(call.text("stageResult", warns ? "UNSTABLE" : "SUCCESS"));
        }
    }

    private static void withEnv(StepCall call) throws AbortException {
        Map<String, String> variables = new LinkedHashMap<>();
        Map<String, String> outside = call.build().environment.at(call.context);
        for (Object each : call.list("overrides")) {
            String[] assignment = each.toString().split("=", 2);
            if (assignment.length == 1) {
                throw new AbortException("Expected NAME=value but got " + each);
            }
            String[] name = assignment[0].split("\\+", 2);
            String value = assignment[1].isEmpty() ? null : assignment[1];
            if (name.length == 2) {
                String before = variables.getOrDefault(name[0], outside.get(name[0]));
                value = before == null ? value : value + ":" + before;
            }
            variables.put(name[0], value);
        }
        call.runBody(call.context.withVariables(variables));
    }
}
