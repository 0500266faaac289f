package org.jenkinsci.plugins.workflow.support.steps.input;

import jenkins.model.CauseOfInterruption;

/** Somebody said no to an input step; the name is Jenkins'. */
public final class Rejection extends CauseOfInterruption {
    public Rejection(String user) {
        super("Rejected by " + user);
    }
}
