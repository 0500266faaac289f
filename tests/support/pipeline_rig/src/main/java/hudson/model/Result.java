package hudson.model;

import java.io.Serializable;
import java.util.List;

/** The result of a build, best first; the name is Jenkins'. */
public final class Result implements Serializable {
    public static final Result SUCCESS = new Result("SUCCESS", 0);
    public static final Result UNSTABLE = new Result("UNSTABLE", 1);
    public static final Result FAILURE = new Result("FAILURE", 2);
    public static final Result NOT_BUILT = new Result("NOT_BUILT", 3);
    public static final Result ABORTED = new Result("ABORTED", 4);

    private static final List<Result> ALL = List.of(SUCCESS, UNSTABLE, FAILURE, NOT_BUILT, ABORTED);

    private final String name;
    private final int ordinal;

    private Result(String name, int ordinal) {
        this.name = name;
        this.ordinal = ordinal;
    }

    /** Returns the result of that name, FAILURE for a name that is none. */
    public static Result fromString(String name) {
        return ALL.stream().filter(result -> result.name.equals(name)).findFirst().orElse(FAILURE);
    }

    public boolean isWorseThan(Result other) {
        return ordinal > other.ordinal;
    }

    public boolean isWorseOrEqualTo(Result other) {
        return ordinal >= other.ordinal;
    }

    public Result combine(Result other) {
        return isWorseThan(other) ? this : other;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Result result && result.ordinal == ordinal;
    }

    @Override
    public int hashCode() {
        return ordinal;
    }

    @Override
    public String toString() {
        return name;
    }
}
