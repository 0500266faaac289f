package rig;

import groovy.json.JsonSlurperClassic;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import sun.misc.Signal;

/**
 * Runs the one build that the first line of standard input asks for, on which the other lines act; the end of the
 * input, or SIGTERM, aborts it.
 */
public final class Main {
    /** Saving a program recurses as deeply as the program's calls are nested. */
    private static final long STACK_BYTES = 256L << 20;

    private Main() {
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Build build = new Build(new Request(input.readLine()));
        Signal.handle(new Signal("TERM"), signal -> build.abort());
        Thread lifeline = new Thread(() -> follow(input, build));
        lifeline.setDaemon(true);
        lifeline.start();
        run(build);
        List<String> survivors = Processes.killSurvivors(build.request);
        build.workspaces.deleteTemporaries();
        Path report = build.request.directory.resolve("report.json");
        Files.writeString(report, build.report.json(build, survivors));
        System.exit(0);
    }

    private static void follow(BufferedReader input, Build build) {
        try {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                obey((Map<?, ?>) new JsonSlurperClassic().parseText(line), build);
            }
        } catch (IOException gone) {
            build.console.print("The caller is gone: " + gone);
        }
        build.abort();
    }

    private static void obey(Map<?, ?> order, Build build) {
        switch (order.get("order").toString()) {
            case "answer" -> build.answer(order.get("input").toString(), Answer.of(order.get("answer")));
            case "restart" -> build.restart();
            default -> throw new IllegalArgumentException("unknown order " + order);
        }
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
