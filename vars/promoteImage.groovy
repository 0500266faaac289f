/** Promotes one image; see promoteImage.txt. */
Map call(Map parameters) {
    Map result = promoterCommand('promote', parameters)
    currentBuild.description = "${result.destination} ${result.status}: ${result.digest}"
    return result
}
