"""The log of a build, forwarded while it grows.

A build in a pod has its log at `builds/NAME/log`. One with the JenkinsPipeline strategy has none there: Jenkins' sync
plugin notes on the build where Jenkins keeps it.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from promoter.errors import PassingFailure, Unreachable
from promoter.http.build_log import BuildLog, Lines, ProgressiveLog, Say
from promoter.http.connection import Response, origin_of
from promoter.openshift.builds import Build, Builds

_CONSOLE = "/consoleText"


class PodLog(BuildLog):
    """The log of a build in a pod: a stream that lasts as long as the build does.

    A stream that broke off begins again with the first line; so the lines are counted.
    """

    def __init__(self, builds: Builds, name: str, say: Say) -> None:
        super().__init__(say)
        self._builds = builds
        self._name = name
        self._said = 0

    def _forward(self, *, ended: bool) -> None:
        response = self._builds.api.stream(f"{self._builds.path}/{self._name}/log", follow="true")
        if response.status != HTTPStatus.OK:
            response.drain()
            return
        lines, seen = Lines(), 0
        try:
            for chunk in response.chunks():
                seen = self._say_new(lines.add(chunk), seen)
        except PassingFailure:  # a minute of silence, too, ends it
            return
        if ended:
            self._say_new(lines.rest(), seen)

    def _say_new(self, lines: list[str], seen: int) -> int:
        self._say_lines(lines[max(0, self._said - seen) :])
        seen += len(lines)
        self._said = max(self._said, seen)
        return seen


class JenkinsLog(ProgressiveLog):
    """A pipeline build's log, in Jenkins."""

    def __init__(self, builds: Builds, url: str, say: Say) -> None:
        def get(page: str) -> Response:
            return builds.api.http.send("GET", page, builds.api.headers())

        super().__init__(f"{url.removesuffix(_CONSOLE)}/logText/progressiveText", get, say)


class LogElsewhere(BuildLog):
    """A log that is not read here: only where it is is said."""

    def __init__(self, url: str, say: Say) -> None:
        super().__init__(say)
        say(f"the build's log is at {url}")

    def _forward(self, *, ended: bool) -> None:
        """Leave it to people."""


def log_of(builds: Builds, build: Build, jenkins: str | None, say: Say) -> BuildLog | None:
    """Return the log to forward, once it is known where it is.

    Args:
        builds: where the build is.
        build: the build.
        jenkins: the URL below which a log may be read with this cluster's token; a log elsewhere is only named, since
            the build's annotations must not decide where a token goes.
        say: takes the lines.

    """
    if not build.is_pipeline:
        return None if build.is_waiting else PodLog(builds, build.name, say)
    if build.log_url is None:
        return None
    if jenkins and _covers(jenkins, build.log_url):
        return JenkinsLog(builds, build.log_url, say)
    return LogElsewhere(build.log_url, say)


def _covers(jenkins: str, url: str) -> bool:
    """Tell whether a URL is below another one, over TLS, with no way back up."""
    try:
        same = origin_of(url) == origin_of(jenkins)
    except Unreachable:
        return False
    path, above = unquote(urlsplit(url).path), unquote(urlsplit(jenkins).path).rstrip("/")
    return same and origin_of(url)[0] == "https" and path.startswith(f"{above}/") and "/.." not in path
