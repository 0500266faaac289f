/** Has a cluster import one image, or brings those of a bundle to a registry; see importImage.txt. */
Map call(Object parameters = null) {
    Map request = promoterCommand.named('import', parameters)
    return promoterCommand(request.bundle ? 'import-bundle' : 'import', request)
}
