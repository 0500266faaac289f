package rig;

import hudson.AbortException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jenkinsci.plugins.credentialsbinding.impl.MaskedException;
import org.jenkinsci.plugins.workflow.steps.MissingContextVariableException;

/** The withCredentials step and the stored credentials behind it. */
final class Credentials {
    private static final String TEXT = "Secret text";
    private static final String LOGIN = "Username with password";
    private static final String FILE = "Secret file";

    private static final Map<String, String> EXPECTED = Map.of(
        TEXT, "org.jenkinsci.plugins.plaincredentials.StringCredentials",
        LOGIN, "com.cloudbees.plugins.credentials.common.StandardUsernamePasswordCredentials",
        FILE, "org.jenkinsci.plugins.plaincredentials.FileCredentials");

    private final StepCall call;
    private final Map<String, String> variables = new LinkedHashMap<>();
    private final Map<String, String> secrets = new LinkedHashMap<>();
    private final List<Path> files = new ArrayList<>();

    private Credentials(StepCall call) {
        this.call = call;
    }

    static Step step() {
        return Step.named("withCredentials", call -> new Credentials(call).start())
            .requires("bindings", List.class).withBody();
    }

    /** Returns the bindings that {@code VARIABLE = credentials('id')} means in a declarative pipeline. */
    static List<Symbol> declared(Build build, String id, String variable) {
        Map<String, String> credential = build.request.credentials.get(id);
        String type = credential == null ? TEXT : credential.get("type");
        return switch (type) {
            case LOGIN -> List.of(
                new Symbol("usernameColonPassword", Map.of("credentialsId", id, "variable", variable)),
                new Symbol("usernamePassword", Map.of("credentialsId", id, "usernameVariable", variable + "_USR",
                    "passwordVariable", variable + "_PSW")));
            case FILE -> List.of(new Symbol("file", Map.of("credentialsId", id, "variable", variable)));
            default -> List.of(new Symbol("string", Map.of("credentialsId", id, "variable", variable)));
        };
    }

    private void start() throws Exception {
        for (Object binding : call.list("bindings")) {
            bind((Symbol) binding);
        }
        call.log("Masking supported pattern matches of "
            + secrets.keySet().stream().map(name -> "$" + name).collect(Collectors.joining(" or ")));
        call.runBody(call.context.withVariables(variables).withSecrets(secrets), outcome -> {
            for (Path file : files) {
                delete(file);
            }
            if (outcome.isFailure()) {
                call.fail(masked(outcome.getAbnormal()));
            } else {
                call.finish(outcome);
            }
        });
    }

    private void bind(Symbol binding) throws Exception {
        switch (binding.name()) {
            case "string" -> {
                binding.allow("credentialsId", "variable");
                secret(binding.required("variable"), stored(binding, TEXT).get("secret"));
            }
            case "usernamePassword" -> {
                binding.allow("credentialsId", "usernameVariable", "passwordVariable");
                Map<String, String> login = stored(binding, LOGIN);
                variables.put(binding.required("usernameVariable"), login.get("username"));
                secret(binding.required("passwordVariable"), login.get("password"));
            }
            case "usernameColonPassword" -> {
                binding.allow("credentialsId", "variable");
                Map<String, String> login = stored(binding, LOGIN);
                secret(binding.required("variable"), login.get("username") + ":" + login.get("password"));
            }
            case "file" -> {
                binding.allow("credentialsId", "variable");
                secret(binding.required("variable"), write(stored(binding, FILE)).toString());
            }
            default -> throw new Violation("The rig has no credentials binding '" + binding.name() + "'");
        }
    }

    private void secret(String variable, String value) {
        variables.put(variable, value);
        secrets.put(variable, value);
    }

    private Map<String, String> stored(Symbol binding, String type) throws AbortException {
        String id = binding.required("credentialsId");
        Map<String, String> credential = call.build().request.credentials.get(id);
        if (credential == null) {
            throw new AbortException("Could not find credentials entry with ID '" + id + "'");
        }
        if (!credential.get("type").equals(type)) {
            throw new AbortException("Credentials '" + id + "' is of type '" + credential.get("type") + "' where '"
                + EXPECTED.get(type) + "' was expected");
        }
        return credential;
    }

    private Path write(Map<String, String> credential) throws Exception {
        if (!call.context.inNode()) {
            throw new MissingContextVariableException("hudson.FilePath", "withCredentials");
        }
        Path directory = call.context.temporary().resolve("secretFiles").resolve(UUID.randomUUID().toString());
        Files.createDirectories(directory);
        Path file = directory.resolve(credential.get("name"));
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, credential.get("content").getBytes(StandardCharsets.UTF_8));
        files.add(directory);
        return file;
    }

    private void delete(Path directory) {
        try {
            Workspaces.deleteTree(directory);
        } catch (IOException e) {
            call.log("Could not delete " + directory + ": " + e);
        }
    }

    private Throwable masked(Throwable failure) {
        String message = failure.getMessage();
        String hidden = call.context.withSecrets(secrets).secrets().hide(message);
        return hidden == null || hidden.equals(message) ? failure : new MaskedException(hidden);
    }
}
