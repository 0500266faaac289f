"""Trying again; imported only once something has failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from promoter.errors import PassingFailure
from promoter.http.connection import ConnectionFailed
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience, TryAgain

Result = TypeVar("Result")


def try_again(attempt: Callable[[], Result], first: Exception, patience: Patience, deadline: Deadline) -> Result:
    """Repeat `attempt`, which failed with `first`, until it succeeds or patience or time is over.

    Raises:
        TryAgain, PassingFailure: the last failure.

    """
    failures = [first]

    def next_attempt() -> Result:
        if failures:
            raise failures.pop()
        return attempt()

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((TryAgain, PassingFailure)),
        wait=lambda state: _wait(state, patience),
        stop=lambda state: state.attempt_number >= patience.attempts or deadline.remaining <= _wait(state, patience),
        before_sleep=_finish_the_answer,
        reraise=True,
    )(next_attempt)


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _finish_the_answer(state: tenacity.RetryCallState) -> None:
    failure = _failure(state)
    if isinstance(failure, TryAgain):
        with suppress(ConnectionFailed):
            failure.response.read()


def _wait(state: tenacity.RetryCallState, patience: Patience) -> float:
    failure = _failure(state)
    asked = retry_after(failure.response.headers.get("Retry-After", "")) if isinstance(failure, TryAgain) else None
    backoff = patience.first_wait * 2.0 ** (state.attempt_number - 1)
    return min(backoff if asked is None else asked, patience.longest_wait)


def retry_after(value: str) -> float | None:
    """Return the seconds that a `Retry-After` header asks for: they, or a date in UTC (RFC 9110, 10.2.3).

    Nothing for a header that is neither.
    """
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())
