package rig;

import hudson.AbortException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** The sh step: a real shell, whose output goes to a file that is followed, as Jenkins' durable tasks do it. */
final class ShellStep {
    private static final Duration GRACE = Duration.ofSeconds(20);
    private static final long POLL_MILLISECONDS = 25;

    private final StepCall call;
    private final String cookie = "durable-" + UUID.randomUUID();
    private final Path control;
    private final Path log;
    private final Path output;
    private volatile Instant deadline;

    private ShellStep(StepCall call) {
        this.call = call;
        control = call.context.temporary().resolve(cookie);
        log = control.resolve("jenkins-log.txt");
        output = call.flag("returnStdout", false) && !returnsStatus() ? control.resolve("output.txt") : null;
    }

    static Step step() {
        return Step.named("sh", call -> new ShellStep(call).start()).inNode()
            .requires("script", String.class).takes("returnStdout", Boolean.class).takes("returnStatus", Boolean.class)
            .takes("label", String.class).takes("encoding", String.class);
    }

    private boolean returnsStatus() {
        return call.flag("returnStatus", false);
    }

    private void start() throws IOException {
        Files.createDirectories(control);
        Files.createDirectories(call.context.directory());
        Files.createFile(log);
        Process process = process().start();
        call.onInterruption(reason -> interrupt(process));
        call.work(any -> await(process));
    }

    private ProcessBuilder process() throws IOException {
        String text = call.text("script");
        Path script = control.resolve("script.sh.copy");
        Files.writeString(script, text);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        List<String> command = text.startsWith("#!")
            ? List.of(script.toString())
            : List.of("sh", "-xe", script.toString());
        ProcessBuilder builder = new ProcessBuilder(command)
            .directory(call.context.directory().toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(output == null)
            .redirectOutput((output == null ? log : output).toFile());
        if (output != null) {
            builder.redirectError(log.toFile());
        }
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.putAll(call.build().environment.at(call.context));
        environment.put(Processes.BUILD_COOKIE, Processes.cookie(call.build().request));
        environment.put(Processes.STEP_COOKIE, cookie);
        return builder;
    }

    private void interrupt(Process process) {
        deadline = Instant.now().plus(GRACE);
        call.log("Sending interrupt signal to process");
        Processes.terminate(process, cookie);
    }

    private Object await(Process process) throws Exception {
        try (InputStream lines = Files.newInputStream(log)) {
            Follower follower = new Follower(lines);
            boolean ended = false;
            while (!ended && !isOverdue()) {
                ended = process.waitFor(POLL_MILLISECONDS, TimeUnit.MILLISECONDS);
                follower.copy();
            }
            follower.copy();
            follower.flush();
            if (!ended) {
                call.log("After 20s process did not stop");
                return null;
            }
            return result(process.exitValue());
        } finally {
            Workspaces.deleteTree(control);
        }
    }

    private boolean isOverdue() {
        return deadline != null && Instant.now().isAfter(deadline);
    }

    private Object result(int status) throws IOException {
        if (returnsStatus()) {
            return status;
        }
        String text = output == null
            ? null
            : Files.readString(output, Charset.forName(call.text("encoding", "UTF-8")));
        if (status == 0) {
            return text;
        }
        if (text != null) {
            call.log(text);
        }
        throw new AbortException("script returned exit code " + status);
    }

    /** Copies whole lines from a growing file to the console. */
    private final class Follower {
        private final InputStream lines;
        private final ByteArrayOutputStream rest = new ByteArrayOutputStream();

        Follower(InputStream lines) {
            this.lines = lines;
        }

        void copy() throws IOException {
            for (byte each : lines.readAllBytes()) {
                if (each == '\n') {
                    call.log(rest.toString(StandardCharsets.UTF_8));
                    rest.reset();
                } else {
                    rest.write(each);
                }
            }
        }

        void flush() {
            if (rest.size() > 0) {
                call.log(rest.toString(StandardCharsets.UTF_8));
                rest.reset();
            }
        }
    }
}
