"""What the tests of rendered objects share: a configuration with all there is, and the command that renders it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promoter import Outcome, Promoter
from tests.support.tls import CertificateAuthority

TOKEN = "token of the other cluster's account"
WEBHOOK_SECRET = "made up for both sides"
SIDES = ("non-production", "production")

Document = dict[str, Any]


def whole_configuration() -> Document:
    """Return a configuration that says everything but what is alternative."""
    return {
        "environments": {
            "non-production": {
                "registry": "registry.dev.example.com",
                "project": "shop-dev",
                "credentials": "in-cluster",
            },
            "production": {
                "registry": "registry.example.com:8443",
                "project": "shop",
                "credentials": "secret:/run/secrets/production-puller",
            },
        },
        "routes": [
            {
                "from": "non-production",
                "to": "production",
                "images": ["web", "api-*"],
                "watch": ["web:stable"],
                "through": "webhook",
                "webhook": {
                    "api": "https://api.example.com:6443",
                    "project": "shop-pipelines",
                    "build-config": "production-pipeline",
                    "secret": "env:PRODUCTION_PIPELINE_WEBHOOK_SECRET",
                    "credentials": "secret:/run/secrets/production-puller",
                    "jenkins": "https://jenkins.example.com",
                },
            }
        ],
        "install": {
            "library": {"repository": "https://git.example.com/image-promoter.git", "ref": "v1", "secret": "git"},
            "agent": {"cpu": "500m", "memory": "2Gi", "proxy": "http://proxy.example.com:3128"},
            "non-production": {"project": "shop-ci"},
            "watch": {"schedule": "*/5 * * * *"},
            "verification": {
                "deployment": "web",
                "image": "web",
                "command": "curl --fail \"http://web.shop-dev.svc:8080/health\" && echo '${HOME} $(date) is fine'",
                "run-in": "registry.example.com/tools/curl:8",
            },
            "import": {"image": "hello", "from": "registry.example.com/section/hello:1.1"},
        },
    }


@dataclass
class Renderer:
    """The command in a directory of its own; `configuration` is written there before it runs."""

    promoter: Promoter
    configuration: Document = field(default_factory=whole_configuration)

    @property
    def install(self) -> Document:
        """The section `install`."""
        install: Document = self.configuration["install"]
        return install

    @property
    def webhook(self) -> Document:
        """The route's webhook."""
        webhook: Document = self.configuration["routes"][0]["webhook"]
        return webhook

    def run(self, side: str, *flags: str, json: bool = True) -> Outcome:
        """Run the command."""
        file = self.promoter.directory / "promotion.yaml"
        file.write_text(yaml.safe_dump(self.configuration))
        return self.promoter.run("manifests", "--side", side, *flags, json=json)

    def text(self, side: str, *flags: str) -> str:
        """Return what is rendered, without secrets."""
        outcome = self.run(side, *flags, json=False)
        assert outcome.exit_code == 0, outcome.stderr
        return outcome.stdout

    def objects(self, side: str, *flags: str) -> list[Document]:
        """Return the objects that are rendered, without secrets."""
        return [document for document in yaml.safe_load_all(self.text(side, *flags)) if document]

    def with_secrets(self, side: str, token: str = TOKEN, webhook_secret: str = WEBHOOK_SECRET) -> Path:
        """Render to a file, with both secrets, and return the file."""
        directory = self.promoter.directory
        (directory / "token").write_text(f"{token}\n")
        (directory / "webhook-secret").write_text(f"{webhook_secret}\n")
        output = directory / f"{side}.yaml"
        flags = ("--token-from", "file:token", "--webhook-secret-from", "file:webhook-secret", "--output", str(output))
        outcome = self.run(side, *flags)
        assert outcome.exit_code == 0, outcome.stderr
        assert token not in outcome.stdout + outcome.stderr
        assert webhook_secret not in outcome.stdout + outcome.stderr
        return output


def read(file: Path) -> list[Document]:
    """Return the objects of a file."""
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def one(objects: list[Document], kind: str, name: str) -> Document:
    """Return the object of this kind and name."""
    [found] = [found for found in objects if (found["kind"], found["metadata"].get("name")) == (kind, name)]
    return found


@pytest.fixture
def promoter(tmp_path: Path) -> Promoter:
    """The command, in a directory of its own."""
    return Promoter(tmp_path / "promoter")


@pytest.fixture
def renderer(promoter: Promoter, ca: CertificateAuthority) -> Renderer:
    """The command with a whole configuration, whose registries have certificates of an authority of their own."""
    renderer = Renderer(promoter)
    for environment in renderer.configuration["environments"].values():
        environment["ca"] = str(ca.certificate)
    renderer.webhook["ca"] = str(ca.certificate)
    return renderer
