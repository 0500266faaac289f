package org.demo

/** Greets with the steps it is handed, and keeps its state across them. */
class Greeter {
    private final Object steps
    private int greeted = 0

    Greeter(Object steps) {
        this.steps = steps
    }

    String greet(String name) {
        steps.sleep(1)
        greeted++
        return steps.sh(script: "echo hello ${name} ${greeted}", returnStdout: true).trim()
    }
}
