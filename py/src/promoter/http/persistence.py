"""What is tried again, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from promoter.errors import PassingFailure
from promoter.http.connection import Response
from promoter.http.deadline import Deadline

Result = TypeVar("Result")


class Patience(NamedTuple):
    """How often, and after what waits, something that failed in passing is tried again.

    Args:
        attempts: how many times in all.
        first_wait: seconds before the second attempt; it doubles with each further one.
        longest_wait: seconds; also the most that a server's `Retry-After` is waited for.

    """

    attempts: int = 6
    first_wait: float = 0.25
    longest_wait: float = 60.0


class TryAgain(Exception):
    """The answer was one that may be better next time.

    Args:
        response: the answer; its body has not been read.

    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def persist(attempt: Callable[[], Result], patience: Patience, deadline: Deadline) -> Result:
    """Call `attempt` until it succeeds, fails for good, or patience or time is over.

    Raises:
        TryAgain, PassingFailure: the last failure of the kind that is tried again.

    """
    try:
        return attempt()
    except (TryAgain, PassingFailure) as failure:
        from promoter.http.backoff import try_again  # noqa: PLC0415 - most commands never need it

        return try_again(attempt, failure, patience, deadline)
