package rig;

import hudson.AbortException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The shared libraries that the build has loaded, and their global variables: one instance each for the build. */
final class Libraries {
    private static final String SOURCE = ".groovy";

    private final Build build;
    private final Map<String, Path> loaded = new LinkedHashMap<>();
    private final LinkedHashMap<String, CpsScript> variables = new LinkedHashMap<>();

    Libraries(Build build) {
        this.build = build;
    }

    /** Loads a library by its name, which a version may follow. */
    void load(String specification) throws AbortException {
        String name = name(specification);
        Path directory = build.request.libraries.get(name);
        if (directory == null) {
            throw new AbortException("Could not find any definition of libraries [" + specification + "]");
        }
        if (loaded.containsKey(name)) {
            build.console.print("Only using first definition of library " + name);
            return;
        }
        build.console.print("Loading library " + specification);
        loaded.put(name, directory);
    }

    static String name(String specification) {
        return specification.split("@", 2)[0];
    }

    /** Returns the directories of the loaded libraries' classes. */
    List<String> sources() {
        return loaded.values().stream().map(Libraries::sources).toList();
    }

    static String sources(Path library) {
        return library.resolve("src").toString();
    }

    /** Returns the global variable, or null. */
    CpsScript variable(String name) {
        if (variables.containsKey(name)) {
            return variables.get(name);
        }
        for (Path library : loaded.values()) {
            Path file = library.resolve("vars").resolve(name + SOURCE);
            if (Files.isRegularFile(file)) {
                CpsScript variable = compile(file);
                variables.put(name, variable);
                return variable;
            }
        }
        return null;
    }

    /** Returns the global variables that scripts have used. */
    LinkedHashMap<String, CpsScript> held() {
        return variables;
    }

    /** Goes on with a copy of the global variables. */
    void hold(Map<String, CpsScript> copy) {
        variables.clear();
        variables.putAll(copy);
    }

    private CpsScript compile(Path file) {
        try {
            return build.programs.script(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    Set<String> variableNames() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path library : loaded.values()) {
            try (Stream<Path> files = Files.list(library.resolve("vars"))) {
                files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(SOURCE))
                    .forEach(name -> names.add(name.substring(0, name.length() - SOURCE.length())));
            }
        }
        return names;
    }

    String resource(String path, String encoding) throws IOException {
        for (Path library : loaded.values()) {
            Path file = library.resolve("resources").resolve(path);
            if (Files.isRegularFile(file)) {
                return Files.readString(file, Charset.forName(encoding));
            }
        }
        throw new AbortException("No such library resource " + path + " could be found.");
    }
}
