/** Looks at what a promotion would do, and asks people for it; see approvePromotion.txt. */
Map call(Map parameters, Closure prepare = null) {
    Map request = parameters.findAll { name, value -> !(name in ['label', 'supersede']) }
    Map plan = promoterCommand.onAgent(parameters.label, 'promote', request + [dryRun: true], prepare)
    if (parameters.supersede) {
        pass('asked')
    }
    Map approval = awaitApproval(plan)
    if (parameters.supersede) {
        pass('approved')
    }
    return request + approval
}

/** Ends older builds that are not as far yet, where Jenkins can. */
private void pass(String label) {
    try {
        milestone(label: label)
    } catch (NoSuchMethodError missing) {
        echo 'Older builds go on waiting: the plugin pipeline-milestone-step is not installed.'
    }
}
