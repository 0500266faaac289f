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

/** The input step, answered by what the caller of the rig has prepared under its id or its message. */
final class InputStep {
    private static final String ADMINISTRATOR = "admin";

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
        answer(prepared());
    }

    private Map<String, Object> prepared() {
        Map<String, Map<String, Object>> inputs = call.build().request.inputs;
        Map<String, Object> answer = inputs.getOrDefault(id, inputs.get(call.text("message")));
        if (answer == null) {
            throw new Violation("Nobody answers the input '" + call.text("message") + "' (id " + id + ")");
        }
        return answer;
    }

    private void answer(Map<String, Object> answer) {
        String person = (String) answer.get("by");
        switch ((String) answer.get("kind")) {
            case "wait" -> call.onInterruption(call::fail);
            case "reject" -> {
                requireSubmitter(person);
                call.fail(new FlowInterruptedException(Result.ABORTED, true, new Rejection(person)));
                call.log("Rejected by " + person);
            }
            default -> {
                requireSubmitter(person);
                Object value = value(person, answer);
                call.log("Approved by " + person);
                call.succeed(value);
            }
        }
    }

    private void requireSubmitter(String person) {
        String submitter = call.text("submitter");
        boolean listed = submitter == null || List.of(submitter.split("\\s*,\\s*")).contains(person);
        if (!listed && !person.equals(ADMINISTRATOR)) {
            throw new Violation("You need to be " + submitter + " to submit this (" + person + " tried)");
        }
    }

    /** Returns the step's value in the shape that depends on how much was asked for. */
    private Object value(String person, Map<String, Object> answer) {
        Map<String, Object> values = new HashMap<>(parameters(answer));
        String submitterParameter = call.text("submitterParameter");
        if (submitterParameter == null && call.list("parameters").size() <= 1) {
            return values.isEmpty() ? null : values.values().iterator().next();
        }
        if (submitterParameter != null) {
            if (values.isEmpty()) {
                return person;
            }
            values.put(submitterParameter, person);
        }
        return values;
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> parameters(Map<String, Object> answer) {
        Map<String, String> given = new LinkedHashMap<>((Map<String, String>) answer.get("parameters"));
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
