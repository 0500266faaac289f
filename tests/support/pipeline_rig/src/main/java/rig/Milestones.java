package rig;

import hudson.AbortException;
import hudson.model.Result;
import java.util.List;
import org.jenkinsci.plugins.pipeline.milestone.CancelledCause;

/**
 * The milestone step of the plugin pipeline-milestone-step: once a build has passed a milestone, older builds of the
 * job that have not are ended.
 */
final class Milestones {
    static final String PLUGIN = "milestone";

    /** The texts of an entry: the build's number, the milestone it has passed, the build that supersedes it. */
    private static final int NUMBER = 0;
    private static final int PASSED = 1;
    private static final int SUPERSEDED_BY = 2;
    private static final int NOTHING = -1;

    private final Build build;
    private final Shared builds;
    private final Shared.Entry entry;
    private Watch watch;
    private Integer last;

    Milestones(Build build) {
        this.build = build;
        builds = new Shared(build, "milestones", build.request.job);
        entry = Shared.Entry.of(String.valueOf(build.request.number), "", "");
    }

    static Step step() {
        return Step.immediate("milestone", call -> call.build().milestones.pass(call))
            .takes("ordinal", Integer.class).takes("label", String.class).takes("unsafe", Boolean.class);
    }

    /** Makes the build known to others of its job, which may end it. */
    void begin() {
        builds.change(all -> all.add(entry));
        watch = new Watch(build, this::look);
    }

    private void look() {
        for (Shared.Entry each : builds.entries()) {
            String newer = each.texts().get(SUPERSEDED_BY);
            if (each.is(entry) && !newer.isEmpty()) {
                watch.cancel();
                build.stop(Result.NOT_BUILT, new CancelledCause(build.request.job + "#" + newer));
            }
        }
    }

    private Object pass(StepCall call) throws AbortException {
        if (build.isParallel() && !call.flag("unsafe", false)) {
            throw new AbortException("Using a milestone step inside parallel is not allowed");
        }
        int ordinal = (int) call.number("ordinal", last == null ? 0 : last + 1);
        if (last != null && ordinal <= last) {
            throw new AbortException("Invalid ordinal " + ordinal + ", as the previous one was " + last);
        }
        last = ordinal;
        call.log("Trying to pass milestone " + ordinal);
        builds.change(all -> {
            all.stream().filter(entry::is).forEach(own -> pass(own, ordinal, all));
            supersede(all, ordinal);
        });
        look();
        return null;
    }

    /** Notes how far this build has come, and a newer one that has been there before it. */
    private void pass(Shared.Entry own, int ordinal, List<Shared.Entry> all) {
        own.texts().set(PASSED, String.valueOf(ordinal));
        all.stream().filter(each -> number(each) > number(own) && passed(each) >= ordinal)
            .forEach(newer -> own.texts().set(SUPERSEDED_BY, newer.texts().get(NUMBER)));
    }

    /** Marks older builds that have not come as far. */
    private void supersede(List<Shared.Entry> all, int ordinal) {
        all.stream().filter(each -> number(each) < number(entry) && passed(each) < ordinal)
            .forEach(older -> older.texts().set(SUPERSEDED_BY, entry.texts().get(NUMBER)));
    }

    private static int number(Shared.Entry each) {
        return Integer.parseInt(each.texts().get(NUMBER));
    }

    private static int passed(Shared.Entry each) {
        String passed = each.texts().get(PASSED);
        return passed.isEmpty() ? NOTHING : Integer.parseInt(passed);
    }

    /** Ends older builds as well that have come no farther than this one. */
    void end() {
        watch.cancel();
        builds.change(all -> {
            all.removeIf(entry::is);
            if (last != null) {
                supersede(all, last + 1);
            }
        });
    }
}
