package rig;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A step that scripts may call: its parameters, where it may stand and what it does. */
final class Step {
    final String name;
    final Action action;
    final Map<String, Class<?>> parameters = new LinkedHashMap<>();
    final List<String> required = new ArrayList<>();
    /** The context class that Jenkins would miss outside a node, null for a step that needs none. */
    String context;
    boolean asynchronous;
    boolean body;
    boolean anyParameters;
    /** Ends as its branches end, even when it is interrupted. */
    boolean branches;

    /** Begins the step; it ends when the call is told its outcome. */
    interface Action {
        void start(StepCall call) throws Exception;
    }

    /** Does the whole step at once and returns its value. */
    interface Immediate {
        Object run(StepCall call) throws Exception;
    }

    private Step(String name, Action action) {
        this.name = name;
        this.action = action;
    }

    static Step named(String name, Action action) {
        return new Step(name, action);
    }

    static Step immediate(String name, Immediate action) {
        return new Step(name, call -> call.succeed(action.run(call)));
    }

    /** Declares a parameter; the first one is what a single unnamed argument means. */
    Step takes(String parameter, Class<?> type) {
        parameters.put(parameter, type);
        return this;
    }

    Step requires(String parameter, Class<?> type) {
        required.add(parameter);
        return takes(parameter, type);
    }

    Step takesAnything() {
        anyParameters = true;
        return this;
    }

    Step withBranches() {
        branches = true;
        return takesAnything();
    }

    /** The step can only stand in a node, and Jenkins may restart while it works. */
    Step inNode() {
        return needing("hudson.FilePath").asynchronous();
    }

    Step needing(String contextClass) {
        context = contextClass;
        return this;
    }

    /** Jenkins saves the program here, so all that is kept across the step must be serialisable. */
    Step asynchronous() {
        asynchronous = true;
        return this;
    }

    Step withBody() {
        body = true;
        return this;
    }

    String positional() {
        return parameters.isEmpty() ? null : parameters.keySet().iterator().next();
    }
}
