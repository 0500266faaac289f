"""Trying again what failed in passing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from promoter.errors import PassingFailure
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience, TryAgain
from promoter.http.waits import Waits

Result = TypeVar("Result")


def persist(attempt: Callable[[], Result], patience: Patience, deadline: Deadline, waits: Waits) -> Result:
    """Call `attempt` until it succeeds, fails for good, or patience or time is over; `waits` are said meanwhile.

    Raises:
        TryAgain, PassingFailure: the last failure of the kind that is tried again.

    """
    try:
        return attempt()
    except (TryAgain, PassingFailure) as failure:
        from promoter.http.backoff import try_again  # noqa: PLC0415 - most commands never need it

        return try_again(attempt, failure, patience, deadline, waits)
