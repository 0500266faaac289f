/** Waits until all applications have verified an image; see awaitSignOffs.txt. */
Map call(Object parameters = null, Closure prepare = null) {
    Map given = promoterCommand.named('await-sign-offs', parameters)
    Map request = given.findAll { name, value -> !(name in ['label', 'timeoutMinutes']) }
    Closure ask = { Map more -> promoterCommand.onAgent(given, 'await-sign-offs', request + more, prepare) }
    long milliseconds = (promoterCommand.setting(given, 'timeoutMinutes', 1440) * 60000) as long
    long end = System.currentTimeMillis() + milliseconds
    Map first = ask(dryRun: request.dryRun ?: true)  // The helper refuses what is no truth.
    if (request.dryRun) {
        return first
    }
    Map latest = first
    int pause = 5
    while (latest.status == 'waiting' && System.currentTimeMillis() < end) {
        sleep(time: Math.min(pause, secondsUntil(end)), unit: 'SECONDS')
        pause = Math.min(pause * 2, 600)
        latest = lookAgain(ask, latest)
        if (latest.digest != first.digest) {
            error("refused: ${latest.image} is ${latest.digest} now, and was ${first.digest}: what applications said " +
                'to one image does not count for another. Run it again.')
        }
    }
    // Tags the image, or fails and says why: rejected, or who is still missing.
    return ask(dryRun: false, timeout: latest.status == 'waiting' ? '20s' : '2m')
}

/** Looks once more; while the registry is away, it stands as before. */
private Map lookAgain(Closure ask, Map before) {
    try {
        return ask(dryRun: true)
    } catch (IOException failed) {  // What `error` throws is one.
        if (!failed.message?.startsWith('unreachable: ')) {
            throw failed
        }
        echo "${failed.message} Looking again later."
        return before
    }
}

private int secondsUntil(long end) {
    return Math.max(1, ((end - System.currentTimeMillis()) / 1000) as int)
}
