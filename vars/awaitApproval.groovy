import com.cloudbees.groovy.cps.NonCPS
import groovy.transform.Field

@Field boolean isAsking = false

/** Asks people for the approval that a promotion still takes; see awaitApproval.txt. */
Map call(Object result = null) {
    promoterCommand.requireNoAgent()
    Map plan = planOf(result)
    if (!plan.approval) {
        echo "${plan.destination} ${plan.status}: no approval is asked for."
        return [:]
    }
    if (isAsking) {
        // A second question would have the same address, and an answer to it could reach the first.
        error("This build asks for another approval already: ask for ${plan.destination} after it, not beside it.")
    }
    Map approvals = [:]
    String outcome = 'not approved'
    isAsking = true
    try {
        timeout(time: Math.max(1, plan.approval.timeout_seconds as int), unit: 'SECONDS') {
            currentBuild.description = "${plan.destination} awaits approval: ${plan.digest}"
            while (approvals.size() < plan.approval.needed) {
                approvals += ask(plan, approvals)
            }
        }
        outcome = 'approved'
    } finally {
        isAsking = false
        currentBuild.description = "${plan.destination} ${outcome}: ${plan.digest}"
        echo currentBuild.description
    }
    return [
        approval         : approvals.collect { id, why -> why ? "${id}: ${why}".toString() : id },
        approvedDigest   : plan.digest,
        approvedReplacing: plan.previous_digest ?: 'nothing',
    ]
}

/** Returns what the helper planned. Anything else has no approval in it either, and would pass as asking for none. */
private Map planOf(Object result) {
    boolean isPlan = result instanceof Map && result.destination && result.digest
    if (!isPlan || !(result.approval == null || result.approval instanceof Map)) {
        promoterCommand.refuse('awaitApproval takes the result of promoteImage(dryRun: true), or of a receive with ' +
            'untilApproval, as it is.')
    }
    return result
}

/** Returns the answer as [ID: why], or nothing if whoever answered may not. */
private Map ask(Map plan, Map approvals) {
    List people = plan.approval.by.findAll { id -> !(id in approvals.keySet()) }
    String message = question(plan, approvals)
    echo message
    def answer = input(
        id: 'Promotion',
        message: message,
        ok: 'Promote',
        submitter: people.join(','),
        submitterParameter: 'APPROVER',
        parameters: [string(name: 'REASON', defaultValue: '', description: 'Why; it is kept with the image')]
    )
    // Without its parameters, as proceedEmpty sends it, an answer is whoever sent it.
    Map given = answer instanceof Map ? answer : [APPROVER: answer]
    if (!(given.APPROVER in people)) {
        // Administrators may answer every question, and Jenkins does not say that they did so as such.
        echo "${given.APPROVER} is not among those who can approve this: ${people.join(', ')}. Asking again."
        return [:]
    }
    return [(given.APPROVER): (given.REASON ?: '').replaceAll('\\s+', ' ').trim()]
}

@NonCPS
private String question(Map plan, Map approvals) {
    Map asked = plan.approval
    String others = approvals ? " (${approvals.keySet().join(', ')})" : ''
    return [
        "Promote to ${plan.destination}?",
        "digest: ${plan.digest}",
        "from: ${plan.source}",
        "replaces: ${plan.previous_digest ?: 'nothing'}",
        "asked for by: ${asked.requested_by}",
        "approvals: ${approvals.size()} of ${asked.needed}${others}",
        plan.open_gates ? "open gates: ${plan.open_gates.join('; ')}" : null,
    ].findAll { part -> part }.join('\n')
}
