// Carries out a declarative pipeline with the steps of a scripted one.

import groovy.transform.Field
import rig.Declarative
import rig.Entry
import rig.EnvironmentBlock
import rig.PipelineModel

@Field Declarative rig
@Field boolean checksOut

void call(Declarative declarative, PipelineModel pipeline) {
    rig = declarative
    checksOut = rig.checksOut(pipeline)
    rig.declareParameters(pipeline.parameters)
    Throwable failure = null
    onAgent(pipeline) {
        inEnvironment(pipeline.environment) {
            inside(rig.wrappers(pipeline.options)) {
                failure = runPost(pipeline, runStages(pipeline.stages, rig.restartsAt(pipeline)))
            }
        }
    }
    if (failure != null) {
        throw failure
    }
}

private Throwable runStages(List<PipelineModel> stages, String first) {
    Throwable failure = null
    boolean reached = first == null
    for (PipelineModel model in stages) {
        reached = reached || model.name == first
        failure = runStage(model, failure, reached ? null : "this build restarting at stage \"${first}\"")
    }
    return failure
}

private Throwable runStage(PipelineModel model, Throwable earlier, String passedOver) {
    Throwable failure = earlier
    try {
        stage(model.name) {
            if (passedOver != null) {
                skip(model, passedOver)
            } else if (earlier == null) {
                enterStage(model)
            } else {
                skip(model, 'earlier failure(s)')
            }
        }
    } catch (Throwable thrown) {
        rig.failed(thrown)
        failure = thrown
    }
    return failure
}

private void skip(PipelineModel model, String reason) {
    rig.log("Stage \"${model.name}\" skipped due to ${reason}")
    rig.skipStage()
    if (model.parallel) {
        skipParallel(model, reason)
    } else {
        for (PipelineModel inner in model.stages) {
            skipWhole(inner, reason)
        }
    }
}

private void skipParallel(PipelineModel model, String reason) {
    Map branches = [:]
    for (PipelineModel each in model.stages) {
        PipelineModel inner = each
        branches[inner.name] = { skipWhole(inner, reason) }
    }
    parallel(branches)
}

private void skipWhole(PipelineModel model, String reason) {
    stage(model.name) { skip(model, reason) }
}

private void enterStage(PipelineModel model) {
    List<Entry> conditions = rig.read(model.when)
    boolean beforeInput = isSet(conditions, 'beforeInput') || isSet(conditions, 'beforeOptions')
    boolean beforeAgent = !beforeInput && isSet(conditions, 'beforeAgent')
    if (beforeInput && !allHold(conditions)) {
        skip(model, 'when conditional')
        return
    }
    inside(rig.wrappers(model.options)) {
        afterInput(model.input) {
            if (beforeAgent && !allHold(conditions)) {
                skip(model, 'when conditional')
            } else {
                onAgent(model) {
                    inEnvironment(model.environment) {
                        if (beforeInput || beforeAgent || allHold(conditions)) {
                            runStageBody(model)
                        } else {
                            skip(model, 'when conditional')
                        }
                    }
                }
            }
        }
    }
}

private void runStageBody(PipelineModel model) {
    Throwable failure = null
    try {
        if (model.steps != null) {
            rig.steps(model.steps).call()
        } else if (model.parallel) {
            runParallel(model)
        } else {
            failure = runStages(model.stages, null)
        }
    } catch (Throwable thrown) {
        rig.failed(thrown)
        failure = thrown
    }
    failure = runPost(model, failure)
    if (failure != null) {
        throw failure
    }
}

private void runParallel(PipelineModel model) {
    Map branches = [failFast: model.failFast]
    for (PipelineModel each in model.stages) {
        PipelineModel child = each
        branches[child.name] = {
            Throwable failure = runStage(child, null, null)
            if (failure != null) {
                throw failure
            }
        }
    }
    parallel(branches)
}

private Throwable runPost(PipelineModel model, Throwable failure) {
    if (model.post.isEmpty()) {
        return failure
    }
    if (model.stage) {
        return runConditions(model, failure)
    }
    Throwable first = failure
    stage('Declarative: Post Actions') {
        first = runConditions(model, failure)
    }
    return first
}

