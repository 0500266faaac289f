"""Telling people why nothing seems to happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


def say_nothing(_line: str) -> None:
    """Take a line and keep it."""


class Lulls:
    """Times in which servers are left in peace, since they answered one request that there are too many.

    `count` is how many there were. Safe to share between threads and clients.
    """

    def __init__(self) -> None:
        self.count = 0
        self._ends: dict[str, float] = {}
        self._lock = Lock()

    def begin(self, host: str, seconds: float) -> None:
        """Leave a host in peace for so many seconds; if it is, then for as many at least."""
        now = time.monotonic()
        with self._lock:
            end = self._ends.get(host, now)
            self.count += end <= now
            self._ends[host] = max(end, now + seconds)

    def remaining(self, host: str) -> float:
        """Return for how many seconds a host is still to be left in peace."""
        return max(0.0, self._ends.get(host, 0.0) - time.monotonic())


class Waits:
    """Says what is waited for before it is tried again: once, however many threads wait for the same.

    Args:
        say: takes a line for people.
        lulls: where hosts are noted that are to be left in peace.

    """

    def __init__(self, say: Callable[[str], None] = say_nothing, lulls: Lulls | None = None) -> None:
        self.lulls = lulls or Lulls()
        self._say = say
        self._ends: dict[str, float] = {}
        self._lock = Lock()

    def begin(self, why: str, seconds: float, attempt: int, attempts: int) -> None:
        """Say that a wait begins, unless one for the same reason is under way.

        Args:
            why: what failed.
            seconds: how long the wait will be.
            attempt: the number of the attempt after it.
            attempts: how many there are at most.

        """
        now = time.monotonic()
        with self._lock:
            if now < self._ends.get(why, now):
                return
            self._ends[why] = now + seconds
        self._say(f"{why}; trying again in {seconds:.1f} s, attempt {attempt} of {attempts}")
