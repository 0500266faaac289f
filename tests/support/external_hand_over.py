"""The setting of docs/external-hand-over.md: three parties with a Jenkins each, and the registries between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Unpack

import yaml

from tests.support import registry_client
from tests.support.agent import Agent
from tests.support.images import Image
from tests.support.pipeline import PipelineRig, PipelineRun, Settings
from tests.support.promoter import Outcome
from tests.support.registries import Registry, TokenAuth
from tests.support.repository import ROOT
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

EXAMPLE = ROOT / "docs" / "external-hand-over"
PROJECTS = {"development": "shop-dev", "qa": "shop", "stage": "shop", "production": "shop"}
PARTIES = {
    "team": {"development": "pull", "qa": "pull,push"},
    "qa": {"qa": "pull,push"},
    "operations": {"qa": "pull", "stage": "pull,push", "production": "pull,push"},
}
"""What each party may do in which registry; to others it has no token."""

_TRY = """#!/bin/sh
echo "trying $DIGEST"
test "$DIGEST" != "$(cat '{broken}')"
"""


class Party:
    """One of the parties, with a Jenkins, an agent and a repository of its own.

    Args:
        name: whose pipeline in the example it runs.
        directory: for everything that is made.
        configuration: the promotion.yaml that all have.
        secrets: what is mounted in its agents.

    """

    def __init__(self, name: str, directory: Path, configuration: str, secrets: dict[str, dict[str, str]]) -> None:
        self._name = name
        self._sources = directory / "sources"
        self._sources.mkdir(parents=True)
        (self._sources / "promotion.yaml").write_text(configuration)
        self._broken = directory / "broken"
        for script in ("verify", "try-on-stage"):
            (self._sources / script).write_text(_TRY.format(broken=self._broken))
            (self._sources / script).chmod(0o755)
        self._agent = Agent(directory / "agent", secrets)
        self._rig = PipelineRig(directory / "jenkins", {"image-promoter": ROOT})

    def run(self, version: str, *, broken: str = "none", **settings: Unpack[Settings]) -> PipelineRun:
        """Run the party's pipeline for a version; what it tries works, but for the digest that is `broken`."""
        self._broken.write_text(broken)
        around: Settings = {
            "parameters": {"VERSION": version},
            "checkout": self._sources,
            "environment": self._agent.environment,
            "job_name": f"{self._name}/web",
        }
        return self._rig.run(EXAMPLE / f"{self._name}.Jenkinsfile", **(around | settings))

    def promoter(self, *arguments: str) -> Outcome:
        """Run a command in a pod like the agent's."""
        return self._agent.promoter(self._sources, *arguments)


class ExternalHandOver:
    """The parties and the registries of the image `web`, with the configuration of the document, its hosts apart.

    Args:
        directory: for everything that is made.
        stack: closes it.
        ca: signed the certificate of every server.

    """

    def __init__(self, directory: Path, stack: ExitStack, ca: CertificateAuthority) -> None:
        services = {name: stack.enter_context(TokenService(ca)) for name in PROJECTS}
        self._registries = {
            name: stack.enter_context(Registry(directory / name, ca, TokenAuth(service)))
            for name, service in services.items()
        }
        configuration = self._configuration(ca)
        parties = {}
        for party, grants in PARTIES.items():
            secrets = {
                "serviceaccount" if name == "development" else f"{name}-registry": {
                    "token": services[name].mint(f"system:serviceaccount:{party}:jenkins", {PROJECTS[name]: actions})
                }
                for name, actions in grants.items()
            }
            parties[party] = Party(party, directory / f"of-{party}", configuration, secrets)
        self.team, self.qa, self.operations = parties.values()

    def push(self, image: Image, environment: str, tag: str) -> None:
        """Put an image into a registry under a tag of `web`, whatever is there, as any tool can."""
        registry_client.push(image, self._registries[environment], f"{PROJECTS[environment]}/web", tag)

    def digest(self, environment: str, tag: str) -> str | None:
        """Return what a tag of `web` is."""
        found = registry_client.resolve(self._registries[environment], f"{PROJECTS[environment]}/web", tag)
        return found.digest if found else None

    def _configuration(self, ca: CertificateAuthority) -> str:
        configuration: dict[str, Any] = yaml.safe_load((EXAMPLE / "promotion.yaml").read_text())
        for name, registry in self._registries.items():
            configuration["environments"][name] |= {"registry": registry.host, "ca": str(ca.certificate)}
        return json.dumps(configuration)  # JSON is YAML too


@contextmanager
def external_hand_over(directory: Path, ca: CertificateAuthority) -> Iterator[ExternalHandOver]:
    """Start everything, and stop it again."""
    with ExitStack() as stack:
        yield ExternalHandOver(directory, stack, ca)
