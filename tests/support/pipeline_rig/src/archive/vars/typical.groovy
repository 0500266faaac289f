void call(Map arguments, Closure body) {
    node {
        for (int i = 0; i < arguments.n; i++) {
            body(sh(script: 'echo typical', returnStdout: true))
        }
    }
}
