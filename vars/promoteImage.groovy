import com.cloudbees.groovy.cps.NonCPS

/** Promotes one image; see promoteImage.txt. */
Map call(Map parameters) {
    if (parameters.dryRun) {
        return promoterCommand('promote', parameters)
    }
    return takingTurns(place(parameters)) { promoterCommand('promote', parameters) }
}

/** What is promoted to where, without tag and digest: production/web. */
@NonCPS
private String place(Map parameters) {
    String destination = untagged("${parameters.destination}")
    String name = untagged("${parameters.source}").split('/').last()
    return destination.contains('/') ? destination : "${destination}/${name}"
}

@NonCPS
private String untagged(String image) {
    String withoutUser = image.replaceFirst('^.*@(?=.*/)', '')
    return withoutUser.replaceFirst('@.*', '').replaceFirst(':[^/]*$', '')
}
