package rig;

import hudson.AbortException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Steps that take a workspace or work on its files. */
final class WorkspaceSteps {
    private WorkspaceSteps() {
    }

    static List<Step> all() {
        return List.of(
            Step.named("node", WorkspaceSteps::node).takes("label", String.class).withBody().asynchronous(),
            Step.named("dir", WorkspaceSteps::dir).requires("path", String.class).withBody()
                .needing("hudson.FilePath"),
            Step.immediate("deleteDir", WorkspaceSteps::deleteDir).inNode(),
            Step.immediate("readFile", WorkspaceSteps::readFile).inNode()
                .requires("file", String.class).takes("encoding", String.class),
            Step.immediate("writeFile", WorkspaceSteps::writeFile).inNode()
                .requires("file", String.class).requires("text", String.class).takes("encoding", String.class),
            Step.immediate("fileExists", call -> Files.exists(call.path("file"))).inNode()
                .requires("file", String.class),
            Step.immediate("pwd", WorkspaceSteps::pwd).takes("tmp", Boolean.class).needing("hudson.FilePath"),
            Step.immediate("isUnix", call -> true).needing("hudson.Launcher"),
            Step.immediate("checkout", WorkspaceSteps::checkout).inNode().requires("scm", Object.class),
            Step.immediate("archiveArtifacts", WorkspaceSteps::archiveArtifacts).inNode()
                .requires("artifacts", String.class).takes("excludes", String.class)
                .takes("allowEmptyArchive", Boolean.class).takes("fingerprint", Boolean.class)
                .takes("onlyIfSuccessful", Boolean.class).takes("followSymlinks", Boolean.class),
            Step.immediate("stash", WorkspaceSteps::stash).inNode()
                .requires("name", String.class).takes("includes", String.class).takes("excludes", String.class)
                .takes("allowEmpty", Boolean.class),
            Step.immediate("unstash", WorkspaceSteps::unstash).inNode().requires("name", String.class));
    }

    private static void node(StepCall call) throws IOException {
        Path workspace = call.build().workspaces.take();
        call.log("Running on Jenkins in " + workspace);
        Context inside = call.context.withNode(workspace);
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("EXECUTOR_NUMBER", "0");
        variables.put("NODE_LABELS", call.text("label", "built-in"));
        variables.put("NODE_NAME", "built-in");
        variables.put("WORKSPACE", workspace.toString());
        variables.put("WORKSPACE_TMP", inside.temporary().toString());
        call.runBody(inside.withVariables(variables), outcome -> {
            call.build().workspaces.release(workspace);
            call.finish(outcome);
        });
    }

    private static void dir(StepCall call) throws IOException {
        Path directory = call.path("path");
        Files.createDirectories(directory);
        call.log("Running in " + directory);
        call.runBody(call.context.withDirectory(directory));
    }

    private static Object deleteDir(StepCall call) throws IOException {
        Workspaces.deleteTree(call.context.directory());
        return null;
    }

    private static Object readFile(StepCall call) throws IOException {
        Path file = call.path("file");
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString());
        }
        byte[] bytes = Files.readAllBytes(file);
        String encoding = call.text("encoding", "UTF-8");
        return encoding.equals("Base64")
            ? Base64.getEncoder().encodeToString(bytes)
            : new String(bytes, Charset.forName(encoding));
    }

    private static Object writeFile(StepCall call) throws IOException {
        Path file = call.path("file");
        Files.createDirectories(file.getParent());
        String encoding = call.text("encoding", "UTF-8");
        Files.write(file, encoding.equals("Base64")
            ? Base64.getMimeDecoder().decode(call.text("text"))
            : call.text("text").getBytes(Charset.forName(encoding)));
        return null;
    }

    private static Object pwd(StepCall call) {
        return (call.flag("tmp", false) ? call.context.temporary() : call.context.directory()).toString();
    }

    /** Copies the caller's checkout; returns its revision if it is a git repository. */
    private static Object checkout(StepCall call) throws Exception {
        if (!(call.arguments.get("scm") instanceof Workspaces.Source)) {
            throw new Violation("The rig checks out nothing but scm");
        }
        Path directory = call.context.directory();
        Workspaces.copyTree(call.build().request.checkout, directory);
        if (!Files.exists(directory.resolve(".git"))) {
            return Map.of();
        }
        Process git = new ProcessBuilder("git", "rev-parse", "HEAD").directory(directory.toFile()).start();
        String revision = new String(git.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (git.waitFor() != 0) {
            throw new AbortException("git rev-parse ended with exit code " + git.exitValue());
        }
        return Map.of("GIT_COMMIT", revision);
    }

    private static Object archiveArtifacts(StepCall call) throws IOException {
        if (call.flag("onlyIfSuccessful", false) && !call.build().current.getCurrentResult().equals("SUCCESS")) {
            return null;
        }
        call.log("Archiving artifacts");
        String patterns = call.text("artifacts");
        List<Path> files = Globs.files(call.context.directory(), patterns, call.text("excludes"));
        if (files.isEmpty()) {
            String message =
                "No artifacts found that match the file pattern \"" + patterns + "\". Configuration error?";
            if (!call.flag("allowEmptyArchive", false)) {
                throw new AbortException(message);
            }
            call.log(message);
        }
        copy(files, call.context.directory(), call.build().request.artifacts());
        return null;
    }

    private static Object stash(StepCall call) throws IOException {
        List<Path> files = Globs.files(
            call.context.directory(), call.text("includes", "**"), call.text("excludes"));
        if (files.isEmpty() && !call.flag("allowEmpty", false)) {
            throw new AbortException("No files included in stash ‘" + call.text("name") + "’");
        }
        Path stash = stashOf(call);
        Workspaces.deleteTree(stash);
        Files.createDirectories(stash);
        copy(files, call.context.directory(), stash);
        call.log("Stashed " + files.size() + " file(s)");
        return null;
    }

    private static Object unstash(StepCall call) throws IOException {
        Path stash = stashOf(call);
        if (!Files.isDirectory(stash)) {
            throw new AbortException("No such saved stash ‘" + call.text("name") + "’");
        }
        Workspaces.copyTree(stash, call.context.directory());
        return null;
    }

    private static Path stashOf(StepCall call) {
        return call.build().request.directory.resolve("stashes").resolve(call.text("name"));
    }

    private static void copy(List<Path> files, Path from, Path to) throws IOException {
        for (Path file : files) {
            Workspaces.copy(from.resolve(file), to.resolve(file));
        }
    }
}
