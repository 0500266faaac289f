package rig;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Finds the processes that a step or a build started, wherever they have gone, and ends them. */
final class Processes {
    static final String BUILD_COOKIE = "JENKINS_NODE_COOKIE";
    static final String STEP_COOKIE = "JENKINS_SERVER_COOKIE";

    private static final Duration SETTLING = Duration.ofSeconds(2);
    private static final long POLL_MILLISECONDS = 20;

    private Processes() {
    }

    /** Returns the value that marks every process of the build. */
    static String cookie(Request request) {
        return request.directory.toString();
    }

    /** Sends SIGTERM to the process, all that descend from it and all that carry the step's cookie. */
    static void terminate(Process process, String cookie) {
        Set<ProcessHandle> all = new LinkedHashSet<>();
        process.descendants().forEach(all::add);
        all.addAll(carrying(STEP_COOKIE, cookie));
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroy);
    }

    /** Kills what the build has left running, and returns its command lines. */
    static List<String> killSurvivors(Request request) throws InterruptedException {
        Instant deadline = Instant.now().plus(SETTLING);
        List<ProcessHandle> left = carrying(BUILD_COOKIE, cookie(request));
        while (!left.isEmpty() && Instant.now().isBefore(deadline)) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLISECONDS);
            left = carrying(BUILD_COOKIE, cookie(request));
        }
        List<String> commands = new ArrayList<>();
        for (ProcessHandle process : left) {
            commands.add(read(process.pid(), "cmdline").replace('\0', ' ').strip());
            process.destroyForcibly();
        }
        return commands;
    }

    private static List<ProcessHandle> carrying(String variable, String value) {
        String entry = variable + "=" + value;
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            return all.filter(process -> Arrays.asList(read(process.pid(), "environ").split("\0")).contains(entry))
                .toList();
        }
    }

    /** Returns the text of a file in /proc; empty if the process is gone or another user's. */
    private static String read(long pid, String name) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc", String.valueOf(pid), name)), StandardCharsets.UTF_8);
        } catch (IOException | UncheckedIOException gone) {
            return "";
        }
    }
}
