package jenkins.model;

import java.io.Serializable;
import java.util.UUID;

/** Why a step was interrupted; the name is Jenkins'. */
public class CauseOfInterruption implements Serializable {
    private final UUID id = UUID.randomUUID();
    private final String shortDescription;

    public CauseOfInterruption(String shortDescription) {
        this.shortDescription = shortDescription;
    }

    public String getShortDescription() {
        return shortDescription;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CauseOfInterruption cause && cause.id.equals(id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
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
