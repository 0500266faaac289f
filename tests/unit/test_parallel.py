"""Several calls at once, and one for later."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from promoter.errors import Interrupted, NotFound
from promoter.interrupts import install
from promoter.parallel import WORKERS, Crew, Later, each
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
    end, once = threading.Event(), threading.Lock()
    seen_in_time: list[bool] = []

    def work() -> None:
        if once.acquire(blocking=False):  # a second signal could be given to another test
            wait_until(main_thread_waits, "the main thread to wait")
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        seen_in_time.append(end.wait(10))

    try:
        with pytest.raises(Interrupted):
            wait(work)
        assert seen_in_time == []
    finally:
        end.set()


@pytest.mark.usefixtures("handlers")
def test_what_can_be_stopped_is_waited_for_after_a_signal() -> None:
    install()
    stopped, both = threading.Event(), threading.Barrier(2)
    ended: list[bool] = []

    def call(number: int) -> None:
        both.wait(10)
        if number:
            signal.raise_signal(signal.SIGTERM)
        ended.append(stopped.wait(10))

    with pytest.raises(Interrupted):
        each(call, range(2), stop=stopped.set)
    assert ended == [True, True]


@pytest.mark.usefixtures("handlers")
def test_what_is_waited_for_when_a_signal_comes_is_stopped_though_all_else_has_ended() -> None:
    """CPython takes a thread for ended once a signal breaks its `join` off."""
    install()
    stopped = threading.Event()
    others: list[threading.Thread] = []
    ended: list[bool] = []

    def call(number: int) -> None:
        if number:
            others.append(threading.current_thread())
        else:
            wait_until(lambda: [one.is_alive() for one in others] == [False], "the other thread to end")
            wait_until(main_thread_waits, "the main thread to wait")
            signal.raise_signal(signal.SIGTERM)
            ended.append(stopped.wait(10))

    with pytest.raises(Interrupted):
        each(call, range(2), stop=stopped.set)
    assert ended == [True]


class TestCrew:
    def test_tasks_may_lead_to_others(self) -> None:
        done: list[str] = []
        crew = Crew(2)

        def first() -> None:
            done.append("first")
            crew.add(lambda: done.append("second"))

        crew.add(first)
        crew.work()
        assert done == ["first", "second"]

    def test_no_more_than_so_many_are_under_way(self) -> None:
        crew, together, lock = Crew(3), threading.Barrier(3), threading.Lock()
        under_way, most = 0, 0

        def task() -> None:
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
            together.wait(timeout=10)
            with lock:
                under_way -= 1

        for _ in range(9):
            crew.add(task)
        crew.work()
        assert most == 3

    def test_nothing_is_begun_after_a_failure(self) -> None:
        begun = []
        crew = Crew(2)

        def fail(number: int) -> None:
            begun.append(number)
            crew.add(lambda: begun.append(-1))
            raise NotFound("what happened", "what to do")

        for number in range(100):
            crew.add(partial(fail, number))
        with pytest.raises(NotFound):
            crew.work()
        assert len(begun) <= 4

    def test_half_as_many_go_on_after_a_complaint_and_one_more_after_each_round_without_one(self) -> None:
        complaints, busy, lock = [0], [0], threading.Lock()
        too_many = threading.Event()
        crew = Crew(8, lambda: complaints[0])
        crew.add(lambda: complaints.insert(0, 1))
        crew.work()

        def take_part(together: threading.Barrier) -> None:
            with lock:
                busy[0] += 1
                if busy[0] > together.parties:
                    too_many.set()
            together.wait(timeout=10)
            with lock:
                busy[0] -= 1

        def give_time_to_those_who_must_not_begin() -> None:
            too_many.wait(0.2)

        for parties in range(4, 9):
            together = threading.Barrier(parties, give_time_to_those_who_must_not_begin)
            for _ in range(parties):
                crew.add(partial(take_part, together))
        crew.work()
        assert not too_many.is_set()

    def test_one_goes_on_whatever_is_complained_of(self) -> None:
        complaints: list[int] = []
        crew = Crew(4, lambda: len(complaints))
        for number in range(20):
            crew.add(partial(complaints.append, number))
        crew.work()
        assert len(complaints) == 20

    @pytest.mark.usefixtures("handlers")
    def test_a_signal_does_not_wait_for_what_is_under_way(self) -> None:
        install()
        end = threading.Event()
        crew = Crew(2)

        def ask_for_the_end() -> None:
            signal.raise_signal(signal.SIGTERM)
            end.wait(10)

        crew.add(ask_for_the_end)
        try:
            with pytest.raises(Interrupted):
                crew.work()
            assert not end.is_set()
        finally:
            end.set()
