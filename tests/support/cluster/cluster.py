"""The cluster as a test sees it: set it up, point a client at `url`, look at what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.support.registries import Registry
from tests.support.tls import CertificateAuthority
from tests.support.waiting import LONGEST_WAIT_SECONDS

from .access import Access, Right
from .answers import BUILD_CONFIGS, BUILDS, IMAGE_STREAMS, SECRETS, Answer, Document, Kind
from .api import Api
from .build_configs import GenericTrigger, RunPolicy, Strategy, build_config
from .build_logs import BuildLogs
from .builds import Builds
from .faults import Faults
from .image_imports import ImageImports
from .image_registries import ImageRegistries
from .objects import Objects
from .phases import phase_of
from .request import Request
from .rollouts import Rollouts
from .runs import BuildRun, Runner, Runs
from .secrets import secret
from .server import Server


def complete(run: BuildRun) -> None:
    """The runner of builds that have nothing to do."""


class Cluster:
    """A cluster that runs while its `with` block does.

    `runner` is called for each build in a thread of its own: it returns for Complete, and raises for Failed
    (BuildError for Error). With `legacy` the API is served below /oapi/v1 too, as 3.x servers do.
    `log_start_wait_s` is how long the log of a build waits for its start. Leaving the block raises
    RuntimeError if a runner does not end when cancelled, and what went wrong in the stub itself.
    """

    def __init__(
        self,
        ca: CertificateAuthority,
        runner: Runner = complete,
        *,
        legacy: bool = False,
        log_start_wait_s: float = 30.0,
    ) -> None:
        self.ca = ca.certificate
        self.requests: list[Request] = []
        self._server = Server(ca.issue("cluster"))
        self.url = f"https://{self._server.host}"
        self._objects = Objects()
        self._access = Access()
        self._runs = Runs(self._objects, self.url, runner)
        self.faults = Faults(self._objects)
        self._registries = ImageRegistries(self.ca)
        self.imports = ImageImports(self._objects, self._registries)
        self.rollouts = Rollouts(self._objects)
        logs = BuildLogs(self._objects, self._runs, log_start_wait_s)
        self._api = Api(self._objects, self._access, self._runs, logs, self.imports, faults=self.faults, legacy=legacy)

    def __enter__(self) -> Self:
        self._server.answerer = self._answer
        self._server.start()
        self.imports.start()
        self.rollouts.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ExitStack() as stack:
            stack.callback(self.rollouts.stop)
            stack.callback(self.imports.stop)
            stack.callback(self._server.stop)
            self._runs.stop()

    def add_project(self, name: str) -> None:
        self._objects.add_project(name)

    def add_user(self, user: str, *, token: str, rights: Iterable[Right] = ()) -> None:
        """Let a bearer token stand for a user; rights come from `view(project)` and `edit(project)`."""
        self._access.add_user(user, token, rights)

    def allow_anonymous_webhooks(self, project: str) -> None:
        """Do what a RoleBinding of system:webhook to system:unauthenticated does."""
        self._access.allow_anonymous_webhooks(project)

    def add(self, kind: Kind, project: str, document: Document) -> None:
        """Add any object as a POST of it would."""
        self.add_project(project)
        self._api.create(kind, project, document)

    def delete(self, kind: Kind, project: str, name: str) -> None:
        """Delete any object as a DELETE of it would."""
        self._objects.delete(kind, project, name)

    def add_secret(self, project: str, name: str, values: Mapping[str, str]) -> None:
        self.add_project(project)
        self._api.create(SECRETS, project, secret(name, values))

    def add_registry(self, registry: Registry) -> None:
        """Have pull secrets for a registry; from all others, imports are anonymous."""
        self._registries.add(registry)

    def push(self, project: str, name: str, tag: str, digest: str, labels: Mapping[str, str] | None = None) -> None:
        """Do what a push to the integrated registry does to an image stream, which gets the labels."""
        self.add_project(project)
        self.imports.streams.push(project, name, tag, digest, labels or {})

    def get(self, kind: Kind, project: str, name: str) -> Document:
        """Return any object as a GET would."""
        return self._objects.get(kind, project, name)

    def image_stream(self, project: str, name: str) -> Document:
        """Return an ImageStream as a GET would."""
        return self._objects.get(IMAGE_STREAMS, project, name)

    def image_streams(self, project: str) -> list[str]:
        """Return the names of a project's image streams."""
        return [stream["metadata"]["name"] for stream in self._objects.all(IMAGE_STREAMS, project)]

    def add_build_config(
        self,
        project: str,
        name: str,
        *,
        strategy: Strategy = "JenkinsPipeline",
        jenkinsfile: str = "",
        env: Mapping[str, str] | None = None,
        triggers: Iterable[GenericTrigger] = (),
        git_ref: str | None = None,
        source: Document | None = None,
        output: Document | None = None,
        run_policy: RunPolicy = "Serial",
        paused: bool = False,
        runner: Runner | None = None,
    ) -> None:
        """Add a BuildConfig; with `git_ref` its source is a Git branch, with `runner` its builds run so.

        `source` is a BuildConfig's. `output` refers to the ImageStreamTag or DockerImage that they push to.
        """
        document = build_config(
            name,
            strategy=strategy,
            jenkinsfile=jenkinsfile,
            env=env,
            triggers=triggers,
            git_ref=git_ref,
            source=source,
            output=output,
            run_policy=run_policy,
            paused=paused,
        )
        self.add_project(project)
        self._api.create(BUILD_CONFIGS, project, document)
        if runner is not None:
            self._runs.use(project, name, runner)

    def start_build(self, project: str, config: str) -> str:
        """Start a build of a BuildConfig, as a person does, and return its name."""
        made = Builds(self._objects, self._runs).instantiate(project, config, {"metadata": {"name": config}})
        name: str = made["metadata"]["name"]
        return name

    def cancel_build(self, project: str, name: str) -> None:
        """Cancel a build, as a person does."""
        self._runs.cancel(project, name)

    def build(self, project: str, name: str) -> Document:
        """Return a Build as a GET would."""
        return self._objects.get(BUILDS, project, name)

    def builds(self, project: str) -> list[Document]:
        return self._objects.all(BUILDS, project)

    def wait_for_phase(self, project: str, name: str, phase: str, timeout_s: float = LONGEST_WAIT_SECONDS) -> Document:
        """Wait until a Build is in the phase and return it, or raise TimeoutError."""
        with self._objects.changed:
            reached = self._objects.changed.wait_for(lambda: phase_of(self._objects, project, name) == phase, timeout_s)
            if not reached:
                now = phase_of(self._objects, project, name)
                raise TimeoutError(f"build {project}/{name} is {now}, not {phase}, after {timeout_s} s")
            return self.build(project, name)

    def _answer(self, request: Request, authorization: str) -> Answer:
        self.requests.append(request)
        return self._api.answer(request, authorization)
