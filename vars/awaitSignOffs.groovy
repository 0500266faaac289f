/** Waits until all applications have verified an image; see awaitSignOffs.txt. */
Map call(Map parameters, Closure prepare = null) {
    Map request = parameters.findAll { name, value -> !(name in ['label', 'timeoutMinutes']) }
    Closure ask = { Map more -> promoterCommand.onAgent(parameters.label, 'await-sign-offs', request + more, prepare) }
    long end = System.currentTimeMillis() + ((parameters.timeoutMinutes ?: 1440) * 60000 as long)
    Map first = ask(dryRun: true)
    Map latest = first
    int pause = 5
    while (latest.status == 'waiting' && System.currentTimeMillis() < end) {
        sleep(time: Math.min(pause, secondsUntil(end)), unit: 'SECONDS')
        pause = Math.min(pause * 2, 600)
        latest = ask(dryRun: true)
        if (latest.digest != first.digest) {
            error("refused: ${latest.image} is ${latest.digest} now, and was ${first.digest}: what applications said " +
                'to one image does not count for another. Run it again.')
        }
    }
    // Tags the image, or fails and says why: rejected, or who is still missing.
    return ask(dryRun: false, timeout: '2m')
}

private int secondsUntil(long end) {
    return Math.max(1, ((end - System.currentTimeMillis()) / 1000) as int)
}
