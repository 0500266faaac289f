package rig;

import groovy.json.JsonOutput;
import groovy.json.JsonSlurperClassic;
import hudson.AbortException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Steps of plugins that not every controller has; each is known only to a build that names its plugin. */
final class OptionalSteps {
    private static final Map<String, List<Step>> PLUGINS = Map.of(
        "lock", List.of(LockStep.step()),
        Milestones.PLUGIN, List.of(Milestones.step()),
        "pipeline-utility-steps", List.of(
            Step.immediate("readJSON", OptionalSteps::readJson).inNode()
                .takes("file", String.class).takes("text", String.class).takes("returnPojo", Boolean.class),
            Step.immediate("writeJSON", OptionalSteps::writeJson).inNode()
                .requires("file", String.class).requires("json", Object.class).takes("pretty", Number.class)),
        "htmlpublisher", List.of(Step.immediate("publishHTML", OptionalSteps::publishHtml).inNode().takesAnything()),
        "kubernetes", List.of(
            Step.named("podTemplate", OptionalSteps::podTemplate).takesAnything().withBody(),
            Step.named("container", StepCall::runBody).requires("name", String.class).withBody()
                .needing("hudson.FilePath")));

    private OptionalSteps() {
    }

    static List<Step> of(Collection<String> plugins) {
        return plugins.stream().flatMap(plugin -> {
            if (!PLUGINS.containsKey(plugin)) {
                throw new Violation("The rig has no plugin '" + plugin + "', only " + PLUGINS.keySet());
            }
            return PLUGINS.get(plugin).stream();
        }).toList();
    }

    private static Object readJson(StepCall call) throws IOException {
        String text = call.text("file") == null ? call.text("text") : Files.readString(call.path("file"));
        return new JsonSlurperClassic().parseText(text);
    }

    private static Object writeJson(StepCall call) throws IOException {
        String text = JsonOutput.toJson(call.arguments.get("json"));
        Files.writeString(call.path("file"), call.number("pretty", 0) > 0 ? JsonOutput.prettyPrint(text) : text);
        return null;
    }

    /** Copies the report's directory to {@code htmlreports} beside the artifacts. */
    private static Object publishHtml(StepCall call) throws IOException {
        Map<?, ?> target = call.arguments.get("target") instanceof Map<?, ?> inner ? inner : call.arguments;
        Path directory = call.context.directory().resolve(String.valueOf(target.get("reportDir")));
        String name = String.valueOf(target.get("reportName"));
        if (!Files.isDirectory(directory)) {
            if (!Boolean.TRUE.equals(target.get("allowMissing"))) {
                throw new AbortException("Specified HTML directory '" + directory + "' does not exist.");
            }
            return null;
        }
        call.log("[htmlpublisher] Archiving HTML reports...");
        Workspaces.copyTree(directory, call.build().request.directory.resolve("htmlreports").resolve(name));
        return null;
    }

    private static void podTemplate(StepCall call) {
        String label = call.text("label", "pod-" + UUID.randomUUID().toString().substring(0, 8));
        call.runBody(call.context.withVariables(Map.of("POD_LABEL", label)));
    }
}
