/** Promotes one image; see promoteImage.txt. */
Map call(Map parameters) {
    Map result = promoterCommand('promote', parameters)
    String unseen = result.verified == false ? ' (not verified from here)' : ''
    currentBuild.description = "${result.destination} ${result.status}: ${result.digest}${unseen}"
    return result
}
