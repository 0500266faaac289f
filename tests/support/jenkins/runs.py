"""Builds: a thread per build calls the runner, and its end is the build's result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.cluster.logs import BuildLog
from tests.support.waiting import wait_until

from .questions import Questions, Rejected, Reply

Document = dict[str, Any]
STOP_SECONDS = 10
ANSWER_SECONDS = 60


class BuildRun:
    """A build as its runner sees it; `result` is what it ends as if it raises nothing."""

    def __init__(self, job: str, number: int, script: str, parameters: Mapping[str, str | bool]) -> None:
        self.job = job
        self.number = number
        self.script = script
        self.parameters = {
            name: value if isinstance(value, str) else str(value).lower() for name, value in parameters.items()
        }
        self.result = "SUCCESS"
        self.text = BuildLog()
        self.aborted = threading.Event()
        self.questions = Questions()

    def ask(self, name: str, parameters: Iterable[str]) -> dict[str, str]:
        """[B] Do what an input step with a `submitterParameter` WHO does; raises Rejected."""
        replies: list[Reply] = []
        self.log("Input requested")
        self.questions.ask(name, parameters, replies.append)
        wait_until(lambda: bool(replies) or self.aborted.is_set(), f"an answer to {name}", ANSWER_SECONDS)
        if not replies:
            raise Rejected("Aborted")
        [reply] = replies
        if reply.values is None:
            raise Rejected(f"Rejected by {reply.by}")
        self.log(f"Approved by {reply.by}")
        return reply.values | {"WHO": reply.by}

    def log(self, line: str) -> None:
        """Add a line to the build's log."""
        self.text.write(line)


Runner = Callable[[BuildRun], object]


class Run:
    """A build of the controller.

    Args:
        build: as its runner sees it.
        item: its queue item.
        values: its parameters, booleans real.

    """

    def __init__(self, build: BuildRun, item: int, values: Mapping[str, str | bool]) -> None:
        self.build = build
        self.number = build.number
        self.item = item
        self.values = values
        self.result: str | None = None
        self._thread: threading.Thread | None = None

    @property
    def has_ended(self) -> bool:
        return self.result is not None

    def start(self, runner: Runner, ended: Callable[[], None]) -> None:
        self._thread = threading.Thread(
            target=self._work, args=(runner, ended), name=f"{self.build.job} #{self.number}"
        )
        self._thread.start()

    def stop(self) -> None:
        """[A7] Aborted; a build that has ended stays as it is."""
        self.build.aborted.set()

    def join(self) -> None:
        """Wait for the thread; raises RuntimeError if it does not end."""
        if self._thread is None:
            return
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"{self._thread.name} still runs after {STOP_SECONDS} s")

    def document(self, url: str, job_path: str) -> Document:
        """[A5] `actions` has many empty objects."""
        parameters = [{"name": name, "value": value} for name, value in self.values.items()]
        given = {"_class": "hudson.model.ParametersAction", "parameters": parameters}
        return {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "actions": [{}, *([given] if parameters else []), {}],
            "building": not self.has_ended,
            "inProgress": not self.has_ended,
            "number": self.number,
            "queueId": self.item,
            "result": self.result,
            "timestamp": int(time.time() * 1000),
            "url": f"{url}{job_path}/{self.number}/",
        }

    def _work(self, runner: Runner, ended: Callable[[], None]) -> None:
        result = "FAILURE"
        try:
            runner(self.build)
            result = self.build.result
        except Rejected as rejected:
            self.build.log(str(rejected))
            result = "ABORTED"
        except Exception as error:  # noqa: BLE001 - whatever a runner raises, it fails its build
            self.build.log(f"ERROR: {error}")
        finally:
            result = "ABORTED" if self.build.aborted.is_set() else result
            self.build.log(f"Finished: {result}")
            self.build.text.close()
            self.result = result
            ended()
