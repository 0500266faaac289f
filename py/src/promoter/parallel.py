"""Doing the same to many things at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import Generic, TypeVar

WORKERS = 6
_STEP_SECONDS = 0.5
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Later(Generic[Outcome]):
    """Something that is begun now, in a thread of its own, and whose outcome is asked for later.

    Args:
        function: what to do; nothing that would have to be cleaned up, since a signal does not wait for it.

    """

    def __init__(self, function: Callable[[], Outcome]) -> None:
        self._function = function
        self._outcome: list[Outcome] = []
        self._failure: Exception | None = None
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def outcome(self) -> Outcome:
        """Wait for the end and return what came of it.

        Raises:
            Exception: what the function raised.

        """
        _join(self._thread)
        if self._failure:
            raise self._failure
        return self._outcome[0]

    def _work(self) -> None:
        try:
            self._outcome.append(self._function())
        except Exception as failure:  # noqa: BLE001 - raised again where the outcome is asked for
            self._failure = failure


def each(function: Callable[[Item], Outcome], items: Iterable[Item]) -> list[Outcome]:
    """Return what the function gives for each item, in their order, with up to six calls under way.

    A signal is not kept waiting by calls under way: their threads end with the process.

    Raises:
        Exception: the first one that a call raised; no call is begun after it.

    """
    todo = list(items)
    if len(todo) < 2:  # noqa: PLR2004 - a thread for one is a detour
        return [function(item) for item in todo]
    tickets = iter([*enumerate(todo)])  # of a list: threads can share it
    outcomes: dict[int, Outcome] = {}
    failures: list[Exception] = []

    def work() -> None:
        for position, item in tickets:
            try:
                outcomes[position] = function(item)
            except Exception as failure:  # noqa: BLE001 - raised again below, where it can be caught
                failures.append(failure)
                _drop(tickets)

    threads = [Thread(target=work, daemon=True) for _ in range(min(WORKERS, len(todo)))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            _join(thread)
    finally:
        _drop(tickets)
    if failures:
        raise failures[0]
    return [outcomes[position] for position in range(len(todo))]


def _join(thread: Thread) -> None:
    """Wait for a thread to end.

    In steps: a signal that arrives in the moment before a wait begins, or that another thread is given, is seen when
    the wait ends.
    """
    while thread.is_alive():
        thread.join(_STEP_SECONDS)


def _drop(tickets: Iterator[object]) -> None:
    """Take all that are left: what has not begun never will."""
    deque(tickets, maxlen=0)
