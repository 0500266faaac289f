"""The setting of the main job: an application's pipeline in one cluster, production's pipeline in another."""

from __future__ import annotations

import json
import secrets
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Unpack

from tests.support.agent import Agent
from tests.support.cluster import BuildRun, Cluster, GenericTrigger, view
from tests.support.pipeline import PipelineRig, PipelineRun, RunningPipeline, Settings
from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

ROOT = Path(__file__).parents[2]
APPLICATION = ROOT / "tests" / "demo" / "application"
PRODUCTION_JENKINSFILE = ROOT / "resources" / "jenkins" / "production-pipeline.Jenkinsfile"
MOUNTED = "secret:/run/secrets/kubernetes.io"
PULLER = "non-production-cluster-token"

Say = Callable[[str], None]


class TwoClusters:
    """Non-production with its registry, its token endpoint and an application's pipeline; production with its own.

    `non_production` and `production` are the registries, `cluster` is production's API server, `tokens` are all secrets
    that are about: none may ever be seen. `production_settings` are those of production's runs from now on.

    Args:
        directory: for everything that is made.
        stack: closes it.
        say_production: takes each line of production's pipeline as it comes.
        gates: those of production's route.

    """

    def __init__(
        self, directory: Path, stack: ExitStack, say_production: Say, gates: Mapping[str, Any] | None = None
    ) -> None:
        self.directory = directory
        self._say_production = say_production
        self._gates = gates or {}
        self.production_settings = Settings()
        self.ca = CertificateAuthority(directory / "ca")
        endpoint = stack.enter_context(TokenService(self.ca))
        self.non_production = stack.enter_context(Registry(directory / "registry-dev", self.ca, TokenAuth(endpoint)))
        builder = endpoint.mint("system:serviceaccount:shop-dev:builder", {"shop-dev": "pull,push"})
        puller = endpoint.mint("system:serviceaccount:shop-dev:across-project-image-puller", {"shop-dev": "pull"})
        pusher, api_token, self._hook = (secrets.token_urlsafe(32) for _ in range(3))
        self.production = stack.enter_context(
            Registry(directory / "registry-prod", self.ca, Htpasswd({"openshift": pusher}))
        )
        self.tokens = (builder, puller, pusher, api_token, self._hook)
        self.cluster = stack.enter_context(Cluster(self.ca, self._run_production))
        self.cluster.add_user("system:serviceaccount:shop:watcher", token=api_token, rights=[view("shop-pipelines")])
        self.cluster.add_build_config(
            "shop-pipelines",
            "production-pipeline",
            jenkinsfile=PRODUCTION_JENKINSFILE.read_text(),
            triggers=[GenericTrigger(secret=self._hook, allow_env=True)],
        )
        mounted = {"serviceaccount": {"token": builder}, "production-api": {"token": api_token}}
        self._developers = Agent(directory / "agent-dev", mounted | {"production-registry": {"token": pusher}})
        self._developers.can_build(f"{self.non_production.host}/shop-dev", self._authfile(builder), self.ca.certificate)
        self._producers = Agent(
            directory / "agent-prod",
            {"serviceaccount": {"token": pusher}, PULLER: {"token": puller}},
            self._production_configuration().read_text(),
        )
        library = {"image-promoter": ROOT}
        self._rigs = {side: PipelineRig(directory / f"jenkins-{side}", library) for side in ("dev", "prod")}
        self._builds = 1
        self.production_runs: list[PipelineRun] = []
        self.application = self._check_out()

    def run_application_pipeline(
        self,
        commit: str,
        say: Say,
        jenkinsfile: Path | str = ROOT / "Jenkinsfile.example",
        **settings: Any,  # noqa: ANN401 - the rig's
    ) -> PipelineRun:
        """Run Jenkinsfile.example, or another one, for a commit, as a build of its own."""
        self._builds += 1
        return self._rigs["dev"].run(
            jenkinsfile,
            on_line=say,
            checkout=self.application,
            credentials={"production-pipeline-webhook-secret-text": self._hook},
            environment=self._developers.environment | {"GIT_COMMIT": commit},
            build_number=self._builds,
            job_name="shop/web",
            **settings,
        )

    def change_application(self, greeting: str) -> None:
        """Change the application's source, and with it the image that is built from it."""
        (self.application / "greet.sh").write_text(f"#!/bin/sh\necho 'Hello, {greeting}.'\n")

    def start_production(self, *, on_line: Say | None = None, **settings: Unpack[Settings]) -> RunningPipeline:
        """Start production's pipeline as its job does."""
        settings["environment"] = self._producers.environment
        settings["job_name"] = "shop-pipelines/shop-pipelines-production-pipeline"
        return self._rigs["prod"].start(PRODUCTION_JENKINSFILE, on_line=on_line, **settings)

    def _run_production(self, build: BuildRun) -> None:
        """Do what OpenShift's Jenkins does for a pipeline build: run it with its parameters, and fail if it fails."""

        def say(line: str) -> None:
            if not line.startswith("Finished: "):  # which the cluster writes itself
                build.log(line)
            self._say_production(line)

        settings = Settings(parameters=build.parameters, build_number=build.number + 1, user=None)
        settings.update(self.production_settings)
        run = self.start_production(on_line=say, **settings).wait()
        self.production_runs.append(run)
        if run.result != "SUCCESS":
            raise RuntimeError(f"the pipeline ended as {run.result}")

    def _check_out(self) -> Path:
        """Return the application's sources, with the configuration that fits these clusters beside them."""
        sources = self.directory / "application"
        shutil.copytree(APPLICATION, sources)
        environments = self._environments("in-cluster", f"{MOUNTED}/production-registry")
        webhook = {
            "api": self.cluster.url,
            "project": "shop-pipelines",
            "build-config": "production-pipeline",
            "secret": "env:PRODUCTION_PIPELINE_WEBHOOK_SECRET",
            "credentials": f"{MOUNTED}/production-api",
            "ca": str(self.ca.certificate),
            "jenkins": f"{self.cluster.url}/jenkins",
        }
        route = {"from": "non-production", "to": "production", "through": "webhook", "webhook": webhook}
        _write(sources / "promotion.yaml", {"environments": environments, "routes": [route]})
        return sources

    def _production_configuration(self) -> Path:
        environments = self._environments(f"{MOUNTED}/{PULLER}", "in-cluster")
        route = {"from": "non-production", "to": "production", "images": ["web"], "gates": self._gates}
        return _write(self.directory / "production.yaml", {"environments": environments, "routes": [route]})

    def _environments(self, non_production: str, production: str) -> dict[str, Any]:
        sides = (
            ("non-production", self.non_production, "shop-dev", non_production),
            ("production", self.production, "shop", production),
        )
        ca = str(self.ca.certificate)
        return {
            name: {"registry": registry.host, "project": project, "credentials": credentials, "ca": ca}
            for name, registry, project, credentials in sides
        }

    def _authfile(self, token: str) -> Path:
        path = self.directory / "builder.json"
        path.touch(mode=0o600)
        auth = b64encode(f"openshift:{token}".encode()).decode()
        path.write_text(json.dumps({"auths": {self.non_production.host: {"auth": auth}}}))
        return path


@contextmanager
def two_clusters(
    directory: Path, say_production: Say = lambda _: None, gates: Mapping[str, Any] | None = None
) -> Iterator[TwoClusters]:
    """Start everything, and stop it again."""
    with ExitStack() as stack:
        yield TwoClusters(directory, stack, say_production, gates)


def _write(path: Path, configuration: dict[str, Any]) -> Path:
    path.write_text(json.dumps(configuration, indent=2))  # JSON is YAML too
    return path
