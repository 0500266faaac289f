/** Sets tags of image streams to one image; see tagImage.txt. */
Map call(Map parameters) {
    Map result = promoterCommand('tag', parameters)
    List tags = result.tags.collect { tag -> "${tag.destination} ${tag.status}: ${tag.digest}" }
    currentBuild.description = tags.join(', ')
    return result
}
