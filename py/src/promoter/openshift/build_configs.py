"""BuildConfigs: what they say, and starting a build of one without a webhook.

API: POST of a BuildRequest to .../buildconfigs/NAME/instantiate (build.openshift.io/v1) makes a Build. With the
`lastVersion` that the BuildConfig has, the server makes it only if nobody else has started one since.
"""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import NotFound, Unreachable, WrongUsage
from promoter.openshift.api import ClusterApi, Conflict, Object
from promoter.openshift.builds import Build, Builds
from promoter.openshift.webhook import BUILD_API

_OTHER_VERSION = "does not match the build request LastVersion"


class BuildConfig(NamedTuple):
    """A BuildConfig, as the API gave it."""

    fields: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.fields["metadata"]["name"])

    @property
    def version(self) -> int:
        """The number of the build that was made last."""
        return int((self.fields.get("status") or {}).get("lastVersion") or 0)

    @property
    def repository(self) -> str:
        """URL of the git repository that its builds fetch; empty if they fetch none."""
        return str(((self.fields["spec"].get("source") or {}).get("git") or {}).get("uri", ""))

    @property
    def context(self) -> str:
        """The directory of the repository that is built."""
        return str((self.fields["spec"].get("source") or {}).get("contextDir") or ".")

    @property
    def output(self) -> Object:
        """Where its builds push to: a reference to an ImageStreamTag or a DockerImage; empty if they push nothing."""
        return (self.fields["spec"].get("output") or {}).get("to") or {}


class BuildConfigs:
    """The BuildConfigs of a project.

    Args:
        api: the cluster.
        project: the project.

    """

    def __init__(self, api: ClusterApi, project: str) -> None:
        self.api = api
        self.project = project
        self.builds = Builds(api, project, BUILD_API)

    def get(self, name: str) -> BuildConfig:
        """Get a BuildConfig.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        try:
            return BuildConfig(self.api.get(self._path(name)))
        except NotFound as failure:
            raise NotFound(
                f"There is no BuildConfig {name} in project {self.project}.",
                f"Check the name: `oc get buildconfigs --namespace {self.project}` lists them.",
            ) from failure

    def start(self, name: str, parameters: dict[str, str], cause: str, commit: str | None = None) -> Build:
        """Start a build. An answer that gets lost starts no second one.

        Args:
            name: the BuildConfig.
            parameters: environment variables of the build.
            cause: what started it, in words that no other build has.
            commit: what is built; what the BuildConfig's own branch is then, if left out.

        Raises:
            WrongUsage: the server refuses: the BuildConfig is paused, or a variable has no name that may be.
            Conflict: others keep starting builds of it.
            NotFound, NotPermitted, Unreachable: it cannot be started.

        """
        try:
            return self._start(name, parameters, cause, commit)
        except Unreachable:  # which an answer that got lost is, too
            return self.api.http.persist(
                lambda: self._started(name, cause) or self._start(name, parameters, cause, commit)
            )

    def _started(self, name: str, cause: str) -> Build | None:
        return next((build for build in self.builds.of(name) if cause in build.causes), None)

    def _start(self, name: str, parameters: dict[str, str], cause: str, commit: str | None) -> Build:
        request = {
            "kind": "BuildRequest",
            "apiVersion": "build.openshift.io/v1",
            "metadata": {"name": name},
            "env": [{"name": key, "value": value} for key, value in parameters.items()],
            "triggeredBy": [{"message": cause}],
            "lastVersion": self.get(name).version,
        }
        if commit:
            request["revision"] = {"type": "Git", "git": {"commit": commit}}
        try:
            return Build(self.api.post(f"{self._path(name)}/instantiate", request))
        except WrongUsage as refusal:
            if _OTHER_VERSION not in refusal.message:
                raise
            raise Conflict(
                f"Somebody else has just started a build of {self.project}/{name}.", "Run this again."
            ) from refusal

    def _path(self, name: str) -> str:
        return f"{BUILD_API}/namespaces/{self.project}/buildconfigs/{name}"
