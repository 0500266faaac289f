package rig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Ant's file patterns: comma-separated, {@code **} for any number of directories. */
final class Globs {
    private Globs() {
    }

    static boolean matches(String patterns, String path) {
        return Arrays.stream(patterns.split(","))
            .map(String::strip)
            .anyMatch(pattern -> regex(pattern).matcher(path).matches());
    }

    /** Returns the files below the directory that the patterns take in, relative to it and sorted. */
    static List<Path> files(Path directory, String includes, String excludes) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                .map(directory::relativize)
                .filter(path -> matches(includes, path.toString()))
                .filter(path -> excludes == null || !matches(excludes, path.toString()))
                .sorted()
                .toList();
        }
    }

    private static Pattern regex(String pattern) {
        String full = pattern.endsWith("/") ? pattern + "**" : pattern;
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < full.length(); i++) {
            if (full.startsWith("**/", i)) {
                regex.append("(?:.*/)?");
                i += 2;
            } else if (full.startsWith("**", i)) {
                regex.append(".*");
                i += 1;
            } else if (full.charAt(i) == '*') {
                regex.append("[^/]*");
            } else if (full.charAt(i) == '?') {
                regex.append("[^/]");
            } else {
                regex.append(Pattern.quote(String.valueOf(full.charAt(i))));
            }
        }
        return Pattern.compile(regex.toString());
    }
}
