package rig;

import java.util.LinkedHashMap;
import java.util.Map;

/** Loads the classes of a build's scripts, and what they use of the libraries' classes. */
final class ScriptClasses extends ClassLoader {
    private final Map<String, byte[]> bytes = new LinkedHashMap<>();

    ScriptClasses() {
        super(ScriptClasses.class.getClassLoader());
    }

    /** Returns the script's class; a class that was here before stays what it was. */
    Class<?> add(Compiled compiled) {
        compiled.classes.forEach(bytes::putIfAbsent);
        try {
            return loadClass(compiled.script);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the same classes to be loaded once more. */
    ScriptClasses again() {
        ScriptClasses others = new ScriptClasses();
        others.bytes.putAll(bytes);
        return others;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] code = bytes.get(name);
        if (code == null) {
            throw new ClassNotFoundException(name);
        }
        return defineClass(name, code, 0, code.length);
    }
}
