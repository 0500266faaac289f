"""GET builds/NAME/log."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from .answers import BUILDS, Answer, ApiError, bad_request
from .build_configs import is_pipeline
from .objects import Objects
from .phases import phase_of
from .runs import Runs

WAITING = ("New", "Pending")


class BuildLogs:
    """Build logs as openshift-apiserver's buildlog serves them; `start_wait_s` is how long it waits for a start."""

    def __init__(self, objects: Objects, runs: Runs, start_wait_s: float) -> None:
        self._objects = objects
        self._runs = runs
        self._start_wait_s = start_wait_s

    def answer(self, project: str, name: str, query: Mapping[str, str]) -> Answer:
        build = self._objects.get(BUILDS, project, name)
        phase: str | None = build["status"]["phase"]
        if phase in WAITING and query.get("nowait") == "true":
            return Answer(HTTPStatus.OK, b"", "text/plain")
        if phase in WAITING:
            phase = self._phase_once_started(project, name)
        if phase == "Cancelled":
            raise bad_request(f"build {name} was cancelled. No logs are available.")
        if phase == "Error":
            raise bad_request(f"build {name} is in an error state. No logs are available.")
        if is_pipeline(build):  # [9] build log
            raise bad_request(f'pod "{name}-build" not found')
        text = self._runs.of_build(project, name).text
        body = text.follow() if query.get("follow") == "true" else text.read()[0]
        return Answer(HTTPStatus.OK, body, "text/plain")

    def _phase_once_started(self, project: str, name: str) -> str | None:
        with self._objects.changed:
            started = self._objects.changed.wait_for(
                lambda: self._objects.closed or phase_of(self._objects, project, name) not in WAITING,
                timeout=self._start_wait_s,
            )
            phase = phase_of(self._objects, project, name)
        if phase is None:
            raise bad_request(f"unable to wait for build {name} to run: build was deleted")
        if not started:
            raise _timeout(f"timed out waiting for build {name} to start after {self._start_wait_s:g}s")
        return phase


def _timeout(message: str) -> ApiError:
    details = {"retryAfterSeconds": 1}
    return ApiError(HTTPStatus.GATEWAY_TIMEOUT, "Timeout", f"Timeout: {message}", details, retry_after_s=1)
