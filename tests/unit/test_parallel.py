"""Several calls at once, and one for later."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from promoter.errors import Interrupted, NotFound
from promoter.interrupts import install
from promoter.parallel import WORKERS, Later, each
from tests.support.waiting import wait_until


def main_thread_waits() -> bool:
    return Path(f"/proc/self/task/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_outcomes_come_in_the_order_of_their_items() -> None:
    assert each(lambda number: number * 2, range(3 * WORKERS)) == list(range(0, 6 * WORKERS, 2))


def test_six_calls_are_under_way_at_once() -> None:
    together = threading.Barrier(WORKERS)
    assert sorted(each(lambda _: together.wait(timeout=10), range(WORKERS))) == list(range(WORKERS))


def test_nothing_is_begun_after_a_failure() -> None:
    begun = []

    def fail(number: int) -> None:
        begun.append(number)
        raise NotFound("what happened", "what to do")

    with pytest.raises(NotFound):
        each(fail, range(100))
    assert len(begun) <= WORKERS


def test_a_failure_is_raised_where_the_outcome_is_asked_for() -> None:
    def fail() -> None:
        raise NotFound("what happened", "what to do")

    later = Later(fail)
    with pytest.raises(NotFound):
        later.outcome()


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(lambda work: each(lambda _: work(), range(2)), id="each"),
        pytest.param(lambda work: Later(work).outcome(), id="later"),
    ],
)
def test_a_signal_that_another_thread_is_given_ends_the_wait(wait: Callable[[Callable[[], None]], object]) -> None:
    install()
    end = threading.Event()
    seen_in_time: list[bool] = []

    def work() -> None:
        wait_until(main_thread_waits, "the main thread to wait")
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        seen_in_time.append(end.wait(10))

    try:
        with pytest.raises(Interrupted):
            wait(work)
        assert seen_in_time == []
    finally:
        end.set()
