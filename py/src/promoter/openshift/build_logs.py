"""The log of a build, forwarded while it grows.

A build in a pod has its log at `builds/NAME/log`. One with the JenkinsPipeline strategy has none there: Jenkins' sync
plugin notes on the build where Jenkins keeps it.
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from promoter.errors import PassingFailure, Unreachable
from promoter.http.connection import origin_of
from promoter.openshift.builds import Build, Builds

_CONSOLE = "/consoleText"
_LONGEST_LINE = 8192

Say = Callable[[str], None]


class BuildLog(ABC):
    """A log whose lines are said, each once. It never gets in the way: a build is followed with its log or without."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._complained = False

    def forward(self, *, ended: bool) -> None:
        """Say what is new.

        Args:
            ended: whether the build is over, so that nothing more will come.

        Raises:
            TimedOut: the deadline has passed.

        """
        try:
            self._forward(ended=ended)
        except Unreachable as failure:
            self._complain(failure.message)

    @abstractmethod
    def _forward(self, *, ended: bool) -> None:
        """Say what is new; an `Unreachable` is told once."""

    def _say_lines(self, lines: list[str]) -> None:
        for line in lines:
            self._say(f"| {line}")

    def _complain(self, why: str) -> None:
        if not self._complained:
            self._complained = True
            self._say(f"(the build's log cannot be read just now: {why})")


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


class JenkinsLog(BuildLog):
    """A pipeline build's log, in Jenkins: asked for from where the last answer ended."""

    def __init__(self, builds: Builds, url: str, say: Say) -> None:
        super().__init__(say)
        self._api = builds.api
        self._url = f"{url.removesuffix(_CONSOLE)}/logText/progressiveText"
        self._offset = 0
        self._lines = Lines()

    def _forward(self, *, ended: bool) -> None:
        """Ask for the rest.

        The next offset is `X-Text-Size`, never a count of what arrived: the body has its line ends changed. Asked for
        an offset beyond the end, Jenkins sends the whole log again; so a size that shrank means: nothing to say.
        """
        response = self._api.http.send("GET", f"{self._url}?start={self._offset}", self._api.headers())
        body, size = response.read(), response.headers.count("X-Text-Size")
        if response.status != HTTPStatus.OK or size is None:
            self._complain(f"{self._url} answered {response.status}")
            return
        if size > self._offset:
            self._offset = size
            self._say_lines(self._lines.add(body))
        if ended:
            self._say_lines(self._lines.rest())


class LogElsewhere(BuildLog):
    """A log that is not read here: only where it is is said."""

    def __init__(self, url: str, say: Say) -> None:
        super().__init__(say)
        say(f"the build's log is at {url}")

    def _forward(self, *, ended: bool) -> None:
        """Leave it to people."""


class Lines:
    """Cuts text that comes in pieces into lines.

    Lines end with LF or CRLF. What is not UTF-8 is replaced, and of a very long line only the beginning is kept.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._open = ""

    def add(self, piece: bytes) -> list[str]:
        """Return the lines that are whole with this piece."""
        *whole, rest = (self._open + self._decoder.decode(piece)).split("\n")
        self._open = rest[: _LONGEST_LINE + 1]
        return [_shown(line) for line in whole]

    def rest(self) -> list[str]:
        """Return the last line, if it has no end."""
        rest, self._open = self._open + self._decoder.decode(b"", final=True), ""
        return [_shown(rest)] if rest else []


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


def _shown(line: str) -> str:
    line = line.removesuffix("\r")
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
