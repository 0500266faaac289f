package hudson;

import java.io.IOException;

/** A failure that is shown as its message alone, without a stack trace; the name is Jenkins'. */
public class AbortException extends IOException {
    public AbortException() {
    }

    public AbortException(String message) {
        super(message);
    }
}
