package jenkins.model;

import java.io.Serializable;

/** Why a step was interrupted; the name is Jenkins'. */
public class CauseOfInterruption implements Serializable {
    private final String shortDescription;

    public CauseOfInterruption(String shortDescription) {
        this.shortDescription = shortDescription;
    }

    public String getShortDescription() {
        return shortDescription;
    }

    /** Somebody stopped the build. */
    public static final class UserInterruption extends CauseOfInterruption {
        private final String user;

        public UserInterruption(String user) {
            super("Aborted by " + user);
            this.user = user;
        }

        public String getUser() {
            return user;
        }
    }
}
