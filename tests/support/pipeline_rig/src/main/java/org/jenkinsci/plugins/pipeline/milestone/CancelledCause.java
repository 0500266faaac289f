package org.jenkinsci.plugins.pipeline.milestone;

import jenkins.model.CauseOfInterruption;

/** A newer build passed a milestone before this one; the name is Jenkins'. */
public final class CancelledCause extends CauseOfInterruption {
    public CancelledCause(String newerBuild) {
        super("Superseded by " + newerBuild);
    }
}
