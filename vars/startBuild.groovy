/** Starts a build of a BuildConfig, follows it, and tags what it pushed; see startBuild.txt. */
Map call(Object parameters = null) {
    return promoterCommand('start-build', parameters)
}
