package rig;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * The classes made of a source: the name of the script's own, the bytes of all by their names, and the libraries that
 * the source named. No record: reading one takes a fresh virtual machine much longer than reading an object.
 */
final class Compiled implements Serializable {
    final String script;
    final Map<String, byte[]> classes;
    final List<String> libraries;

    Compiled(String script, Map<String, byte[]> classes, List<String> libraries) {
        this.script = script;
        this.classes = classes;
        this.libraries = libraries;
    }
}
