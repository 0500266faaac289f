/** Has a cluster import one image, or brings those of a bundle to a registry; see importImage.txt. */
Map call(Map parameters) {
    return promoterCommand(parameters.bundle ? 'import-bundle' : 'import', parameters)
}
