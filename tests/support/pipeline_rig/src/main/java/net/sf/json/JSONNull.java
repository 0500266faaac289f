package net.sf.json;

import java.io.Serializable;

/** What stands for null in values that Jenkins makes by way of JSON; the name is the JSON library's. */
public final class JSONNull implements Serializable {
    private static final JSONNull INSTANCE = new JSONNull();

    private JSONNull() {
    }

    public static JSONNull getInstance() {
        return INSTANCE;
    }

    private Object readResolve() {
        return INSTANCE;
    }

    @Override
    public String toString() {
        return "null";
    }
}
