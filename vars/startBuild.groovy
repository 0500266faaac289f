/** Starts a build of a BuildConfig, follows it, and tags what it pushed; see startBuild.txt. */
Map call(Map parameters) {
    Map result = promoterCommand('start-build', parameters)
    List words = result.build
        ? [result.build.name, result.build.phase, result.digest]
        : [result.build_config, result.status]
    currentBuild.description = words.findAll().join(' ')
    return result
}
