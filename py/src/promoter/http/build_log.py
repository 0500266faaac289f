"""The log of a build somewhere else, forwarded while it grows."""

from __future__ import annotations

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from http import HTTPStatus

from promoter.errors import Unreachable
from promoter.http.connection import Response

_LONGEST_LINE = 8192
_CONSOLE_NOTE = re.compile(r"\x1b\[8mha:[^\x1b]*\x1b\[0m")

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


class ProgressiveLog(BuildLog):
    """A log in Jenkins: asked for from where the last answer ended.

    The next offset is `X-Text-Size`, never a count of what arrived: the body has its line ends changed. Asked for an
    offset beyond the end, Jenkins sends the whole log again; so a size that shrank means: nothing to say. An answer
    that broke off is asked for again from its beginning; so its bytes are counted.

    Args:
        url: the build's `logText/progressiveText`.
        get: sends a GET, logged in, once.
        say: takes the lines.

    """

    def __init__(self, url: str, get: Callable[[str], Response], say: Say) -> None:
        super().__init__(say)
        self._url = url
        self._get = get
        self._offset = 0
        self._taken = 0
        self._lines = Lines()

    def _forward(self, *, ended: bool) -> None:
        response = self._get(f"{self._url}?start={self._offset}")
        size = response.headers.count("X-Text-Size")
        if response.status != HTTPStatus.OK or size is None:
            response.drain()
            self._complain(f"{self._url} answered {response.status}")
            return
        if size > self._offset:
            self._take(response)
            self._offset, self._taken = size, 0
        else:
            response.drain()
        if ended:
            self._say_lines(self._lines.rest())

    def _take(self, response: Response) -> None:
        """Say what comes, piece by piece: a log may be larger than memory."""
        seen = 0
        for chunk in response.chunks():
            fresh = chunk[max(0, self._taken - seen) :]
            seen += len(chunk)
            self._taken = max(self._taken, seen)
            self._say_lines(self._lines.add(fresh))


class Lines:
    """Cuts text that comes in pieces into lines.

    Lines end with LF or CRLF. What is not UTF-8 is replaced, the notes that Jenkins hides in its logs are left out, and
    of a very long line only the beginning is kept.
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


def _shown(line: str) -> str:
    line = _CONSOLE_NOTE.sub("", line.removesuffix("\r"))
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
