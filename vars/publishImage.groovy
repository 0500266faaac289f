/** Builds an image from a git repository and publishes it under its version; see publishImage.txt. */
Map call(Object parameters = null) {
    return promoterCommand('publish', parameters)
}
