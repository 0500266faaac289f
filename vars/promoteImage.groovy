import com.cloudbees.groovy.cps.NonCPS

/** Promotes one image; see promoteImage.txt. */
Map call(Object parameters = null) {
    Map request = promoterCommand.named('promote', parameters)
    promoterCommand.requireAgent()
    boolean isNamed = request.source instanceof CharSequence && request.destination instanceof CharSequence
    if (request.dryRun || !isNamed) {  // The helper says what is missing.
        return promoterCommand('promote', request)
    }
    return takingTurns(place(request)) { promoterCommand('promote', request) }
}

/** What is promoted to where, without tag and digest: production/web. */
@NonCPS
private String place(Map request) {
    String destination = untagged("${request.destination}")
    String name = untagged("${request.source}").replaceFirst('^.*/', '')
    return destination.contains('/') ? destination : "${destination}/${name}"
}

@NonCPS
private String untagged(String image) {
    String withoutUser = image.replaceFirst('^.*@(?=.*/)', '')
    return withoutUser.replaceFirst('@.*', '').replaceFirst(':[^/]*$', '')
}
