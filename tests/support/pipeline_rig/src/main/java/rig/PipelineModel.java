package rig;

import groovy.lang.Closure;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A declarative pipeline, or one of its stages; sections that depend on the run stay unevaluated blocks. */
public final class PipelineModel implements Serializable {
    /** The conditions of a post section in the order in which they are looked at. */
    static final List<String> POST_CONDITIONS = List.of("always", "changed", "fixed", "regression", "aborted",
        "success", "unsuccessful", "unstable", "failure", "notBuilt", "cleanup");

    public final String name;
    public final boolean stage;
    public final Map<String, Closure<?>> post = new LinkedHashMap<>();
    public final List<PipelineModel> stages = new ArrayList<>();
    public Object agent;
    public Closure<?> environment;
    public Closure<?> options;
    public Closure<?> parameters;
    public Closure<?> when;
    public Closure<?> input;
    public Closure<?> steps;
    public boolean parallel;
    public boolean failFast;

    private PipelineModel(String name, boolean stage) {
        this.name = name;
        this.stage = stage;
    }

    static PipelineModel of(Closure<?> block) {
        return new PipelineModel("pipeline", false).read(block);
    }

    private PipelineModel read(Closure<?> block) {
        for (Entry section : Recorder.read(block)) {
            read(section);
        }
        return this;
    }

    private void read(Entry section) {
        switch (section.name) {
            case "agent" -> agent = section.getValue();
            case "environment" -> environment = section.getBlock();
            case "options" -> options = section.getBlock();
            case "parameters" -> parameters = section.getBlock();
            case "when" -> when = section.getBlock();
            case "input" -> input = section.getBlock();
            case "steps" -> steps = section.getBlock();
            case "failFast" -> failFast = Boolean.TRUE.equals(section.getValue());
            case "post" -> readPost(section.getBlock());
            case "stages", "parallel" -> {
                parallel = section.name.equals("parallel");
                readStages(section.getBlock());
            }
            default -> { }
        }
    }

    private void readPost(Closure<?> block) {
        List<Entry> given = Recorder.read(block);
        for (String condition : POST_CONDITIONS) {
            given.stream().filter(entry -> entry.name.equals(condition))
                .forEach(entry -> post.put(condition, entry.getBlock()));
        }
    }

    private void readStages(Closure<?> block) {
        for (Entry entry : Recorder.read(block)) {
            stages.add(new PipelineModel(entry.getValue().toString(), true).read(entry.getBlock()));
        }
    }
}
