import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonOutput
import groovy.json.JsonSlurper

/** The one door to the helper: every step goes through it. The parameters travel in a file, so no shell sees them. */
Map call(String command, Map parameters) {
    String exchange = ".promoter/${UUID.randomUUID()}"
    try {
        writeFile file: "${exchange}/request.json", text: JsonOutput.toJson(parameters)
        int status = 0
        withEnv(["PROMOTER_COMMAND=${command}", "PROMOTER_EXCHANGE=${exchange}"]) {
            status = sh(
                label: "promoter ${command}",
                returnStatus: true,
                script: 'promoter "$PROMOTER_COMMAND" --request "$PROMOTER_EXCHANGE/request.json"' +
                    ' --result "$PROMOTER_EXCHANGE/result.json"'
            )
        }
        String written = fileExists("${exchange}/result.json") ? readFile("${exchange}/result.json") : '{}'
        Map result = plain(written)
        if (status != 0) {
            error(failure(command, status, result))
        }
        return result
    } finally {
        dir(exchange) {
            deleteDir()
        }
    }
}

/** JsonSlurper's maps do not survive a controller restart; plain ones do. */
@NonCPS
private Map plain(String json) {
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
        ? "${stated.kind}: ${stated.message} ${stated.remedy}"
        : "promoter ${command} ended with exit code ${status} and left no result; its log is above."
}
