package rig;

import hudson.model.Result;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;
import org.jenkinsci.plugins.workflow.support.steps.input.Rejection;

/** The input step, answered by what the caller of the rig says under its id or its message. */
final class InputStep {
    static final String ADMINISTRATOR = "admin";

    private final StepCall call;
    private final String id;

    private InputStep(StepCall call) {
        this.call = call;
        this.id = capitalised(call.text("id", UUID.randomUUID().toString().replace("-", "")));
    }

    static Step step() {
        return Step.named("input", call -> new InputStep(call).start())
            .requires("message", String.class).takes("id", String.class).takes("ok", String.class)
            .takes("submitter", String.class).takes("submitterParameter", String.class)
            .takes("parameters", List.class).takes("cancel", String.class).asynchronous();
    }

    private static String capitalised(String text) {
        if (!text.matches("[A-Za-z0-9._~-]+")) {
            throw new IllegalArgumentException(
                "InputStep id is required to be URL safe, but the provided id " + text + " is not safe");
        }
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** Returns the names under which its answer may be given. */
    List<String> names() {
        return List.of(id, call.text("message"));
    }

    private void start() {
        if (call.context.inNode()) {
            call.log("WARNING: this input holds its node while it waits");
        }
        if (call.list("parameters").isEmpty()) {
            call.log(call.text("message"));
            call.log(call.text("ok", "Proceed") + " or Abort");
        } else {
            call.log("Input requested");
        }
        Answer answer = answers().next(this);
        if (answer == null) {
            throw new Violation("Nobody answers the input '" + call.text("message") + "' (id " + id + ")");
        }
        take(answer);
    }

    private Answers answers() {
        return call.build().answers;
    }

    /** Does as it was answered. */
    void take(Answer answer) {
        switch (answer.kind()) {
            case WAIT -> await();
            case REJECT -> {
                requireSubmitter(answer.by());
                call.fail(new FlowInterruptedException(Result.ABORTED, true, new Rejection(answer.by())));
            }
            case APPROVE -> {
                requireSubmitter(answer.by());
                Object value = value(answer);
                call.log("Approved by " + answer.by());
                call.succeed(value);
            }
        }
    }

    private void await() {
        answers().await(this);
        call.onInterruption(reason -> {
            answers().forget(this);
            call.fail(reason);
        });
    }

    private void requireSubmitter(String person) {
        String submitter = call.text("submitter");
        boolean listed = submitter == null || List.of(submitter.split("\\s*,\\s*")).contains(person);
        if (!listed && !person.equals(ADMINISTRATOR)) {
            throw new Violation("You need to be " + submitter + " to submit this (" + person + " tried)");
        }
    }

    /** Returns the step's value, whose shape depends on how much was given. */
    private Object value(Answer answer) {
        Map<String, Object> values = new HashMap<>(parameters(answer));
        if (call.text("submitterParameter") != null) {
            values.put(call.text("submitterParameter"), answer.by());
        }
        return switch (values.size()) {
            case 0 -> null;
            case 1 -> values.values().iterator().next();
            default -> values;
        };
    }

    private Map<String, Object> parameters(Answer answer) {
        Map<String, String> given = new LinkedHashMap<>(answer.parameters());
        Map<String, Object> values = new LinkedHashMap<>();
        for (Object each : call.list("parameters")) {
            Symbol definition = (Symbol) each;
            String text = given.remove(definition.required("name"));
            if (text != null) {
                values.put(definition.required("name"), Parameters.value(definition, text));
            }
        }
        if (!given.isEmpty()) {
            throw new Violation("The input '" + call.text("message") + "' has no parameter " + given.keySet());
        }
        return values;
    }
}
