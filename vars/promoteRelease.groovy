/** Promotes many images at once; see promoteRelease.txt. */
Map call(Object parameters = null, Closure prepare = null) {
    Map given = promoterCommand.named('release', parameters)
    Map request = given.findAll { name, value -> !(name in ['shards', 'label', 'turn']) }
    int shards = promoterCommand.setting(given, 'shards', 1) as int
    if (shards < 2) {
        promoterCommand.requireAgent()
        return inTurn(given) {
            if (prepare) {
                prepare()
            }
            promoterCommand('release', request)
        }
    }
    promoterCommand.requireNoAgent()
    if (!request.dryRun) {
        bring(shards, given, request, prepare)
    }
    return inTurn(given) { promoterCommand.onAgent(given, 'release', request, prepare) }
}

/** Brings the blobs, each shard on an agent of its own; no tag is touched. */
private void bring(int shards, Map given, Map request, Closure prepare) {
    Map branches = [failFast: true]
    for (int number = 1; number <= shards; number++) {
        String shard = "${number}/${shards}"
        branches["shard ${shard}" as String] = {
            promoterCommand.onAgent(given, 'release', request + [shard: shard], prepare)
        }
    }
    parallel(branches)
}

private Map inTurn(Map given, Closure body) {
    return given.dryRun ? body() : takingTurns(promoterCommand.setting(given, 'turn', 'releases'), body)
}
