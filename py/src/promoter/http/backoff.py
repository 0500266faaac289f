"""Trying again; imported only once something has failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from random import random
from typing import TypeVar

import tenacity

from promoter.errors import PassingFailure
from promoter.http.deadline import Deadline
from promoter.http.patience import Busy, Patience, TryAgain
from promoter.http.waits import Waits

Result = TypeVar("Result")


def try_again(
    attempt: Callable[[], Result], first: Exception, patience: Patience, deadline: Deadline, waits: Waits
) -> Result:
    """Repeat `attempt`, which failed with `first`, until it succeeds or patience or time is over.

    A server that answers 429 or 503 is left in peace for as long by all others, too.

    Raises:
        TryAgain, PassingFailure: the last failure.

    """
    failures = [first]
    luck = random()  # noqa: S311 - nobody gains anything by guessing it

    def next_attempt() -> Result:
        if failures:
            raise failures.pop()
        return attempt()

    def wait(state: tenacity.RetryCallState) -> float:
        return wait_after(_failure(state), state.attempt_number, patience, luck)

    def before_sleep(state: tenacity.RetryCallState) -> None:
        failure, seconds = _failure(state), wait(state)
        if isinstance(failure, TryAgain):
            failure.response.drain()
        if isinstance(failure, TryAgain | Busy) and failure.crowded:
            waits.lulls.begin(failure.crowded, seconds)
        waits.begin(str(failure).rstrip("."), seconds, state.attempt_number + 1, patience.attempts)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((TryAgain, PassingFailure)),
        wait=wait,
        stop=lambda state: state.attempt_number >= patience.attempts or deadline.remaining <= wait(state),
        before_sleep=before_sleep,
        sleep=deadline.pause,
        reraise=True,
    )(next_attempt)


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def wait_after(failure: BaseException | None, attempts: int, patience: Patience, luck: float) -> float:
    """Return for how many seconds to wait after that many attempts.

    Args:
        failure: of the last attempt; if its answer asks for a wait (`Retry-After`), that is the least.
        attempts: how many there were.
        patience: says the least where no answer does, and how much luck may add.
        luck: from 0 to 1.

    """
    asked = retry_after(failure.retry_after) if isinstance(failure, TryAgain | Busy) else None
    backoff = patience.first_wait * 2.0 ** (attempts - 1)
    least = min(backoff if asked is None else asked, patience.longest_wait)
    return least * (1.0 + patience.spread * luck)


def retry_after(value: str) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: they, or a date in UTC (RFC 9110, 10.2.3).

    Nothing for a header that is neither.
    """
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value).replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())
