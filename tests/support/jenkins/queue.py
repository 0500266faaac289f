"""The queue: items wait for their quiet period, for an earlier build, or for a controller that is held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from tests.support.cluster.answers import Answer

from . import pages
from .jobs import Job
from .runs import BuildRun, Run, Runner

Document = dict[str, Any]
_FIRST_ITEM = 35


class Item:
    """One queue item; `run` once it has left for a build."""

    def __init__(self, number: int, job: Job, values: Mapping[str, str | bool], due: float) -> None:
        self.number = number
        self.job = job
        self.values = values
        self.due = due
        self.cancelled = False
        self.run: Run | None = None

    @property
    def has_left(self) -> bool:
        return self.cancelled or self.run is not None


class Queue:
    """All items, and the thread that starts what is due.

    Args:
        runner_of: returns what runs a job.

    """

    def __init__(self, runner_of: Callable[[Job], Runner]) -> None:
        self.changed = threading.Condition()
        self.held = False
        self._runner_of = runner_of
        self._items: list[Item] = []
        self._runs: list[Run] = []
        self._next = _FIRST_ITEM
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="queue")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End everything; raises RuntimeError for a runner that does not end."""
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        self._thread.join()
        for run in self._runs:
            run.stop()
        for run in self._runs:
            run.join()

    def add(self, job: Job, values: Mapping[str, str | bool], quiet_seconds: float) -> Item:
        """[A2] Equal requests are merged into the item that waits."""
        with self.changed:
            for item in self._items:
                if not item.has_left and item.job is job and item.values == values:
                    return item
            item = Item(self._next, job, values, time.monotonic() + quiet_seconds)
            self._next += 1
            self._items.append(item)
            self.changed.notify_all()
            return item

    def hold(self) -> None:
        """[A9] quietDown: nothing starts."""
        with self.changed:
            self.held = True

    def release(self) -> None:
        with self.changed:
            self.held = False
            self.changed.notify_all()

    def forget(self) -> None:
        """[A4] Items that have left answer 404: after five minutes, or at once after a restart."""
        with self.changed:
            self._items = [item for item in self._items if not item.has_left]

    def waiting(self) -> list[Item]:
        with self.changed:
            return [item for item in self._items if not item.has_left]

    def get(self, number: int) -> Item:
        with self.changed:
            found = next((item for item in self._items if item.number == number), None)
        if found is None:
            raise pages.not_found()
        return found

    def cancel(self, number: int) -> Answer:
        """[A4] 204; an item that has left: 500."""
        item = self.get(number)
        with self.changed:
            if item.has_left:
                raise pages.oops()
            item.cancelled = True
        return pages.nothing(HTTPStatus.NO_CONTENT)

    def document(self, item: Item, url: str) -> Document:
        """[A4]"""
        parameters = [{"name": name, "value": value} for name, value in item.values.items()]
        given = {"_class": "hudson.model.ParametersAction", "parameters": parameters}
        fields: Document = {
            "actions": [given, {"_class": "hudson.model.CauseAction", "causes": []}] if parameters else [],
            "id": item.number,
            "task": {"name": item.job.name.rpartition("/")[2], "url": f"{url}{item.job.path}/", "color": "blue"},
            "url": f"queue/item/{item.number}/",
        }
        return fields | self._state(item, url)

    def _state(self, item: Item, url: str) -> Document:
        kind, quiet = "hudson.model.Queue$", item.due - time.monotonic()
        if item.has_left:
            run = item.run
            build = {"number": run.number, "url": f"{url}{item.job.path}/{run.number}/"} if run else None
            return {"_class": f"{kind}LeftItem", "cancelled": item.cancelled, "executable": build, "why": None}
        if quiet > 0:
            why = f"In the quiet period. Expires in {quiet:.1f} sec"
            return {"_class": f"{kind}WaitingItem", "blocked": False, "why": why}
        if self.held:
            return {"_class": f"{kind}BlockedItem", "blocked": True, "why": "Jenkins is about to shut down"}
        busy = next((run.number for run in item.job.builds if not run.has_ended), None)
        if busy:
            why = f"Build #{busy} is already in progress (ETA: N/A)"
            return {"_class": f"{kind}BlockedItem", "blocked": True, "why": why}
        return {"_class": f"{kind}WaitingItem", "blocked": False, "why": "Finished waiting"}

    def _work(self) -> None:
        with self.changed:
            while not self._closed:
                for item in [item for item in self._items if self._is_due(item)]:
                    if self._is_due(item):  # an item that was started may keep the next of its job waiting
                        self._begin(item)
                waits = [item.due - time.monotonic() for item in self._items if not item.has_left]
                future = [seconds for seconds in waits if seconds > 0]
                self.changed.wait(min(future, default=None))

    def _is_due(self, item: Item) -> bool:
        is_free = item.job.concurrent or all(run.has_ended for run in item.job.builds)
        return not item.has_left and not self.held and item.due <= time.monotonic() and is_free

    def _begin(self, item: Item) -> None:
        job, number = item.job, item.job.next_number
        job.next_number += 1
        build = BuildRun(job.name, number, job.script or "", item.values)
        run = Run(build, item.number, job.declared(item.values))
        item.run = run
        job.builds.append(run)
        self._runs.append(run)
        run.start(self._runner_of(job), lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        with self.changed:
            job.declare()
            self.changed.notify_all()
