"""Showing how far a release has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

_EVERY_SECONDS = 10.0
_MEGA = 1_000_000


class Progress:
    """Says from time to time how many images and bytes have come; safe to share between threads.

    Args:
        images: how many are to come.
        say: takes a line for people.

    """

    def __init__(self, images: int, say: Callable[[str], None]) -> None:
        self._images = images
        self._say = say
        self._arrived = 0
        self._bytes = 0
        self._begun = self._said = time.monotonic()
        self._lock = Lock()

    def image(self) -> None:
        """Take note that an image is there."""
        with self._lock:
            self._arrived += 1
        self._tell()

    def bytes(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on what comes, and count it."""
        for chunk in chunks:
            with self._lock:
                self._bytes += len(chunk)
            self._tell()
            yield chunk

    def _tell(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._said < _EVERY_SECONDS:
                return
            self._said = now
            arrived, brought = self._arrived, self._bytes / _MEGA
        rate = brought / (now - self._begun)
        self._say(f"{arrived} of {self._images} images are there; {brought:.0f} MB brought, {rate:.1f} MB/s")
