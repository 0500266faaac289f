/** Writes images into a bundle; see exportImage.txt. */
Map call(Object parameters = null) {
    return promoterCommand('export-bundle', parameters)
}
