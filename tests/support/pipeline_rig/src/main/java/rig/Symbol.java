package rig;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** What a describing call such as {@code string(name: 'X')} stands for until a step takes it. */
record Symbol(String name, Map<String, Object> arguments) implements Serializable {
    /** Returns the text argument of that name, or null. */
    String text(String argument) {
        Object value = arguments.get(argument);
        return value == null ? null : value.toString();
    }

    String required(String argument) {
        String value = text(argument);
        if (value == null) {
            throw new IllegalArgumentException(name + ": missing " + argument);
        }
        return value;
    }

    void allow(String... known) {
        for (String argument : arguments.keySet()) {
            if (!List.of(known).contains(argument)) {
                throw new Violation("Unknown parameter for " + name + ": " + argument);
            }
        }
    }

    @Override
    public String toString() {
        return "@" + name + arguments;
    }
}
