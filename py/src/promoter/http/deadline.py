"""The time a command has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from promoter.errors import TimedOut


class Deadline:
    """The end of the time a command was given.

    Args:
        seconds: how long, from the moment the instance is made.

    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._leaving = Event()

    @property
    def remaining(self) -> float:
        """Seconds left; negative when it is over."""
        return self._end - time.monotonic()

    def allow(self, seconds: float) -> None:
        """See to it that so many seconds are left at least, for what must not be stopped once it has begun."""
        self._end = max(self._end, time.monotonic() + seconds)

    def leave(self, seconds: float) -> None:
        """Leave so many seconds from now, whatever was left: for the way out. Pauses that are under way end."""
        self._end = time.monotonic() + seconds
        leaving, self._leaving = self._leaving, Event()
        leaving.set()

    def pause(self, seconds: float) -> None:
        """Wait before something is tried again.

        Raises:
            TimedOut: the way out was begun meanwhile: nothing is tried again.

        """
        if self._leaving.wait(seconds):
            raise TimedOut("It was not tried again, since something else ended this.", "See what that was.")

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Put the end back afterwards, whatever was allowed or left meanwhile: for one of several things to do."""
        end = self._end
        try:
            yield
        finally:
            self._end = end

    def require(self, doing: str) -> float:
        """Return the seconds left.

        Raises:
            TimedOut: there are none.

        """
        if (left := self.remaining) > 0:
            return left
        raise TimedOut(
            f"Timed out after {self.seconds:g} s while {doing}.",
            "Give it more time (--timeout), or run it again: it goes on from what is there.",
        )
