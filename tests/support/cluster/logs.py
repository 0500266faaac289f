"""The log of a build, read while it grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator


class BuildLog:
    """Lines written by one thread and read by many."""

    def __init__(self) -> None:
        self._grown = threading.Condition()
        self._text = b""
        self._closed = False

    def write(self, line: str) -> None:
        with self._grown:
            self._text += line.encode() + b"\n"
            self._grown.notify_all()

    def close(self) -> None:
        with self._grown:
            self._closed = True
            self._grown.notify_all()

    def read(self) -> tuple[bytes, bool]:
        """Return what is there, and whether that is all."""
        with self._grown:
            return self._text, self._closed

    def follow(self) -> Iterator[bytes]:
        """Yield what is there and then what comes, to the end of the log."""
        sent = 0
        while piece := self._after(sent):
            sent += len(piece)
            yield piece

    def _after(self, offset: int) -> bytes:
        with self._grown:
            self._grown.wait_for(lambda: self._closed or len(self._text) > offset)
            return self._text[offset:]
