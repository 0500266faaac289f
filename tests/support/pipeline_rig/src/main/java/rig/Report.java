package rig;

import groovy.json.JsonOutput;
import groovy.lang.Closure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What the caller is told when the build has ended: the stages, and the steps in the order of their calls. */
final class Report {
    private final List<Map<String, Object>> steps = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();

    void add(StepCall call) {
        steps.add(Map.of("name", call.step.name, "arguments", plain(call.arguments, call.context.secrets())));
    }

    void add(Stage stage) {
        stages.add(stage);
    }

    String json(Build build, List<String> survivors) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("result", build.current.result().toString());
        values.put("description", build.current.getDescription());
        values.put("display_name", build.current.getDisplayName());
        values.put("violation", build.violation == null ? null : build.violation.getMessage());
        values.put("stages", stages.stream()
            .map(stage -> Map.of("name", stage.name, "status", stage.status().toString())).toList());
        values.put("steps", steps);
        values.put("survivors", survivors);
        return JsonOutput.toJson(values);
    }

    private static Object plain(Object value, Secrets secrets) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, each) -> {
                if (!(each instanceof Closure)) {
                    copy.put(key.toString(), plain(each, secrets));
                }
            });
            return copy;
        }
        if (value instanceof List<?> list) {
            return list.stream().map(each -> plain(each, secrets)).collect(Collectors.toList());
        }
        if (value instanceof Symbol symbol) {
            Map<String, Object> named = new LinkedHashMap<>(Map.of("type", symbol.name()));
            named.putAll(symbol.arguments());
            return plain(named, secrets);
        }
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return value;
        }
        return secrets.hide(value.toString());
    }
}
