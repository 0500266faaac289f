"""Pauses between looks at something that takes its time."""

from __future__ import annotations

import time

from promoter.http.deadline import Deadline

_FIRST = 0.2
_LONGEST = 2.0
_GROWTH = 1.5


class Waiting:
    """Pauses that are short at first, then longer: what is over soon is seen soon, what is not is left in peace.

    Args:
        deadline: when to give up.
        doing: what is waited for, to be named then.

    """

    def __init__(self, deadline: Deadline, doing: str) -> None:
        self._deadline = deadline
        self._doing = doing
        self._next = _FIRST

    def pause(self) -> None:
        """Sleep, from a fifth of a second up to two seconds.

        Raises:
            TimedOut: the deadline has passed.

        """
        time.sleep(min(self._next, self._deadline.require(self._doing)))
        self._deadline.require(self._doing)
        self._next = min(self._next * _GROWTH, _LONGEST)
