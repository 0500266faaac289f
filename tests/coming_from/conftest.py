"""Where the commands of docs/coming-from.md are run: a cluster with its registry, and the registries around it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.coming_from.document import CONFIGURATION
from tests.support import registry_client
from tests.support.cluster import BuildRun, Cluster, edit
from tests.support.cluster.integrated_registry import integrate
from tests.support.faults import FaultyProxy
from tests.support.git import git
from tests.support.images import Image
from tests.support.promoter import Outcome, Promoter
from tests.support.registries import Registry, TokenAuth
from tests.support.shop import make
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

DIGEST = "sha256:02c12ffb6e24dcc3ac60a0b7a5a9c0ae07a9d27ad9f9c0fdb7a7f4a5b9a17d6e"
"""What the document has in place of a digest."""

_ACCOUNT = "system:serviceaccount:stage:promoter"
# The registries of the document, and the projects or sections in them that the account may pull from and push to.
_REGISTRIES = {
    "apps": ("registry.apps.example.com", ["stage", "prod"]),
    "west": ("registry.west.example.com", ["prod", "shop"]),
    "qa": ("registry.qa.example.com", ["application"]),
    "testing": ("registry-testing.example.com", ["deepsky"]),
    "production": ("registry.example.com", ["deepsky"]),
}


class Workplace:
    """Somebody's shell, with the document's configuration and a token for each registry in the environment.

    Args:
        directory: for everything that is made.
        stack: closes it.
        ca: signed the certificate of every server.

    """

    def __init__(self, directory: Path, stack: ExitStack, ca: CertificateAuthority) -> None:
        self._promoter = Promoter(directory / "shell")
        self._promoter.environment |= {"SSL_CERT_FILE": str(ca.certificate), "BUILDAH_ISOLATION": "chroot"}
        self._registries = {"quay": stack.enter_context(Registry(directory / "quay", ca))}
        self._hosts = {"quay.io": self._registries["quay"].host}
        self.cluster = stack.enter_context(Cluster(ca))
        for name, (host, projects) in _REGISTRIES.items():
            service = stack.enter_context(TokenService(ca))
            registry = stack.enter_context(Registry(directory / name, ca, TokenAuth(service)))
            token = service.mint(_ACCOUNT, dict.fromkeys(projects, "pull,push"))
            self._registries[name] = registry
            self._hosts[host] = registry.host
            self._promoter.environment[f"{name.upper()}_TOKEN"] = token
            self.cluster.add_registry(registry)
        front = stack.enter_context(FaultyProxy(self._registries["apps"], ca))
        integrate(front, self.cluster)
        self._hosts |= {
            "registry.apps.example.com": front.host,
            "https://api.apps.example.com:6443": self.cluster.url,
            "https://git.example.com/deepsky/training.git": _repository(directory / "training"),
        }
        for project in ("stage", "prod"):
            self.cluster.add_project(project)
        rights = [edit("stage"), edit("prod")]
        self.cluster.add_user(_ACCOUNT, token=self._promoter.environment["APPS_TOKEN"], rights=rights)
        (self._promoter.directory / "promotion.yaml").write_text(self._here(CONFIGURATION))

    def run(self, commands: Sequence[str], digest: str = DIGEST) -> list[dict[str, Any]]:
        """Run the commands as they stand in the document, with this digest, and return their results."""
        return [self.outcome(command.replace(DIGEST, digest)).result for command in commands]

    def outcome(self, command: str) -> Outcome:
        """Run one command, and say how it ended."""
        program, *arguments = shlex.split(self._here(command))
        assert program == "promoter"
        return self._promoter.run(*arguments)

    def push(self, registry: str, image: str, seed: str = "", labels: dict[str, str] | None = None) -> Image:
        """Put an image into a registry under `repository:tag`, whatever is there; in the cluster's it is a stream's."""
        made = make("oci index", f"{image} {seed}")
        repository, tag = image.rsplit(":")
        registry_client.push(made, self._registries[registry], repository, tag)
        if registry == "apps":
            project, name = repository.split("/")
            self.cluster.push(project, name, tag, made.digest, labels)
        return made

    def digest(self, registry: str, image: str) -> str | None:
        """Return what `repository:tag` is in a registry."""
        found = registry_client.resolve(self._registries[registry], *image.rsplit(":"))
        return found.digest if found else None

    def tag(self, image: str) -> list[str]:
        """Return what `project/stream:tag` was in the cluster, newest first."""
        repository, tag = image.rsplit(":")
        statuses = self.cluster.image_stream(*repository.split("/"))["status"].get("tags", [])
        return [item["image"] for status in statuses if status["tag"] == tag for item in status["items"]]

    def add_build(self, name: str, run: Callable[[BuildRun], None]) -> None:
        """Add a BuildConfig of stage without triggers, whose builds push to the image stream sample-app."""
        output = {"kind": "ImageStreamTag", "name": "sample-app:latest"}
        self.cluster.add_build_config("stage", name, strategy="Source", output=output, runner=run)

    def _here(self, text: str) -> str:
        for host, here in self._hosts.items():
            text = text.replace(host, here)
        return text


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Workplace]:
    """The shell, for all tests: each puts there what it needs, and no two set the same tag."""
    with ExitStack() as stack:
        yield Workplace(tmp_path_factory.mktemp("coming-from"), stack, ca)


def _repository(directory: Path) -> str:
    """Make the git repository that is published, and return its URL."""
    context = directory / "step8" / "hello_v1.0"
    context.mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM scratch\nCOPY hello /\n")
    (context / "hello").write_text("Hello World! I'm using the version 1.0\n")
    inside = ("-C", str(directory))
    git(*inside, "init", "--quiet", "--initial-branch=develop")
    git(*inside, "add", "--all")
    git(*inside, "commit", "--quiet", "--message=hello")
    return directory.as_uri()
