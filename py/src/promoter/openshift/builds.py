"""Builds: finding one, following it to its end, and its log.

API: build.openshift.io/v1. A build's `status.phase` is New, Pending or Running, and at its end Complete, Failed, Error
or Cancelled. A build with the JenkinsPipeline strategy has no log of its own; Jenkins' sync plugin notes on the build
where Jenkins keeps it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from promoter.errors import PassingFailure, Unreachable
from promoter.http.connection import Response
from promoter.http.deadline import Deadline
from promoter.openshift.api import ClusterApi, Object

SUCCESS = "Complete"
ENDED = frozenset({SUCCESS, "Failed", "Error", "Cancelled"})
_POLL_SECONDS = 1.0
_LOG_URL = "openshift.io/jenkins-log-url"
_CONSOLE = "/consoleText"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Build:
    """A build, as the API gave it."""

    fields: Object

    @property
    def name(self) -> str:
        """Its name, such as `production-pipeline-7`."""
        return str(self.fields.get("metadata", {}).get("name"))

    @property
    def config(self) -> tuple[str | None, str | None]:
        """Project and name of the BuildConfig it was made from."""
        config = self.fields.get("status", {}).get("config") or {}
        return config.get("namespace"), config.get("name")

    @property
    def phase(self) -> str:
        """How far it is."""
        return str(self.fields.get("status", {}).get("phase", "New"))

    @property
    def message(self) -> str:
        """Why it failed, where the API says so."""
        status = self.fields.get("status", {})
        return str(status.get("message") or status.get("reason") or "")

    @property
    def parameters(self) -> dict[str, str]:
        """The environment of its strategy, in which a webhook's parameters arrive."""
        strategy = self.fields.get("spec", {}).get("strategy", {})
        sections = [section for section in strategy.values() if isinstance(section, dict)]
        return {entry["name"]: entry.get("value", "") for section in sections for entry in section.get("env") or []}

    @property
    def log_url(self) -> str | None:
        """Where Jenkins keeps the log, for a pipeline build."""
        return (self.fields.get("metadata", {}).get("annotations") or {}).get(_LOG_URL)


class Builds:
    """The builds of a project.

    Args:
        api: the cluster.
        project: the project.
        prefix: where the build API is: `/apis/build.openshift.io/v1`, or `/oapi/v1` on old clusters.

    """

    def __init__(self, api: ClusterApi, project: str, prefix: str) -> None:
        self.api = api
        self.project = project
        self.path = f"{prefix}/namespaces/{project}/builds"

    def get(self, name: str) -> Build:
        """Get a build.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        return Build(self.api.get(f"{self.path}/{name}"))

    def of(self, config: str) -> Iterator[Build]:
        """Yield the builds of a BuildConfig, page by page.

        Raises:
            NotPermitted, Unreachable: they cannot be had.

        """
        query = {"labelSelector": f"openshift.io/build-config.name={config}", "limit": "100"}
        while True:
            page = self.api.get(self.path, **query)
            yield from map(Build, page.get("items") or [])
            following = page.get("metadata", {}).get("continue")
            if not following:
                return
            query["continue"] = following

    def cancel(self, name: str) -> None:
        """Ask for a build to be cancelled.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be asked.

        """
        self.api.patch(f"{self.path}/{name}", {"status": {"cancelled": True}})

    def follow(self, name: str, jenkins: str | None, deadline: Deadline, say: Say) -> Build:
        """Wait for a build's end, saying its log line by line meanwhile.

        Args:
            name: the build.
            jenkins: the URL below which a log may be read with this cluster's token; a log elsewhere is only named,
                since the build's annotations must not decide where a token goes.
            deadline: when to give up.
            say: takes the lines.

        Raises:
            TimedOut: it had not ended by then.
            NotFound, NotPermitted: it cannot be seen, or no longer.

        """
        log: BuildLog | None = None
        while True:
            left = deadline.require(f"following the build {self.project}/{name}")
            try:
                build = self.get(name)
                log = log or _log_of(self, build, jenkins, say)
                if log:
                    log.forward(build.phase, deadline)
                if build.phase in ENDED:
                    return build
            except Unreachable as failure:
                say(f"(the build cannot be seen just now: {failure.message})")
            time.sleep(min(_POLL_SECONDS, left))


class BuildLog:
    """A log that is forwarded while it grows, each line once."""

    def __init__(self, builds: Builds, name: str, say: Say) -> None:
        self._builds = builds
        self._name = name
        self._say = say
        self._said = 0

    def forward(self, phase: str, deadline: Deadline) -> None:
        """Say what is new; returns when the log ends, or breaks off."""
        if phase in ("New", "Pending"):
            return
        try:
            response = self._builds.api.stream(f"{self._builds.path}/{self._name}/log", follow="true")
            if response.status != HTTPStatus.OK:
                response.read()
                return
            for number, line in enumerate(_lines(response)):
                deadline.require(f"following the build {self._builds.project}/{self._name}")
                if number >= self._said:
                    self._say(f"| {line}")
                    self._said += 1
        except PassingFailure:
            return


class JenkinsLog(BuildLog):
    """A pipeline build's log, in Jenkins: asked for from where the last answer ended."""

    def __init__(self, builds: Builds, build: Build, say: Say) -> None:
        super().__init__(builds, build.name, say)
        url = (build.log_url or "").removesuffix(_CONSOLE)
        self._url = f"{url}/logText/progressiveText"
        self._offset = 0
        self._rest = ""

    def forward(self, phase: str, deadline: Deadline) -> None:
        """Say what is new.

        The next offset is `X-Text-Size`, never a count of what arrived: the body has its line ends changed. Asked for
        an offset beyond the end, Jenkins sends the whole log again; so a size that shrank means: nothing to say.
        """
        api = self._builds.api
        deadline.require(f"reading the log of {self._name}")
        response = api.http.request("GET", f"{self._url}?start={self._offset}", api.headers())
        text = response.read().decode("utf-8", "replace")
        size = int(response.headers.get("X-Text-Size", "0"))
        if response.status != HTTPStatus.OK or size <= self._offset:
            return
        self._offset = size
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").split("\n")
        if phase in ENDED and self._rest:
            lines.append(self._rest)
        for line in lines:
            self._say(f"| {line}")


def _log_of(builds: Builds, build: Build, jenkins: str | None, say: Say) -> BuildLog | None:
    """Return the log to forward, once it is known where it is."""
    if "jenkinsPipelineStrategy" not in build.fields.get("spec", {}).get("strategy", {}):
        return BuildLog(builds, build.name, say)
    if build.log_url is None:
        return None
    if jenkins and build.log_url.startswith(f"{jenkins.rstrip('/')}/"):
        return JenkinsLog(builds, build, say)
    say(f"the build's log is at {build.log_url}")
    return _Elsewhere(builds, build.name, say)


class _Elsewhere(BuildLog):
    """A log that is not read here."""

    def forward(self, phase: str, deadline: Deadline) -> None:
        """Say nothing: where it is has been said."""


def _lines(response: Response) -> Iterator[str]:
    rest = b""
    for chunk in response.chunks():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace").rstrip("\r") for line in lines)
    if rest:
        yield rest.decode("utf-8", "replace")
