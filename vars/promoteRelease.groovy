/** Promotes many images at once; see promoteRelease.txt. */
Map call(Map parameters, Closure prepare = null) {
    Map request = parameters.findAll { name, value -> !(name in ['shards', 'label', 'turn']) }
    int shards = (parameters.shards ?: 1) as int
    if (shards < 2) {
        return inTurn(parameters) {
            if (prepare) {
                prepare()
            }
            promoterCommand('release', request)
        }
    }
    if (env.NODE_NAME) {
        error('With shards this step takes agents of its own, and this one would wait for them: call it outside of ' +
            '`node`, in a pipeline with `agent none` and an agent for each stage that needs one.')
    }
    if (!parameters.dryRun) {
        bring(shards, parameters.label, request, prepare)
    }
    return inTurn(parameters) { promoterCommand.onAgent(parameters.label, 'release', request, prepare) }
}

/** Brings the blobs, each shard on an agent of its own; no tag is touched. */
private void bring(int shards, String label, Map request, Closure prepare) {
    Map branches = [failFast: true]
    for (int number = 1; number <= shards; number++) {
        String shard = "${number}/${shards}"
        branches["shard ${shard}" as String] = {
            promoterCommand.onAgent(label, 'release', request + [shard: shard], prepare)
        }
    }
    parallel(branches)
}

private Map inTurn(Map parameters, Closure body) {
    return parameters.dryRun ? body() : takingTurns(parameters.turn ?: 'releases', body)
}
