package rig;

import hudson.model.Result;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** What scripts see as {@code currentBuild}. */
public final class CurrentBuild implements Serializable {
    private final transient Request request;
    private Result result;
    private String description;
    private String displayName;

    CurrentBuild(Request request) {
        this.request = request;
        this.displayName = "#" + request.number;
    }

    Result result() {
        return result == null ? Result.SUCCESS : result;
    }

    void worsen(Result other) {
        result = result == null ? other : result.combine(other);
    }

    public String getResult() {
        return result == null ? null : result.toString();
    }

    /** Sets the result; it can only get worse. */
    public void setResult(String name) {
        worsen(Result.fromString(name));
    }

    public String getCurrentResult() {
        return result().toString();
    }

    public boolean resultIsBetterOrEqualTo(String other) {
        return Result.fromString(other).isWorseOrEqualTo(result());
    }

    public boolean resultIsWorseOrEqualTo(String other) {
        return result().isWorseOrEqualTo(Result.fromString(other));
    }

    public String getDescription() {
        return description;
    }

    public void setDescription(String text) {
        description = text;
    }

    public String getDisplayName() {
        return displayName;
    }

    public void setDisplayName(String text) {
        displayName = text;
    }

    public int getNumber() {
        return request.number;
    }

    public String getId() {
        return String.valueOf(request.number);
    }

    public String getProjectName() {
        return request.job.substring(request.job.lastIndexOf('/') + 1);
    }

    public String getFullProjectName() {
        return request.job;
    }

    public String getFullDisplayName() {
        return request.job.replace("/", " » ") + " " + displayName;
    }

    public List<Map<String, String>> getBuildCauses() {
        return List.of(Map.of(
            "_class", "hudson.model.Cause$UserIdCause",
            "shortDescription", "Started by user " + request.user,
            "userId", request.user,
            "userName", request.user));
    }

    /** Returns the causes of that class. */
    public List<Map<String, String>> getBuildCauses(String type) {
        return getBuildCauses().stream().filter(cause -> cause.get("_class").equals(type)).toList();
    }
}
