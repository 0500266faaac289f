package rig;

import com.cloudbees.groovy.cps.Continuable;
import groovy.lang.Closure;
import groovy.lang.GString;
import groovy.lang.GroovyObjectSupport;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What scripts see as {@code steps}: turns a method call into a step call or a symbol, or refuses it. */
public final class Dsl extends GroovyObjectSupport {
    private static final TreeSet<String> SYMBOLS = new TreeSet<>(List.of(
        "booleanParam", "buildDiscarder", "choice", "cron", "disableConcurrentBuilds", "disableResume",
        "durabilityHint", "file", "githubPush", "logRotator", "overrideIndexTriggers", "parameters", "password",
        "pipelineTriggers", "pollSCM", "rateLimitBuilds", "skipDefaultCheckout", "string", "text", "upstream",
        "usernameColonPassword", "usernamePassword"));

    private final Build build;
    private final Map<String, Step> steps = new TreeMap<>();

    Dsl(Build build, List<Step> known) {
        this.build = build;
        known.forEach(step -> steps.put(step.name, step));
    }

    @Override
    public Object invokeMethod(String name, Object arguments) {
        return call(name, name, arguments instanceof Object[] several ? several : new Object[] {arguments});
    }

    /** Suspends the script for the step, which it called by a name of its own or another. */
    Object call(String calledName, String name, Object... arguments) {
        Step step = steps.get(name);
        if (step == null && SYMBOLS.contains(name)) {
            return symbol(name, arguments);
        }
        if (step == null) {
            throw new NoSuchMethodError("No such DSL method '" + name + "' found among steps " + steps.keySet()
                + " or symbols " + SYMBOLS + " or globals " + build.globalNames());
        }
        Branch branch = build.runningBranch(name);
        StepCall call = parse(step, arguments, branch);
        branch.dispatch(call);
        return Continuable.suspend(calledName, call);
    }

    private Symbol symbol(String name, Object[] arguments) {
        if (arguments.length == 1 && arguments[0] instanceof Map<?, ?> named) {
            return new Symbol(name, flattened(named));
        }
        return new Symbol(name, arguments.length == 0 ? Map.of() : Map.of("value", flat(arguments[0])));
    }

    private StepCall parse(Step step, Object[] arguments, Branch branch) {
        int count = arguments.length;
        Closure<?> body = count > 0 && arguments[count - 1] instanceof Closure<?> closure ? closure : null;
        if (step.body && body == null) {
            throw new IllegalStateException(step.name + " step must be called with a body");
        }
        List<Object> unnamed = Arrays.asList(arguments).subList(0, body == null ? count : count - 1);
        refuseSecrets(step, unnamed, branch.context());
        Map<String, Object> named = named(step, unnamed);
        check(step, named);
        return new StepCall(step, named, body, branch);
    }

    private static Map<String, Object> named(Step step, List<Object> unnamed) {
        if (unnamed.isEmpty()) {
            return new LinkedHashMap<>();
        }
        if (unnamed.size() > 1) {
            throw new IllegalArgumentException("Expected named arguments but got " + unnamed);
        }
        if (unnamed.get(0) instanceof Map<?, ?> map) {
            return flattened(map);
        }
        if (step.positional() == null) {
            throw new IllegalArgumentException(step.name + " takes no unnamed argument but got " + unnamed.get(0));
        }
        Map<String, Object> named = new LinkedHashMap<>();
        named.put(step.positional(), flat(unnamed.get(0)));
        return named;
    }

    private static void check(Step step, Map<String, Object> named) {
        if (step.anyParameters) {
            return;
        }
        if (step.required.stream().anyMatch(parameter -> !named.containsKey(parameter))) {
            throw new IllegalArgumentException("Could not instantiate " + named + " for the step " + step.name
                + ": it requires " + step.required);
        }
        named.forEach((parameter, value) -> {
            Class<?> type = step.parameters.get(parameter);
            if (type == null) {
                throw new Violation("Unknown parameter(s) found for the step '" + step.name + "': " + parameter);
            }
            if (value != null && !type.isInstance(value)) {
                throw new IllegalArgumentException("Could not instantiate " + named + " for the step " + step.name
                    + ": java.lang.ClassCastException: " + step.name + "." + parameter + " expects " + type
                    + " but received " + value.getClass());
            }
        });
    }

    private static void refuseSecrets(Step step, Object argument, Context context) {
        if (argument instanceof GString text) {
            List<String> variables = context.secrets().variablesIn(text.toString());
            if (!variables.isEmpty()) {
                throw new Violation("A secret was passed to \"" + step.name + "\" using Groovy String interpolation,"
                    + " which is insecure. Affected argument(s) used the following variable(s): " + variables);
            }
        } else if (argument instanceof Map<?, ?> map) {
            map.values().forEach(value -> refuseSecrets(step, value, context));
        } else if (argument instanceof List<?> list) {
            list.forEach(value -> refuseSecrets(step, value, context));
        }
    }

    private static Map<String, Object> flattened(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(key.toString(), flat(value)));
        return copy;
    }

    private static Object flat(Object value) {
        if (value instanceof GString) {
            return value.toString();
        }
        if (value instanceof Map<?, ?> map) {
            return flattened(map);
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Dsl::flat).collect(Collectors.toList());
        }
        return value;
    }
}
