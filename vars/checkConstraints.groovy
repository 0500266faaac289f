/** Compares Dockerfiles with the product's build metadata; see checkConstraints.txt. */
Map call(Object parameters = null) {
    return promoterCommand('constraints check', parameters)
}
