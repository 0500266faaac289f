package rig;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The build's console log, on standard output as it happens. */
final class Console {
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    synchronized void print(String text) {
        print(text, Secrets.NONE);
    }

    /** Prints the lines of the text with the secrets hidden. */
    synchronized void print(String text, Secrets secrets) {
        secrets.hide(text).lines().forEach(out::println);
        if (text.isEmpty()) {
            out.println();
        }
    }
}
