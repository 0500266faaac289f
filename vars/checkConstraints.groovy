/** Compares Dockerfiles with the product's build metadata; see checkConstraints.txt. */
Map call(Map parameters) {
    return promoterCommand('constraints check', parameters)
}
