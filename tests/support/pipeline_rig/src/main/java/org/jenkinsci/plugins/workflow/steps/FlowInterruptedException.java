package org.jenkinsci.plugins.workflow.steps;

import hudson.model.Result;
import java.util.List;
import jenkins.model.CauseOfInterruption;

/** A step was ended from outside: abort, timeout, rejection, fail-fast; the name is Jenkins'. */
public final class FlowInterruptedException extends Exception {
    private final Result result;
    private final boolean actualInterruption;
    private final CauseOfInterruption cause;

    public FlowInterruptedException(Result result, boolean actualInterruption, CauseOfInterruption cause) {
        super(cause.getShortDescription());
        this.result = result;
        this.actualInterruption = actualInterruption;
        this.cause = cause;
    }

    public Result getResult() {
        return result;
    }

    /** Returns whether somebody stopped the build, as against a timeout that expired. */
    public boolean isActualInterruption() {
        return actualInterruption;
    }

    public List<CauseOfInterruption> getCauses() {
        return List.of(cause);
    }
}
