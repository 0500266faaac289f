package rig;

import groovy.lang.Closure;
import groovy.lang.GroovyObjectSupport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Reads a declarative section: evaluates its block and notes the lines in it. */
final class Recorder extends GroovyObjectSupport {
    private static final List<String> WORDS = List.of("any", "none");

    private final CpsScript script;
    private final List<Entry> entries = new ArrayList<>();

    private Recorder(CpsScript script) {
        this.script = script;
    }

    static List<Entry> read(Closure<?> block) {
        if (block == null) {
            return new ArrayList<>();
        }
        Recorder recorder = new Recorder((CpsScript) block.getThisObject());
        block.setDelegate(recorder);
        block.setResolveStrategy(Closure.DELEGATE_ONLY);
        Programs.runToEnd(block);
        block.setDelegate(null);
        return recorder.entries;
    }

    @Override
    public Object getProperty(String name) {
        return WORDS.contains(name) ? name : script.getProperty(name);
    }

    @Override
    public Object invokeMethod(String name, Object arguments) {
        List<Object> values = new ArrayList<>(Arrays.asList((Object[]) arguments));
        values.forEach(this::forgetNested);
        Entry entry = new Entry(name, values);
        entries.add(entry);
        return entry;
    }

    /** An entry that turns out to be another one's argument is no line of its own. */
    private void forgetNested(Object value) {
        if (value instanceof Map<?, ?> map) {
            map.values().forEach(this::forgetNested);
        } else {
            entries.remove(value);
        }
    }
}
