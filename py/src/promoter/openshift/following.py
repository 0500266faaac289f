"""Following a build to its end."""

from __future__ import annotations

from promoter.errors import Unreachable
from promoter.http.build_log import BuildLog, Say
from promoter.http.deadline import Deadline
from promoter.openshift.build_logs import log_of
from promoter.openshift.builds import Build, Builds
from promoter.openshift.waiting import Waiting


def follow(builds: Builds, name: str, jenkins: str | None, deadline: Deadline, say: Say) -> Build:
    """Wait for a build's end, saying its log line by line meanwhile. While the API is away, it is waited for.

    Args:
        builds: where the build is.
        name: the build.
        jenkins: the URL of the Jenkins whose logs may be read with this cluster's token.
        deadline: when to give up.
        say: takes the lines.

    Raises:
        TimedOut: it had not ended by then.
        NotFound, NotPermitted: it cannot be seen, or no longer.

    """
    waiting = Waiting(deadline, f"following the build {builds.project}/{name}")
    log: BuildLog | None = None
    while True:
        try:
            build = builds.get(name)
        except Unreachable as failure:
            say(f"(the build cannot be seen just now: {failure.message})")
        else:
            log = log or log_of(builds, build, jenkins, say)
            if log:
                log.forward(ended=build.has_ended)
            if build.has_ended:
                return build
        waiting.pause()
