package rig;

import groovy.lang.Closure;
import hudson.model.Result;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What the interpreter of declarative pipelines asks of the rig beyond the steps. */
public final class Declarative implements Serializable {
    private static final Set<String> PROPERTIES = Set.of("buildDiscarder", "disableConcurrentBuilds", "disableResume",
        "durabilityHint", "overrideIndexTriggers", "preserveStashes", "quietPeriod", "rateLimitBuilds",
        "skipDefaultCheckout");
    private static final Set<String> WRAPPERS = Set.of("timeout", "retry", "timestamps");

    private final Build build;

    Declarative(Build build) {
        this.build = build;
    }

    public void log(String text) {
        build.console.print(text, build.context().secrets());
    }

    public List<Entry> read(Closure<?> block) {
        return Recorder.read(block);
    }

    public void declareParameters(Closure<?> block) {
        if (block != null) {
            build.parameters.declare(symbols(read(block)));
        }
    }

    private static List<Symbol> symbols(List<Entry> entries) {
        return new ArrayList<>(entries.stream().map(Entry::symbol).toList());
    }

    /** Returns the options that are steps around the stages. */
    public List<Entry> wrappers(Closure<?> options) {
        List<Entry> all = read(options);
        for (Entry option : all) {
            if (!WRAPPERS.contains(option.name) && !PROPERTIES.contains(option.name)) {
                throw new Violation("The rig has no option '" + option.name + "'");
            }
        }
        all.removeIf(option -> !WRAPPERS.contains(option.name));
        return all;
    }

    /** Returns the stage that the build restarts at, null if it runs from the first. */
    public String restartsAt(PipelineModel pipeline) {
        String name = build.request.fromStage;
        if (name != null && pipeline.stages.stream().noneMatch(stage -> stage.name.equals(name))) {
            throw new Violation("Stage " + name + " is not present in the top-level stages for "
                + build.current.getFullDisplayName() + ", so cannot be restarted.");
        }
        return name;
    }

    public boolean checksOut(PipelineModel pipeline) {
        return build.request.checkout != null
            && read(pipeline.options).stream().noneMatch(option -> option.name.equals("skipDefaultCheckout"));
    }

    /** Makes the block of steps ready to be called by the interpreter. */
    public Closure<?> steps(Closure<?> block) {
        block.setDelegate(block.getThisObject());
        block.setResolveStrategy(Closure.DELEGATE_ONLY);
        return block;
    }

    /** Makes an environment section ready to be called, and returns what will hold its values. */
    public EnvironmentBlock environment(Closure<?> block) {
        EnvironmentBlock values = new EnvironmentBlock((CpsScript) block.getThisObject(), build);
        block.setDelegate(values);
        block.setResolveStrategy(Closure.DELEGATE_ONLY);
        return values;
    }

    /** Returns the arguments of the input step that an input directive stands for. */
    public Map<String, Object> input(Closure<?> block) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        for (Entry entry : read(block)) {
            arguments.put(entry.name,
                entry.name.equals("parameters") ? symbols(read(entry.getBlock())) : entry.getValue());
        }
        return arguments;
    }

    /** Returns the assignments that the answer to an input directive makes: none for what it leaves out. */
    public List<String> variables(Map<String, Object> input, Object answer) {
        Map<?, ?> values = Map.of();
        if (answer instanceof Map<?, ?> several) {
            values = several;
        } else if (input.get("submitterParameter") != null) {
            values = Collections.singletonMap(input.get("submitterParameter"), answer);
        } else if (input.get("parameters") instanceof List<?> parameters && parameters.size() == 1) {
            values = Collections.singletonMap(((Symbol) parameters.get(0)).required("name"), answer);
        }
        List<String> lines = new ArrayList<>();
        values.forEach((name, value) -> lines.add(name + "=" + value));
        return lines;
    }

    public boolean branchMatches(Object pattern) {
        return build.request.branch != null && Globs.matches(pattern.toString(), build.request.branch);
    }

    public void skipStage() {
        build.context().stage().skip();
    }

    public String resultOf(Throwable failure) {
        return Build.resultOf(failure).toString();
    }

    public void failed(Throwable failure) {
        build.current.worsen(Build.resultOf(failure));
    }

    public void print(Throwable failure) {
        build.print(failure, build.context().secrets());
    }

    /** Returns how the stage, or the build outside a stage, has gone so far. */
    public String resultSoFar(boolean ofStage) {
        return !ofStage ? build.current.getCurrentResult() : switch (build.context().stage().status()) {
            case UNSTABLE -> "UNSTABLE";
            case FAILED -> "FAILURE";
            case ABORTED -> "ABORTED";
            default -> "SUCCESS";
        };
    }

    /** Returns whether a condition of a post section holds for the result. */
    public boolean holds(String condition, String resultName) {
        Result result = Result.fromString(resultName);
        String before = build.request.previousResult;
        Result previous = before == null ? null : Result.fromString(before);
        boolean success = result.equals(Result.SUCCESS);
        return switch (condition) {
            case "always", "cleanup" -> true;
            case "changed" -> !result.equals(previous);
            case "fixed" -> success && (Result.FAILURE.equals(previous) || Result.UNSTABLE.equals(previous));
            case "regression" -> previous != null && !success && result.isWorseThan(previous);
            case "unsuccessful" -> !success;
            case "notBuilt" -> result.equals(Result.NOT_BUILT);
            default -> result.toString().equals(condition.toUpperCase(Locale.ROOT));
        };
    }
}
