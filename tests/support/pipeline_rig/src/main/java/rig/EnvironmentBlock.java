package rig;

import groovy.lang.GroovyObjectSupport;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Takes the assignments of a declarative environment section; later ones may use earlier ones. */
public final class EnvironmentBlock extends GroovyObjectSupport implements Serializable {
    private final CpsScript script;
    private final Build build;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, String> credentials = new LinkedHashMap<>();

    /** What {@code credentials('id')} stands for until it is assigned. */
    private record Reference(String id) implements Serializable {
    }

    EnvironmentBlock(CpsScript script, Build build) {
        this.script = script;
        this.build = build;
    }

    @Override
    public Object getProperty(String name) {
        return values.containsKey(name) ? values.get(name) : script.getProperty(name);
    }

    @Override
    public void setProperty(String name, Object value) {
        if (value instanceof Reference reference) {
            credentials.put(name, reference.id());
        } else {
            values.put(name, String.valueOf(value));
        }
    }

    @Override
    public Object invokeMethod(String name, Object arguments) {
        if (name.equals("credentials")) {
            return new Reference(((Object[]) arguments)[0].toString());
        }
        return script.invokeMethod(name, arguments);
    }

    public List<String> variables() {
        List<String> lines = new ArrayList<>();
        values.forEach((name, value) -> lines.add(name + "=" + value));
        return lines;
    }

    /** Returns the bindings for withCredentials. */
    public List<Object> bindings() {
        List<Object> bindings = new ArrayList<>();
        credentials.forEach((variable, id) -> bindings.addAll(Credentials.declared(build, id, variable)));
        return bindings;
    }
}
