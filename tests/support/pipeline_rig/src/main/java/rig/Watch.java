package rig;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Looks again and again, on the build's thread, until it is cancelled there. */
final class Watch {
    private static final long MILLISECONDS = 50;

    private final ScheduledFuture<?> alarm;
    private boolean cancelled;

    Watch(Build build, Runnable look) {
        alarm = build.timers.scheduleWithFixedDelay(() -> build.post(() -> {
            if (!cancelled) {
                look.run();
            }
        }), MILLISECONDS, MILLISECONDS, TimeUnit.MILLISECONDS);
    }

    void cancel() {
        cancelled = true;
        alarm.cancel(false);
    }
}
