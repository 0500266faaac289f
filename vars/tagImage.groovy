/** Sets tags of image streams to one image; see tagImage.txt. */
Map call(Map parameters) {
    return promoterCommand('tag', parameters)
}
