"""Telling people why nothing seems to happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


def say_nothing(_line: str) -> None:
    """Take a line and keep it."""


class Waits:
    """Says what is waited for before it is tried again: once, however many threads wait for the same.

    Args:
        say: takes a line for people.

    """

    def __init__(self, say: Callable[[str], None] = say_nothing) -> None:
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
