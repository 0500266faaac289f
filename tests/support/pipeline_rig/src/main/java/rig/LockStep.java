package rig;

import java.text.DateFormat;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** The lock step of the plugin lockable-resources: the builds of one rig take turns, first come, first served. */
final class LockStep {
    private final StepCall call;
    private final String name;
    private final Shared turns;
    private final Shared.Entry turn;
    private Watch watch;

    private LockStep(StepCall call) {
        this.call = call;
        name = call.text("resource");
        turns = new Shared(call.build(), "locks", name);
        Build build = call.build();
        turn = Shared.Entry.of(
            build.current.getFullDisplayName() + " #" + build.request.number,
            String.valueOf(System.currentTimeMillis()));
    }

    static Step step() {
        return Step.named("lock", call -> new LockStep(call).start()).requires("resource", String.class)
            .takes("inversePrecedence", Boolean.class).takes("skipIfLocked", Boolean.class)
            .takes("variable", String.class).withBody().asynchronous();
    }

    private void start() {
        call.log("Trying to acquire lock on " + description());
        List<Shared.Entry> queue = turns.change(this::enter);
        if (isFirst(queue)) {
            call.log("Resource [" + name + "] did not exist. Created.");
            hold();
            return;
        }
        Shared.Entry holder = queue.get(0);
        String since = DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT)
            .format(new Date(Long.parseLong(holder.texts().get(1))));
        call.log("The resource [" + name + "] is locked by build " + holder.texts().get(0) + " since " + since + ".");
        if (call.flag("skipIfLocked", false)) {
            call.log(description() + " is not free, skipping execution ...");
            leave();
            call.succeed(null);
        } else {
            call.log(description() + " is not free, waiting for execution ...");
            // Jenkins counts those that wait for other resources, too.
            int position = queue.indexOf(turn) - 1;
            call.log("[Required resources: [" + name + "]] added into queue at position " + position);
            await();
        }
    }

    private String description() {
        return "[Resource: " + name + "]";
    }

    /** Goes behind whoever waits, or in front of them, but never before the one who holds the lock. */
    private void enter(List<Shared.Entry> queue) {
        boolean jumps = call.flag("inversePrecedence", false) && !queue.isEmpty();
        queue.add(jumps ? 1 : queue.size(), turn);
    }

    private void leave() {
        turns.change(queue -> queue.removeIf(turn::is));
    }

    private boolean isFirst(List<Shared.Entry> queue) {
        return queue.get(0).is(turn);
    }

    private void await() {
        watch = new Watch(call.build(), () -> {
            if (isFirst(turns.entries())) {
                hold();
            }
        });
        call.onInterruption(reason -> {
            watch.cancel();
            leave();
            call.fail(reason);
        });
    }

    private void hold() {
        if (watch != null) {
            watch.cancel();
        }
        call.log("Lock acquired on " + description());
        String variable = call.text("variable");
        Map<String, String> variables = variable == null ? Map.of() : Map.of(variable, name, variable + "0", name);
        call.runBody(call.context.withVariables(variables), outcome -> {
            leave();
            call.log("Lock released on resource " + description());
            call.finish(outcome);
        });
    }
}
