"""Builds: finding one, and what it says about itself.

API: build.openshift.io/v1. A build's `status.phase` is New, Pending or Running, and at its end Complete, Failed, Error
or Cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from promoter.openshift.api import ClusterApi, Object

_SUCCESS = "Complete"
_ENDED = frozenset({_SUCCESS, "Failed", "Error", "Cancelled"})
_WAITING = frozenset({"New", "Pending"})
_LOG_URL = "openshift.io/jenkins-log-url"
_LONGEST_LABEL = 63


class Build(NamedTuple):
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
    def is_waiting(self) -> bool:
        """Whether it has not begun."""
        return self.phase in _WAITING

    @property
    def has_ended(self) -> bool:
        """Whether its phase is a last one."""
        return self.phase in _ENDED

    @property
    def has_succeeded(self) -> bool:
        """Whether it has ended well."""
        return self.phase == _SUCCESS

    @property
    def message(self) -> str:
        """Why it failed, where the API says so."""
        status = self.fields.get("status", {})
        return str(status.get("message") or status.get("reason") or "")

    @property
    def parameters(self) -> dict[str, str]:
        """The environment of its strategy, in which a webhook's parameters arrive."""
        sections = [section for section in self._strategy.values() if isinstance(section, dict)]
        entries = [entry for section in sections for entry in section.get("env") or []]
        return {str(entry.get("name")): str(entry.get("value", "")) for entry in entries}

    def lacks(self, parameters: dict[str, str]) -> list[str]:
        """Return which of these parameters it has not, or with another value."""
        return [name for name, value in parameters.items() if self.parameters.get(name) != value]

    @property
    def causes(self) -> tuple[str, ...]:
        """What it was started by, in words."""
        causes = self.fields.get("spec", {}).get("triggeredBy") or []
        return tuple(str(cause.get("message")) for cause in causes)

    @property
    def output(self) -> Object:
        """Where it pushes to: a reference to an ImageStreamTag or a DockerImage; empty if it pushes nothing."""
        return (self.fields.get("spec", {}).get("output") or {}).get("to") or {}

    @property
    def output_digest(self) -> str | None:
        """What it has pushed."""
        pushed = (self.fields.get("status", {}).get("output") or {}).get("to") or {}
        return pushed.get("imageDigest") or None

    @property
    def is_pipeline(self) -> bool:
        """Whether Jenkins runs it."""
        return "jenkinsPipelineStrategy" in self._strategy

    @property
    def log_url(self) -> str | None:
        """Where Jenkins keeps the log, for a pipeline build."""
        return (self.fields.get("metadata", {}).get("annotations") or {}).get(_LOG_URL)

    @property
    def _strategy(self) -> Object:
        return self.fields.get("spec", {}).get("strategy") or {}


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
        label = config[:_LONGEST_LABEL]
        query = {"labelSelector": f"openshift.io/build-config.name={label}", "limit": "100"}
        while True:
            page = self.api.get(self.path, **query)
            builds = map(Build, page.get("items") or [])
            yield from (build for build in builds if build.config == (self.project, config))
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
