package rig;

import hudson.model.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.sf.json.JSONNull;

/** What scripts see as {@code currentBuild}. */
public final class CurrentBuild {
    private final Request request;
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

    /** Sets the description, which the caller may read while the build runs. */
    public void setDescription(String text) throws IOException {
        description = text;
        Path written = request.directory.resolve("description.txt.new");
        Files.writeString(written, text == null ? "" : text);
        Files.move(written, request.description(), StandardCopyOption.ATOMIC_MOVE);
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

    public List<Map<String, Object>> getBuildCauses() {
        List<Map<String, Object>> causes = new ArrayList<>();
        causes.add(request.upstreamUser == null
            ? startedBy(request.user)
            : cause("org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause",
                "Started by upstream project \"upstream\" build number 1"));
        if (request.fromStage != null) {
            causes.add(cause("org.jenkinsci.plugins.pipeline.modeldefinition.causes.RestartDeclarativePipelineCause",
                "Restarted from build #" + (request.number - 1) + ", stage " + request.fromStage));
        }
        return causes;
    }

    /** Returns the builds that led to this one (workflow-support, RunWrapper.getUpstreamBuilds). */
    public List<UpstreamBuild> getUpstreamBuilds() {
        return request.upstreamUser == null ? List.of() : List.of(new UpstreamBuild(startedBy(request.upstreamUser)));
    }

    /** A build that led to this one, of which scripts see what started it. */
    public record UpstreamBuild(Map<String, Object> cause) {
        /** Returns what started it, if that is of this class. */
        public List<Map<String, Object>> getBuildCauses(String type) {
            return cause.get("_class").equals(type) ? List.of(cause) : List.of();
        }
    }

    private static Map<String, Object> startedBy(String user) {
        if (user == null) {
            return cause("hudson.triggers.SCMTrigger$SCMTriggerCause", "Started by an SCM change");
        }
        Map<String, Object> cause = cause("hudson.model.Cause$UserIdCause", "Started by user " + user);
        cause.put("userId", user.equals("anonymous") ? JSONNull.getInstance() : user);
        cause.put("userName", user);
        return cause;
    }

    private static Map<String, Object> cause(String type, String description) {
        Map<String, Object> cause = new LinkedHashMap<>();
        cause.put("_class", type);
        cause.put("shortDescription", description);
        return cause;
    }

    /** Returns the causes of that class. */
    public List<Map<String, Object>> getBuildCauses(String type) {
        List<Map<String, Object>> causes = getBuildCauses();
        causes.removeIf(cause -> !cause.get("_class").equals(type));
        return causes;
    }
}
