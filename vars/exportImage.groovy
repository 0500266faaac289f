/** Writes images into a bundle; see exportImage.txt. */
Map call(Map parameters) {
    return promoterCommand('export-bundle', parameters)
}
