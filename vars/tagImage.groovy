/** Sets tags of image streams to one image; see tagImage.txt. */
Map call(Object parameters = null) {
    return promoterCommand('tag', parameters)
}
