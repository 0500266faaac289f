package org.jenkinsci.plugins.workflow.steps;

/** A step was called where it has no node; the name is Jenkins'. */
public final class MissingContextVariableException extends Exception {
    public MissingContextVariableException(String type, String step) {
        super("Required context class " + type + " is missing\nPerhaps you forgot to surround the " + step
            + " step with a step that provides this, such as: node");
    }
}
