"""Doing the same to many things at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

from promoter.errors import Interrupted

WORKERS = 6
_STEP_SECONDS = 0.5
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class _Worker(Thread):
    """A thread that ends with the process, and tells whether it has ended.

    `is_alive` does not: after a signal that arrived during `join` it takes a thread for ended that goes on
    (https://github.com/python/cpython/issues/90882).
    """

    def __init__(self, target: Callable[[], None]) -> None:
        super().__init__(target=target, daemon=True)
        self._ended = Event()

    def run(self) -> None:
        """Do what there is to do."""
        try:
            super().run()
        finally:
            self._ended.set()

    @property
    def is_under_way(self) -> bool:
        """Whether it was begun and has not ended."""
        return self.ident is not None and not self._ended.is_set()

    def see_through(self) -> None:
        """Wait for the end.

        In steps: a signal that arrives in the moment before a wait begins, or that another thread is given, is seen
        when the wait ends.
        """
        while self.is_under_way:
            self._ended.wait(_STEP_SECONDS)


class Later(Generic[Outcome]):
    """Something that is begun now, in a thread of its own, and whose outcome is asked for later.

    Args:
        function: what to do; nothing that would have to be cleaned up, since a signal does not wait for it.

    """

    def __init__(self, function: Callable[[], Outcome]) -> None:
        self._function = function
        self._outcome: list[Outcome] = []
        self._failure: Exception | None = None
        self._thread = _Worker(self._work)
        self._thread.start()

    def outcome(self) -> Outcome:
        """Wait for the end and return what came of it.

        Raises:
            Exception: what the function raised.

        """
        self._thread.see_through()
        if self._failure:
            raise self._failure
        return self._outcome[0]

    def _work(self) -> None:
        try:
            self._outcome.append(self._function())
        except Exception as failure:  # noqa: BLE001 - raised again where the outcome is asked for
            self._failure = failure


def each(
    function: Callable[[Item], Outcome],
    items: Iterable[Item],
    workers: int = WORKERS,
    stop: Callable[[], object] | None = None,
) -> list[Outcome]:
    """Return what the function gives for each item, in their order, with so many calls under way at most.

    A signal is not kept waiting by calls under way: their threads end with the process. Where these would leave
    something behind, `stop` makes them end soon: it is called after a signal or a failure, and they are waited for.

    Raises:
        Exception, Interrupted: the first one that a call raised; no call is begun after it, and none is under way.

    """
    todo = list(items)
    if len(todo) < 2:  # noqa: PLR2004 - a thread for one is a detour
        return [function(item) for item in todo]
    tickets = iter([*enumerate(todo)])  # of a list: threads can share it
    outcomes: dict[int, Outcome] = {}
    failures: list[BaseException] = []

    def work() -> None:
        for position, item in tickets:
            try:
                outcomes[position] = function(item)
            except (Exception, Interrupted) as failure:  # noqa: BLE001 - raised again below, where it can be caught
                failures.append(failure)
                _drop(tickets)
                if stop:
                    stop()

    threads = [_Worker(work) for _ in range(min(workers, len(todo)))]
    try:
        _see_through(threads)
    finally:
        _drop(tickets)
        if stop:
            _see_off(threads, stop)
    if failures:
        raise failures[0]
    return [outcomes[position] for position in range(len(todo))]


def _nothing() -> int:
    return 0


class Crew:
    """Does tasks that may lead to further ones, so many at a time; tasks are begun in the order they came in.

    Where there were complaints since the last task was begun, half as many go on; each round without one lets one more.

    Args:
        workers: how many tasks are under way at most.
        complaints: tells how often a server has asked for less so far.

    """

    def __init__(self, workers: int, complaints: Callable[[], int] = _nothing) -> None:
        self._workers = workers
        self._complaints = complaints
        self._heard = complaints()
        self._limit = workers
        self._done_since = 0
        self._todo: deque[Callable[[], object]] = deque()
        self._busy = 0
        self._failures: list[Exception] = []
        self._changed = Condition()

    def add(self, task: Callable[[], object]) -> None:
        """Take a task in; after a failure none is begun any more."""
        with self._changed:
            if not self._failures:
                self._todo.append(task)
                self._changed.notify()

    def work(self) -> None:
        """Do all tasks, and those that they lead to. A signal is not kept waiting by tasks under way.

        Raises:
            Exception: the first one that a task raised; what was under way then has ended.

        """
        threads = [_Worker(self._work) for _ in range(self._workers)]
        try:
            _see_through(threads)
        finally:
            with self._changed:
                self._todo.clear()
        if self._failures:
            raise self._failures[0]

    def _work(self) -> None:
        while task := self._next():
            try:
                task()
            except Exception as failure:  # noqa: BLE001 - raised again by `work`, where it can be caught
                self._fail(failure)
            finally:
                self._done()

    def _next(self) -> Callable[[], object] | None:
        """Wait for a task; nothing once there is none, and none under way that could lead to one."""
        with self._changed:
            while self._busy and (not self._todo or self._busy >= self._limit):
                self._changed.wait()
            if not self._todo:
                return None
            self._busy += 1
            return self._todo.popleft()

    def _fail(self, failure: Exception) -> None:
        with self._changed:
            self._failures.append(failure)
            self._todo.clear()

    def _done(self) -> None:
        with self._changed:
            self._busy -= 1
            self._adapt()
            self._changed.notify_all()

    def _adapt(self) -> None:
        """Let fewer go on after a complaint, and one more after as many tasks without one as may be under way."""
        complaints, self._done_since = self._complaints(), self._done_since + 1
        if complaints > self._heard:
            self._heard, self._limit, self._done_since = complaints, max(1, self._limit // 2), 0
        elif self._done_since >= self._limit < self._workers:
            self._limit, self._done_since = self._limit + 1, 0


def _see_through(threads: list[_Worker]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.see_through()


def _see_off(threads: list[_Worker], stop: Callable[[], object]) -> None:
    """Make threads end that have not, and wait for them."""
    if any(thread.is_under_way for thread in threads):
        stop()
    for thread in threads:
        thread.see_through()


def _drop(tickets: Iterator[object]) -> None:
    """Take all that are left: what has not begun never will."""
    deque(tickets, maxlen=0)
