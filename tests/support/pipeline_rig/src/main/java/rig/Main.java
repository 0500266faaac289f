package rig;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import sun.misc.Signal;

/** Runs the one build that standard input asks for; its end, or SIGTERM, aborts it. */
public final class Main {
    /** Saving a program recurses as deeply as the program's calls are nested. */
    private static final long STACK_BYTES = 256L << 20;

    private Main() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Build build = new Build(new Request(input.readLine()));
        Signal.handle(new Signal("TERM"), signal -> build.abort());
        Thread lifeline = new Thread(() -> abortAtEnd(input, build));
        lifeline.setDaemon(true);
        lifeline.start();
        run(build);
        List<String> survivors = Processes.killSurvivors(build.request);
        build.workspaces.deleteTemporaries();
        Path report = build.request.directory.resolve("report.json");
        Files.writeString(report, build.report.json(build, survivors));
        System.exit(0);
    }

    private static void abortAtEnd(BufferedReader input, Build build) {
        try {
            input.transferTo(Writer.nullWriter());
        } catch (IOException gone) {
            build.console.print("The caller is gone: " + gone);
        }
        build.abort();
    }

    private static void run(Build build) throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(null, build::run, "build", STACK_BYTES);
        thread.setUncaughtExceptionHandler((which, thrown) -> failure.set(thrown));
        thread.start();
        thread.join();
        if (failure.get() != null) {
            failure.get().printStackTrace();
            System.exit(1);
        }
    }
}
