import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

/** The one door to the helper: every step goes through it. The parameters travel in a file, so no shell sees them. */
Object call(Object command = null, Object parameters = null) {
    if (!(command instanceof CharSequence)) {
        refuse("promoterCommand takes a command and a map: promoterCommand('describe', [image: 'production/web:1'])")
    }
    Map request = named(command, parameters)
    requireAgent()
    // Beside the workspace, which may be what an image is built from.
    String exchange = "${env.WORKSPACE_TMP}/promoter-${UUID.randomUUID()}"
    String interrupted = "promoter ${command} was interrupted"
    String outcome = interrupted
    String before = currentBuild.description
    try {
        writeFile file: "${exchange}/request.json", text: JsonOutput.toJson(request)
        int status = exitCode(command, exchange)
        String written = fileExists("${exchange}/result.json") ? readFile("${exchange}/result.json") : '{}'
        Object result = plain(written)
        Map fields = result instanceof Map ? result : [:]  // `constraints parse` gives a list.
        if (status != 0) {
            outcome = failure(command, status, fields)
            error([outcome, fields.error?.remedy].findAll { part -> part }.join(' '))
        }
        outcome = outcomes(fields)
        if (outcome) {
            echo outcome
        }
        return result
    } finally {
        // Where a parallel branch has failed, it has said why this one was interrupted.
        if (outcome && (outcome != interrupted || currentBuild.description == before)) {
            currentBuild.description = outcome
        }
        dir(exchange) {
            deleteDir()
        }
    }
}

/** Runs a command on an agent that is taken for it alone; `prepare` runs there before it, if given. */
Map onAgent(Map settings, String command, Map parameters, Closure prepare = null) {
    requireNoAgent()
    Map result = [:]
    node(setting(settings, 'label', 'skopeo')) {
        if (prepare) {
            prepare()
        }
        result = promoterCommand(command, parameters)
    }
    return result
}

/** Ends the build: it is used in a way that cannot be meant. */
void refuse(String why) {
    String outcome = "wrong-usage: ${why}"
    currentBuild.description = outcome
    error(outcome)
}

/** Returns a step's parameters, which have names and are data; those that are not given at all are none. */
Map named(Object command, Object parameters) {
    Object given = parameters == null ? [:] : parameters
    if (!(given instanceof Map) || given.any { name, value -> value instanceof Closure }) {
        refuse("The parameters of ${command} are names with values, as in config: 'promotion.yaml'; " +
            'a block stands behind them. The help of the step lists them.')
    }
    return given
}

/** Returns a setting of a step's own, which is of the type that it has if left out. */
Object setting(Map settings, String name, Object otherwise) {
    Object given = settings[name]
    if (given == null || given == '') {
        return otherwise
    }
    if (!fits(given, otherwise)) {
        String example = otherwise instanceof CharSequence ? "'${otherwise}'" : "${otherwise}"
        refuse("${name} does not fit: write it as in `${name}: ${example}`, which it is if left out.")
    }
    return otherwise instanceof Number ? ("${given}" as BigDecimal) : given
}

/** Ends the build if it holds no agent, which the helper runs on. */
void requireAgent() {
    if (!env.NODE_NAME) {
        refuse("This step needs an agent with the promoter helper: write node('skopeo') { ... } around it, or " +
            "agent { label 'skopeo' } in a declarative pipeline.")
    }
}

/** Ends the build if it holds an agent, which it would go on to do while it waits for others, or for people. */
void requireNoAgent() {
    if (env.NODE_NAME) {
        refuse('This step takes agents itself, or waits for people, and holds none meanwhile: call it outside of ' +
            '`node`, in a pipeline with `agent none` and an agent for each stage that needs one.')
    }
}

/** Returns the IDs of the people who started this build, or one that led to it, or null if nobody did. */
@NonCPS
String startedBy() {
    List builds = [currentBuild] + currentBuild.upstreamBuilds
    List causes = builds.collectMany { build -> build.getBuildCauses('hudson.model.Cause$UserIdCause') }
    // An anonymous user's ID is an object of the JSON library.
    return causes.collect { cause -> cause.userId }.findAll { id -> id instanceof String }.unique().join(', ') ?: null
}

/** Tells whether a setting has the type of another value; a number may be a text, as parameters of builds are. */
@NonCPS
private boolean fits(Object given, Object otherwise) {
    if (otherwise instanceof Number) {
        return "${given}" ==~ /\d{1,9}([.]\d{1,9})?/
    }
    return otherwise instanceof Boolean ? given instanceof Boolean : given instanceof CharSequence
}

private int exitCode(String command, String exchange) {
    List variables = [
        "PROMOTER_COMMAND=${command}",
        "PROMOTER_EXCHANGE=${exchange}",
        "PROMOTER_REQUESTED_BY=${startedBy() ?: ''}",
    ]
    int status = 0
    withEnv(variables) {
        status = sh(
            label: "promoter ${command}",
            returnStatus: true,
            script: 'promoter "$PROMOTER_COMMAND" --request "$PROMOTER_EXCHANGE/request.json"' +
                ' --result "$PROMOTER_EXCHANGE/result.json"'
        )
    }
    return status
}

/** JsonSlurper's maps do not survive a controller restart; plain ones do. */
@NonCPS
private Object plain(String json) {
    return copied(new JsonSlurper().parseText(json))
}

@NonCPS
private Object copied(Object value) {
    if (value instanceof Map) {
        return value.collectEntries([:]) { key, inner -> [(key): copied(inner)] }
    }
    return value instanceof List ? value.collect { inner -> copied(inner) } : value
}

@NonCPS
private String failure(String command, int status, Map result) {
    Map stated = result.error
    return stated
        ? "${stated.kind}: ${stated.message}"
        : "promoter ${command} ended with exit code ${status}; its log is above."
}

/** Says what became of which image; nothing of a command that only looks. */
@NonCPS
private String outcomes(Map result) {
    if (result.release_id) {
        Map counts = result.tags.countBy { tag -> tag.status }
        String words = counts.collect { status, count -> "${count} ${status}" }.join(', ')
        return "release ${result.release_id} ${result.status}: ${words}"
    }
    List each = [result] + (result.tags ?: [])
    return each.findAll { one -> one.status && subject(one) }.collect { one -> outcome(one) }.join(', ')
}

@NonCPS
private String subject(Map one) {
    return one.destination ?: one.image ?: one.build?.name ?: one.build_config ?: one.stream
}

@NonCPS
private String outcome(Map one) {
    String digest = one.digest ?: one.promotion?.digest
    List notes = [
        one.verified == false ? 'not verified from here' : null,
        one.sign_off ? "${one.sign_off.verdict} by ${one.sign_off.application}" : null,
        one.missing ? "not by ${one.missing.join(', ')}" : null,
    ].findAll { part -> part }
    return "${subject(one)} ${one.status}" + (digest ? ": ${digest}" : '') + (notes ? " (${notes.join(', ')})" : '')
}
