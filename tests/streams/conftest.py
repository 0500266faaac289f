"""What the tests of tags and imports share: two projects of one cluster, one of another, and a registry."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support import registry_client
from tests.support.cluster import Cluster, edit
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome, Promoter, Running
from tests.support.registries import Registry
from tests.support.tls import CertificateAuthority

TOKEN = "token-of-the-tagger"
TAGGER = "system:serviceaccount:shop:tagger"
DIGESTS = [f"sha256:{digit * 64}" for digit in "abc"]


class Streams:
    """The environments `stage` (project shop-stage) and `prod` (shop) of one cluster, `far` (shop) of another one.

    `registry` is one outside of both, from which they import; `repository` is a repository there of the test's own.
    """

    def __init__(self, promoter: Promoter, cluster: Cluster, far: Cluster, registry: Registry) -> None:
        self.promoter = promoter
        self.cluster = cluster
        self.far = far
        self.registry = registry
        self.repository = f"qa/app-{uuid.uuid4().hex[:12]}"
        self.access = ("--source-ca", str(cluster.ca), "--source-credentials", "authfile:auth.json")
        (promoter.directory / "token").write_text(TOKEN)
        (promoter.directory / "password").write_text(PRODUCTION_PASSWORD)
        self.environments: dict[str, dict[str, Any]] = {
            "stage": self._environment("shop-stage", cluster),
            "prod": self._environment("shop", cluster),
            "far": self._environment("shop", far),
        }

    def run(self, command: str, *arguments: str, json_output: bool = True) -> Outcome:
        """Run a command with the configuration."""
        with self.start(command, *arguments, json_output=json_output) as running:
            return running.outcome()

    def start(self, command: str, *arguments: str, json_output: bool = True) -> Running:
        """Start a command; to be used in a `with`."""
        file = self.promoter.directory / "promotion.yaml"
        file.write_text(json.dumps({"environments": self.environments}))
        return self.promoter.start(command, *arguments, json=json_output)

    def tag(self, *arguments: str) -> Outcome:
        """Run `promoter tag` with what it takes to ask the registry."""
        return self.run("tag", *arguments, *self.access)

    def push(self, image: Image, tag: str = "1.0") -> str:
        """Put an image into the registry, and return its reference."""
        registry_client.push(image, self.registry, self.repository, tag)
        return self.reference(tag)

    def reference(self, tag: str = "1.0") -> str:
        """Return the reference of a tag in the registry."""
        return f"{self.registry.host}/{self.repository}:{tag}"

    def digests(self, project: str, name: str, tag: str, cluster: Cluster | None = None) -> list[str]:
        """Return what a tag was, newest first, as the API has it."""
        statuses = (cluster or self.cluster).image_stream(project, name)["status"].get("tags", [])
        return [item["image"] for status in statuses if status["tag"] == tag for item in status["items"] or []]

    def spec(self, project: str, name: str, tag: str) -> dict[str, Any]:
        """Return what a tag follows, as the API has it."""
        tags = self.cluster.image_stream(project, name)["spec"]["tags"]
        found: dict[str, Any] = next(one for one in tags if one["name"] == tag)
        return found

    def looks(self, name: str) -> list[str]:
        """Return the requests that got the image stream of that name, in whatever project."""
        return [one.path for one in self.cluster.requests if one.method == "GET" and one.path.endswith(f"/{name}")]

    def writes(self) -> list[str]:
        """Return what the cluster was asked to change; looking up an image is no change."""
        looks = [request for request in self.cluster.requests if b'"import": false' in request.body]
        return [f"{one.method} {one.path}" for one in self.cluster.requests if one.method != "GET" and one not in looks]

    def _environment(self, project: str, cluster: Cluster) -> dict[str, Any]:
        ca = str(cluster.ca)
        api = {"api": cluster.url, "ca": ca, "credentials": "file:token"}
        place = {"registry": self.registry.host, "project": project, "ca": ca}
        return {**place, "user": PRODUCTION_USER, "credentials": "file:password", "cluster": api}


@pytest.fixture
def cluster(ca: CertificateAuthority, production: Registry) -> Iterator[Cluster]:
    """The cluster of stage and production."""
    with Cluster(ca) as made:
        made.add_project("shop-stage")
        made.add_project("shop")
        made.add_registry(production)
        made.add_user(TAGGER, token=TOKEN, rights=[edit("shop-stage"), edit("shop")])
        yield made


@pytest.fixture
def far(ca: CertificateAuthority, production: Registry) -> Iterator[Cluster]:
    """Another cluster."""
    with Cluster(ca) as made:
        made.add_project("shop")
        made.add_registry(production)
        made.add_user(TAGGER, token=TOKEN, rights=[edit("shop")])
        yield made


@pytest.fixture
def streams(tmp_path: Path, cluster: Cluster, far: Cluster, production: Registry) -> Streams:
    """The projects, empty."""
    made = Streams(Promoter(tmp_path / "promoter"), cluster, far, production)
    auth = b64encode(f"{PRODUCTION_USER}:{PRODUCTION_PASSWORD}".encode()).decode()
    (made.promoter.directory / "auth.json").write_text(json.dumps({"auths": {production.host: {"auth": auth}}}))
    return made


def image(seed: int | str = 0) -> Image:
    """Return an image."""
    return make_image(seed=f"streams {seed}")
