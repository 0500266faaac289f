/** Signs an image off under an application's name; see signOffImage.txt. */
Map call(Object parameters = null) {
    return promoterCommand('sign-off', parameters)
}
