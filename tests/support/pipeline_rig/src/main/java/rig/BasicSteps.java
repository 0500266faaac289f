package rig;

import hudson.AbortException;
import hudson.model.Result;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Steps that say, end, wait or look something up, with no body and no node. */
final class BasicSteps {
    private static final Set<String> PROPERTIES = Set.of("buildDiscarder", "disableConcurrentBuilds", "disableResume",
        "durabilityHint", "overrideIndexTriggers", "parameters", "pipelineTriggers", "rateLimitBuilds");

    private BasicSteps() {
    }

    static List<Step> all() {
        return List.of(
            Step.immediate("echo", BasicSteps::echo).requires("message", String.class),
            Step.immediate("error", BasicSteps::error).takes("message", String.class),
            Step.immediate("unstable", BasicSteps::unstable).requires("message", String.class),
            Step.immediate("library", BasicSteps::library)
                .requires("identifier", String.class).takes("changelog", Boolean.class),
            Step.immediate("libraryResource", BasicSteps::libraryResource)
                .requires("resource", String.class).takes("encoding", String.class),
            Step.immediate("properties", BasicSteps::properties).requires("properties", List.class),
            Step.named("sleep", BasicSteps::sleep)
                .requires("time", Number.class).takes("unit", String.class).asynchronous());
    }

    private static Object echo(StepCall call) {
        call.log(String.valueOf(call.text("message")));
        return null;
    }

    private static Object error(StepCall call) throws AbortException {
        throw new AbortException(call.text("message"));
    }

    private static Object unstable(StepCall call) {
        call.log("WARNING: " + call.text("message"));
        call.build().current.worsen(Result.UNSTABLE);
        if (call.context.stage() != null) {
            call.context.stage().worsen("UNSTABLE");
        }
        return null;
    }

    private static Object library(StepCall call) throws AbortException {
        call.build().libraries.load(call.text("identifier"));
        return null;
    }

    private static Object libraryResource(StepCall call) throws Exception {
        return call.build().libraries.resource(call.text("resource"), call.text("encoding", "UTF-8"));
    }

    private static Object properties(StepCall call) {
        for (Object each : call.list("properties")) {
            Symbol property = (Symbol) each;
            if (!PROPERTIES.contains(property.name())) {
                throw new Violation("The rig has no job property '" + property.name() + "'");
            }
            if (property.name().equals("parameters")) {
                call.build().parameters.declare((List<?>) property.arguments().get("value"));
            }
        }
        return null;
    }

    private static void sleep(StepCall call) {
        long milliseconds = unit(call, "SECONDS").toMillis(call.number("time", 0));
        if (milliseconds == 0) {
            call.log("No need to sleep any longer");
            call.succeed(null);
            return;
        }
        call.log("Sleeping for " + span(milliseconds));
        ScheduledFuture<?> alarm = call.build().timers.schedule(
            () -> call.succeed(null), milliseconds, TimeUnit.MILLISECONDS);
        call.onInterruption(reason -> {
            alarm.cancel(false);
            call.fail(reason);
        });
    }

    static TimeUnit unit(StepCall call, String otherwise) {
        return TimeUnit.valueOf(call.text("unit", otherwise));
    }

    /** Returns a length of time in Jenkins' words. */
    static String span(long milliseconds) {
        long seconds = milliseconds / 1000;
        if (seconds == 0) {
            return milliseconds + " ms";
        }
        List<Map.Entry<String, Long>> parts = List.of(
            Map.entry(" hr ", seconds / 3600), Map.entry(" min ", seconds / 60 % 60), Map.entry(" sec", seconds % 60));
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Long> part : parts) {
            if (part.getValue() > 0 || !text.isEmpty()) {
                text.append(part.getValue()).append(part.getKey());
            }
        }
        return text.toString();
    }
}
