package rig;

import hudson.AbortException;
import hudson.model.Result;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
        Instant end = Instant.now().plusMillis(milliseconds);
        call.log("Sleeping for " + span(milliseconds));
        call.onRestart(() -> {
            long left = Duration.between(Instant.now(), end).toMillis();
            call.log(left > 0 ? "Sleeping for " + span(left) : "No need to sleep any longer");
        });
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

    /** Returns a length of time in Jenkins' words, which leave out what hardly matters beside the rest. */
    static String span(long milliseconds) {
        long seconds = milliseconds / 1000;
        long minutes = seconds / 60;
        long hours = minutes / 60;
        long days = hours / 24;
        if (days > 0) {
            return span(days, days == 1 ? " day" : " days", hours % 24, " hr");
        }
        if (hours > 0) {
            return span(hours, " hr", minutes % 60, " min");
        }
        if (minutes > 0) {
            return span(minutes, " min", seconds % 60, " sec");
        }
        if (milliseconds < 100) {
            return milliseconds + " ms";
        }
        long precision = seconds >= 10 ? 1000 : seconds >= 1 ? 100 : 10;
        BigDecimal rounded = BigDecimal.valueOf(milliseconds / precision * precision, 3);
        return rounded.stripTrailingZeros().toPlainString() + " sec";
    }

    private static String span(long big, String bigUnit, long small, String smallUnit) {
        return big + bigUnit + (big < 10 ? " " + small + smallUnit : "");
    }
}
