"""How often something is tried again, and how an answer says that it is worth it."""

from __future__ import annotations

from typing import NamedTuple

from promoter.http.connection import Response


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