private Throwable runConditions(PipelineModel model, Throwable failure) {
    Throwable first = failure
    for (String condition in model.post.keySet()) {
        String result = first == null || !model.stage ? rig.resultSoFar(model.stage) : rig.resultOf(first)
        if (rig.holds(condition, result)) {
            try {
                rig.steps(model.post[condition]).call()
            } catch (Throwable thrown) {
                rig.log("Error when executing ${condition} post condition:")
                rig.print(thrown)
                rig.failed(thrown)
                first = first == null ? thrown : first
            }
        }
    }
    return first
}

private void onAgent(PipelineModel model, Closure body) {
    if (model.agent == null || model.agent == 'none') {
        body()
        return
    }
    if (model.agent == 'any') {
        onNode('', model, body)
        return
    }
    Entry agent = rig.read(model.agent)[0]
    if (agent.name == 'kubernetes') {
        inPod(rig.read(agent.block), model, body)
    } else if (agent.name == 'label') {
        onNode(agent.value, model, body)
    } else if (agent.name == 'node') {
        onNode(valueOf(rig.read(agent.block), 'label'), model, body)
    } else {
        error("Invalid agent type \"${agent.name}\" specified.")
    }
}

private void inPod(List<Entry> settings, PipelineModel model, Closure body) {
    podTemplate {
        String inContainer = valueOf(settings, 'defaultContainer')
        onNode(env.POD_LABEL, model) {
            if (inContainer == null) {
                body()
            } else {
                container(inContainer) { body() }
            }
        }
    }
}

private void onNode(label, PipelineModel model, Closure body) {
    node(label) {
        if (checksOut) {
            withEnv(checkOut(model)) { body() }
        } else {
            body()
        }
    }
}

private List checkOut(PipelineModel model) {
    Map found = [:]
    if (model.stage) {
        found = checkout(scm)
    } else {
        stage('Declarative: Checkout SCM') {
            found = checkout(scm)
        }
    }
    return found.collect { name, value -> "${name}=${value}".toString() }
}

private void inEnvironment(Closure block, Closure body) {
    if (block == null) {
        body()
        return
    }
    EnvironmentBlock values = rig.environment(block)
    block.call()
    withEnv(values.variables()) {
        List bindings = values.bindings()
        if (bindings.isEmpty()) {
            body()
        } else {
            withCredentials(bindings) { body() }
        }
    }
}

private void inside(List<Entry> wrappers, Closure body) {
    if (wrappers.isEmpty()) {
        body()
        return
    }
    Entry wrapper = wrappers[0]
    List<Entry> others = wrappers.drop(1)
    if (wrapper.name == 'timeout') {
        timeout(wrapper.value) { inside(others, body) }
    } else if (wrapper.name == 'retry') {
        retry(wrapper.value) { inside(others, body) }
    } else {
        timestamps { inside(others, body) }
    }
}

private void afterInput(Closure block, Closure body) {
    if (block == null) {
        body()
        return
    }
    Map arguments = rig.input(block)
    def answer = input(arguments)
    withEnv(rig.variables(arguments, answer)) { body() }
}

private boolean allHold(List<Entry> conditions) {
    for (Entry condition in conditions) {
        if (!holds(condition)) {
            return false
        }
    }
    return true
}

private boolean holds(Entry condition) {
    switch (condition.name) {
        case 'beforeAgent':
        case 'beforeInput':
        case 'beforeOptions':
            return true
        case 'expression':
            return rig.steps(condition.block).call() as boolean
        case 'branch':
            return rig.branchMatches(condition.value)
        case 'environment':
            return env.getProperty(condition.value.name) == condition.value.value
        case 'equals':
            return condition.value.expected == condition.value.actual
        case 'not':
            return !holds(rig.read(condition.block)[0])
        case 'allOf':
            return allHold(rig.read(condition.block))
        case 'anyOf':
            return anyHolds(rig.read(condition.block))
        default:
            error("The rig has no when condition \"${condition.name}\"")
    }
}

private boolean anyHolds(List<Entry> conditions) {
    for (Entry condition in conditions) {
        if (holds(condition)) {
            return true
        }
    }
    return false
}

private boolean isSet(List<Entry> conditions, String name) {
    return valueOf(conditions, name) == true
}

private valueOf(List<Entry> settings, String name) {
    for (Entry setting in settings) {
        if (setting.name == name) {
            return setting.value
        }
    }
    return null
}
