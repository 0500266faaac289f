/** Looks at what a promotion would do, and asks people for it; see approvePromotion.txt. */
Map call(Object parameters = null, Closure prepare = null) {
    Map given = promoterCommand.named('promote', parameters)
    boolean supersede = promoterCommand.setting(given, 'supersede', false)
    List own = ['label', 'supersede', 'approval', 'approvedDigest', 'approvedReplacing']
    Map request = given.findAll { name, value -> !(name in own) }
    Map look = request + [dryRun: request.dryRun ?: true]  // The helper refuses what is no truth.
    Map plan = promoterCommand.onAgent(given, 'promote', look, prepare)
    if (request.dryRun) {
        return request
    }
    Map approval = awaitApproval(plan)
    if (supersede) {
        endOlderBuilds()
    }
    return request + approval
}

/** Ends older builds that are not here yet, where Jenkins can. Before the question it would end them unapproved. */
private void endOlderBuilds() {
    try {
        milestone(label: 'approved')
    } catch (NoSuchMethodError missing) {
        echo 'Older builds go on waiting: the plugin pipeline-milestone-step is not installed.'
    }
}
