package rig;

import groovy.lang.Closure;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One {@code name arguments} line of a declarative section, its arguments evaluated. */
public final class Entry implements Serializable {
    public final String name;
    private final List<Object> arguments;

    Entry(String name, List<Object> arguments) {
        this.name = name;
        this.arguments = arguments;
    }

    /** Returns the single argument, or null if there is none. */
    public Object getValue() {
        return arguments.isEmpty() ? null : arguments.get(0);
    }

    /** Returns the block that ends the line, or null. */
    public Closure<?> getBlock() {
        return !arguments.isEmpty() && arguments.get(arguments.size() - 1) instanceof Closure<?> block ? block : null;
    }

    Symbol symbol() {
        Map<String, Object> named = new LinkedHashMap<>();
        if (getValue() instanceof Map<?, ?> map) {
            map.forEach((key, value) -> named.put(key.toString(), value));
        }
        return new Symbol(name, named);
    }
}
