/** Looks at what a promotion would do, and asks people for it; see approvePromotion.txt. */
Map call(Map parameters, Closure prepare = null) {
    List own = ['label', 'supersede', 'approval', 'approvedDigest', 'approvedReplacing']
    Map request = parameters.findAll { name, value -> !(name in own) }
    Map plan = promoterCommand.onAgent(parameters.label, 'promote', request + [dryRun: true], prepare)
    Map approval = awaitApproval(plan)
    if (parameters.supersede) {
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
