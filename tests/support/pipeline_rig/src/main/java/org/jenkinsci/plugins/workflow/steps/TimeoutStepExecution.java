package org.jenkinsci.plugins.workflow.steps;

import jenkins.model.CauseOfInterruption;

/** Holder of the cause that a timeout gives; the names are Jenkins'. */
public final class TimeoutStepExecution {
    private TimeoutStepExecution() {
    }

    /** A timeout step expired. */
    public static final class ExceededTimeout extends CauseOfInterruption {
        public ExceededTimeout() {
            super("Timeout has been exceeded");
        }
    }
}
