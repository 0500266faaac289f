package rig;

import java.util.concurrent.atomic.AtomicReference;

/**
 * A rule of the rig was broken: the build fails. A script may catch it, but the build ends all the same as soon as the
 * script comes to its next step.
 */
final class Violation extends Error {
    private static final AtomicReference<Violation> FIRST = new AtomicReference<>();

    Violation(String message) {
        super(message);
        FIRST.compareAndSet(null, this);
    }

    /** Returns the first violation of this build, which is this process's only one; null if there was none. */
    static Violation first() {
        return FIRST.get();
    }
}
