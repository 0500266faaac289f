package rig;

/** One stage of the build and how it went. */
final class Stage {
    final String name;
    private Status status = Status.SUCCESS;

    /** How a stage went, best first. */
    enum Status { SKIPPED, SUCCESS, UNSTABLE, FAILED, ABORTED }

    Stage(String name) {
        this.name = name;
    }

    Status status() {
        return status;
    }

    void skip() {
        status = Status.SKIPPED;
    }

    void worsen(String result) {
        Status other = switch (result) {
            case "SUCCESS" -> Status.SUCCESS;
            case "UNSTABLE" -> Status.UNSTABLE;
            case "ABORTED", "NOT_BUILT" -> Status.ABORTED;
            default -> Status.FAILED;
        };
        if (other.compareTo(status) > 0) {
            status = other;
        }
    }
}
