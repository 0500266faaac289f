"""How often something is tried again, and how an answer says that it is worth it."""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import PassingFailure
from promoter.http.connection import Response


class Patience(NamedTuple):
    """How often, and after what waits, something that failed in passing is tried again.

    Args:
        attempts: how many times in all.
        first_wait: seconds before the second attempt; it doubles with each further one.
        longest_wait: seconds; also the most that a server's `Retry-After` is waited for.
        spread: up to which share of it a wait is made longer by chance, so that those who failed together do not all
            come back together.

    """

    attempts: int = 6
    first_wait: float = 0.25
    longest_wait: float = 60.0
    spread: float = 0.5


_TOO_MANY = frozenset({429, 503})


class Busy(PassingFailure):
    """A service answered that it may be better next time; what it said is passed on in words.

    Args:
        message: what happened.
        remedy: what to do next.
        response: the answer.

    """

    def __init__(self, message: str, remedy: str, response: Response) -> None:
        super().__init__(message, remedy)
        self.retry_after = response.headers.get("Retry-After")
        self.crowded = _crowded(response)


class TryAgain(Exception):
    """The answer was one that may be better next time.

    Args:
        response: the answer; its body has not been read.

    """

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.host} answered {response.status}")
        self.response = response
        self.retry_after = response.headers.get("Retry-After")
        self.crowded = _crowded(response)


def _crowded(response: Response) -> str | None:
    """Return the host that answered, if it said that there are too many requests."""
    return response.host if response.status in _TOO_MANY else None
