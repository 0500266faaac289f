package rig;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The parameters of the build. Until the script declares some, they are those that the caller gave, as if the job's
 * own configuration declared them; some may stay declared by it. On the first build of a job a declared default is in
 * {@code params} alone.
 */
final class Parameters {
    private final Request request;
    private final Console console;
    private Map<String, Object> values;
    private Map<String, String> variables;

    Parameters(Request request, Console console) {
        this.request = request;
        this.console = console;
        values = new LinkedHashMap<>(request.parameters);
        variables = new TreeMap<>(request.parameters);
    }

    /** Returns what scripts see as {@code params}. */
    Map<String, Object> values() {
        return Collections.unmodifiableMap(values);
    }

    Map<String, String> variables() {
        return variables;
    }

    void declare(List<?> definitions) {
        values = new LinkedHashMap<>();
        variables = new TreeMap<>();
        for (Object definition : definitions) {
            declare((Symbol) definition);
        }
        for (String name : request.parameters.keySet()) {
            if (values.containsKey(name)) {
                continue;
            }
            if (request.jobParameters.contains(name)) {
                values.put(name, request.parameters.get(name));
                variables.put(name, request.parameters.get(name));
            } else {
                console.print("Skipped parameter `" + name + "` as it is undefined on `" + request.job + "`.");
            }
        }
    }

    private void declare(Symbol definition) {
        String name = definition.required("name");
        String given = request.parameters.get(name);
        Object value = value(definition, given);
        values.put(name, value);
        if (given != null || request.number > 1) {
            variables.put(name, String.valueOf(value));
        }
    }

    /** Returns the value that the definition makes of a text, of its default when there is none. */
    static Object value(Symbol definition, String given) {
        String name = definition.required("name");
        switch (definition.name()) {
            case "string", "text", "password" -> {
                definition.allow("name", "defaultValue", "description", "trim");
                String otherwise = definition.text("defaultValue");
                return given != null ? given : otherwise == null ? "" : otherwise;
            }
            case "booleanParam" -> {
                definition.allow("name", "defaultValue", "description");
                return Boolean.valueOf(given != null ? given : definition.text("defaultValue"));
            }
            case "choice" -> {
                definition.allow("name", "choices", "description");
                List<String> choices = choices(definition);
                if (given != null && !choices.contains(given)) {
                    throw new Violation("Illegal choice for parameter " + name + ": " + given);
                }
                return given != null ? given : choices.get(0);
            }
            default -> throw new Violation("The rig has no parameter of type '" + definition.name() + "'");
        }
    }

    private static List<String> choices(Symbol definition) {
        Object choices = definition.arguments().get("choices");
        return choices instanceof List<?> list
            ? list.stream().map(Object::toString).toList()
            : choices.toString().lines().toList();
    }
}
