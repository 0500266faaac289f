/** Starts a build of a BuildConfig, follows it, and tags what it pushed; see startBuild.txt. */
Map call(Map parameters) {
    return promoterCommand('start-build', parameters)
}
