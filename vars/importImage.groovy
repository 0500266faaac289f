/** Has a cluster import one image into an image stream; see importImage.txt. */
Map call(Map parameters) {
    return promoterCommand('import', parameters)
}
