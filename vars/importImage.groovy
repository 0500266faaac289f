/** Has a cluster import one image into an image stream; see importImage.txt. */
Map call(Map parameters) {
    Map result = promoterCommand('import', parameters)
    currentBuild.description = "${result.destination} ${result.status}: ${result.digest}"
    return result
}
