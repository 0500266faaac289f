package rig;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/** The directories that the nodes of the build work in, and what is copied into and out of them. */
final class Workspaces {
    private final Request request;
    private final Set<Path> taken = new HashSet<>();

    /** What scripts see as {@code scm}. */
    static final class Source implements Serializable {
    }

    Workspaces(Request request) {
        this.request = request;
    }

    /** Returns a workspace that no other node of the build has. */
    synchronized Path take() throws IOException {
        Path base = request.directory.resolve("workspace").resolve(request.job.replace('/', '_'));
        Path workspace = base;
        for (int i = 2; !taken.add(workspace); i++) {
            workspace = base.resolveSibling(base.getFileName() + "@" + i);
        }
        return Files.createDirectories(workspace);
    }

    synchronized void release(Path workspace) {
        taken.remove(workspace);
    }

    /** Deletes what a build that a violation stopped short has left beside its workspaces, secret files included. */
    void deleteTemporaries() throws IOException {
        Path root = request.directory.resolve("workspace");
        if (Files.isDirectory(root)) {
            try (DirectoryStream<Path> temporaries = Files.newDirectoryStream(root, "*@tmp")) {
                for (Path temporary : temporaries) {
                    deleteTree(temporary);
                }
            }
        }
    }

    static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(target);
                } else {
                    copy(path, target);
                }
            }
        }
    }

    static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES,
            LinkOption.NOFOLLOW_LINKS);
    }

    static void deleteTree(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
