/** Signs an image off under an application's name; see signOffImage.txt. */
Map call(Map parameters) {
    return promoterCommand('sign-off', parameters)
}
