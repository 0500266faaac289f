package rig;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What is compiled: a text under the name of its file, the directories of the classes that it may use, and by the
 * names of libraries those of the libraries that it may name.
 */
record Source(String name, String text, List<String> directories, Map<String, String> libraries)
    implements Serializable {
    /** Returns whether there are no classes beside it that may be others the next time. */
    boolean isAlone() {
        return Stream.concat(directories.stream(), libraries.values().stream()).map(Path::of).noneMatch(Files::exists);
    }
}
