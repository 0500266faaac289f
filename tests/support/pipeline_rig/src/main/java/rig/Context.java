package rig;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What surrounds a place of the script: the blocks it stands in, each adding to the one outside.
 *
 * @param workspace the node's workspace, null outside a node
 * @param directory where sh runs and relative paths begin, null outside a node
 * @param variables environment variables that blocks set; a null value unsets
 * @param secrets   the credentials bound
 * @param stage     the innermost stage, null outside one
 */
record Context(Path workspace, Path directory, Map<String, String> variables, Secrets secrets, Stage stage) {
    static final Context OUTERMOST = new Context(null, null, Map.of(), Secrets.NONE, null);

    boolean inNode() {
        return workspace != null;
    }

    /** Returns the directory for what must not lie in the workspace itself: scripts, secret files. */
    Path temporary() {
        return workspace.resolveSibling(workspace.getFileName() + "@tmp");
    }

    Context withNode(Path itsWorkspace) {
        return new Context(itsWorkspace, itsWorkspace, variables, secrets, stage);
    }

    Context withDirectory(Path other) {
        return new Context(workspace, other, variables, secrets, stage);
    }

    Context withVariables(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(variables);
        all.putAll(more);
        return new Context(workspace, directory, all, secrets, stage);
    }

    Context withSecrets(Map<String, String> more) {
        return new Context(workspace, directory, variables, secrets.and(more), stage);
    }

    Context withStage(Stage inner) {
        return new Context(workspace, directory, variables, secrets, inner).withVariables(
            Map.of("STAGE_NAME", inner.name));
    }
}
