"""The setting of docs/builder-images.Jenkinsfile: the cluster it tests in, and the registries it brings an image to."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Unpack

import yaml

from tests.support import registry_client
from tests.support.agent import Agent
from tests.support.cluster import BuildRun, Cluster, edit
from tests.support.cluster.integrated_registry import integrate
from tests.support.faults import FaultyProxy
from tests.support.github import GitHub
from tests.support.images import Image
from tests.support.pipeline import PipelineRig, PipelineRun, RunningPipeline, Settings
from tests.support.promoter import Outcome
from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.repository import ROOT
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService
from tests.support.waiting import wait_until

JENKINSFILE = ROOT / "docs" / "builder-images.Jenkinsfile"
CONFIGURATION = ROOT / "docs" / "builder-images.yaml"
BUILT = ("rails-example", "sinatra-example")
PRODUCTION = ("production-east", "production-west")
PROJECT = "builders-test"
PROPOSERS = "builders/ruby"
_ACCOUNT = f"system:serviceaccount:{PROJECT}:image-promoter"


class BuilderImages:
    """Everything around the pipeline of the image `ruby`, with the configuration of the document, its hosts apart.

    `registries` are all but that of `test`, by environment; `tests` says what a build of an application does beside
    succeeding, `tested` which digest `ruby:candidate` was in each build that ran.

    Args:
        directory: for everything that is made.
        stack: closes it.
        ca: signed the certificate of every server.

    """

    def __init__(self, directory: Path, stack: ExitStack, ca: CertificateAuthority) -> None:
        self._images: dict[str, Image] = {}
        self.tests: dict[str, Callable[[], object]] = {}
        self.tested: list[tuple[str, str]] = []
        service = stack.enter_context(TokenService(ca))
        token = service.mint(_ACCOUNT, {PROJECT: "pull,push"})
        self.test_registry = stack.enter_context(Registry(directory / "test", ca, TokenAuth(service)))
        self._front = stack.enter_context(FaultyProxy(self.test_registry, ca))
        self.cluster = stack.enter_context(Cluster(ca))
        self.cluster.add_user(_ACCOUNT, token=token, rights=[edit(PROJECT)])
        for name in BUILT:
            self.cluster.add_build_config(PROJECT, name, strategy="Source", runner=self._test)
        integrate(self._front, self.cluster)
        _pull_through(self._front, self.cluster, self.test_registry, self._images)
        passwords = {name: secrets.token_urlsafe(32) for name in ("integration", "stage", *PRODUCTION)}
        self.registries = {"upstream": stack.enter_context(Registry(directory / "upstream", ca))}
        for name, password in passwords.items():
            registry = Registry(directory / name, ca, Htpasswd({"openshift": password}))
            self.registries[name] = stack.enter_context(registry)
        self.pull_requests = stack.enter_context(GitHub(ca))
        report_token = secrets.token_urlsafe(32)
        self.pull_requests.add_token(report_token, "jenkins", writes=[PROPOSERS])
        authority = ca.certificate.read_text()
        account = {"token": token, "ca.crt": authority, "service-ca.crt": authority}
        pullers = {f"{name}-registry": {"token": password} for name, password in passwords.items()}
        self._agent = Agent(
            directory / "agent",
            {"serviceaccount": account, "pull-request-token": {"token": report_token}, **pullers},
        )
        self._sources = self._check_out(directory / "sources", ca)
        self._rig = PipelineRig(directory / "jenkins", {"image-promoter": ROOT})

    def publish(self, image: Image, version: str) -> None:
        """Publish an image as `ruby` in a version."""
        self._images[image.digest] = image
        registry_client.push(image, self.registries["upstream"], "builders/ruby", version)

    def start(self, version: str, report_to: str = "", **settings: Unpack[Settings]) -> RunningPipeline:
        """Start the pipeline for a version, by nobody who may approve; to be used in a `with`."""
        around: Settings = {
            "parameters": {"VERSION": version, "REPORT_TO": report_to},
            "checkout": self._sources,
            "environment": self._agent.environment,
            "job_name": "builders/ruby",
            "user": "petra",
        }
        return self._rig.start(JENKINSFILE, **(around | settings))

    def run(self, version: str, **settings: Unpack[Settings]) -> PipelineRun:
        """Run the pipeline for a version to its end."""
        return self.start(version, **settings).wait()

    def digest(self, environment: str, tag: str) -> str | None:
        """Return what a tag of `ruby` is, in a registry."""
        if environment == "test":
            found = registry_client.resolve(self.test_registry, f"{PROJECT}/ruby", tag)
        else:
            found = registry_client.resolve(self.registries[environment], "builders/ruby", tag)
        return found.digest if found else None

    def tag(self, tag: str) -> str | None:
        """Return what a tag of the image stream `ruby` is in the cluster."""
        return _tags(self.cluster).get(tag)

    @contextmanager
    def hook(self, image: Image, *flags: str) -> Iterator[None]:
        """Let the application `shop` sign an image off, as its deployment's hook does, once that is the candidate."""
        outcomes: list[Outcome] = []

        def sign() -> None:
            wait_until(lambda: self.tag("candidate") == image.digest, "the candidate", seconds=60)
            outcomes.append(self.promoter("sign-off", f"test/ruby@{image.digest}", "shop", *flags))

        thread = threading.Thread(target=sign)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        assert [outcome.exit_code for outcome in outcomes] == [0], outcomes

    def promoter(self, *arguments: str) -> Outcome:
        """Run a command in a pod like the agent's."""
        return self._agent.promoter(self._sources, *arguments)

    def _test(self, run: BuildRun) -> None:
        self.tested.append((run.config, str(self.tag("candidate"))))
        self.tests.get(run.config, lambda: None)()

    def _check_out(self, sources: Path, ca: CertificateAuthority) -> Path:
        configuration: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
        environments = configuration["environments"]
        for name, registry in self.registries.items():
            environments[name] |= {"registry": registry.host, "ca": str(ca.certificate)}
        environments["test"]["registry"] = self._front.host
        environments["test"]["cluster"]["api"] = self.cluster.url
        configuration["pull-requests"] |= {"api": self.pull_requests.url, "ca": str(ca.certificate)}
        sources.mkdir()
        (sources / "promotion.yaml").write_text(json.dumps(configuration))
        return sources


@contextmanager
def builder_images(directory: Path, ca: CertificateAuthority) -> Iterator[BuilderImages]:
    """Start everything, and stop it again."""
    with ExitStack() as stack:
        yield BuilderImages(directory, stack, ca)


def _pull_through(proxy: FaultyProxy, cluster: Cluster, registry: Registry, images: dict[str, Image]) -> None:
    """Let the integrated registry behind a proxy serve what the image stream `ruby` only refers to.

    A cluster's own registry fetches such an image when it is first asked for it, and keeps its blobs.
    """
    kept: dict[str, str] = {}
    lock = threading.Lock()

    def fetch() -> None:
        with lock:
            for tag, digest in _tags(cluster).items():
                if digest in images and kept.get(tag) != digest:
                    registry_client.push(images[digest], registry, f"{PROJECT}/ruby", tag)
                    kept[tag] = digest

    proxy.when(path=f"/v2/{PROJECT}/ruby/").call(fetch)


def _tags(cluster: Cluster) -> dict[str, str]:
    """Return what each tag of the image stream `ruby` is."""
    if "ruby" not in cluster.image_streams(PROJECT):
        return {}
    tags = cluster.image_stream(PROJECT, "ruby")["status"].get("tags", [])
    return {tag["tag"]: tag["items"][0]["image"] for tag in tags if tag["items"]}
