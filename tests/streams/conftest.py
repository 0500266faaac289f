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
from tests.support.cluster.answers import Document
from tests.support.cluster.integrated_registry import integrate
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome, Promoter, Running
from tests.support.registries import Registry
from tests.support.shop import make
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

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
        self.routes: list[dict[str, Any]] = []

    def run(self, command: str, *arguments: str, json_output: bool = True) -> Outcome:
        """Run a command with the configuration."""
        with self.start(command, *arguments, json_output=json_output) as running:
            return running.outcome()

    def start(self, command: str, *arguments: str, json_output: bool = True) -> Running:
        """Start a command; to be used in a `with`."""
        file = self.promoter.directory / "promotion.yaml"
        file.write_text(json.dumps({"environments": self.environments, "routes": self.routes}))
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

    def runs(self, workload: str, image: Image) -> bool:
        """Tell whether all pods of a workload of production run an image."""
        ids = self.cluster.rollouts.image_ids("shop", workload)
        return bool(ids) and all(one.endswith(image.digest) for one in ids)

    def wait_for_import(self, name: str, tag: str) -> None:
        """Wait until an import into a tag of production has failed."""

        def has_failed() -> bool:
            statuses = self.cluster.image_stream("shop", name)["status"].get("tags", [])
            return any(status["tag"] == tag and status.get("conditions") for status in statuses)

        wait_until(has_failed, "the import to fail")

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


class Live:
    """An application of stage that is promoted to `live` in production.

    `name` is its image stream; `host` is production's registry, as the configuration names it.
    """

    def __init__(self, streams: Streams, host: str) -> None:
        self.streams = streams
        self.cluster = streams.cluster
        self.name = streams.repository.rpartition("/")[2]
        streams.repository = f"shop-stage/{self.name}"
        self.host = host
        streams.environments["prod"]["registry"] = host
        del streams.environments["stage"]["cluster"]

    def push(self, seed: object = 1, kind: str | None = None) -> Image:
        """Put an image into stage."""
        made = make(kind, f"{self.name} {seed}") if kind else image(f"{self.name} {seed}")
        self.streams.push(made)
        return made

    def promote(self, *flags: str) -> Outcome:
        return self.streams.run("promote", f"stage/{self.name}:1.0", self.reference, *flags)

    def promoted(self, seed: object = 1) -> Image:
        """Promote an image."""
        made = self.push(seed)
        self.promote("--force").result  # noqa: B018 - asserts that it succeeded
        return made

    def rollback(self, *flags: str) -> Outcome:
        return self.streams.run("rollback", self.reference, *flags)

    @property
    def reference(self) -> str:
        return f"prod/{self.name}:live"

    @property
    def digest(self) -> str | None:
        """What the registry's tag is."""
        found = registry_client.resolve(self.streams.registry, f"shop/{self.name}", "live")
        return found.digest if found else None

    @property
    def digests(self) -> list[str]:
        """What the image stream's tag was, newest first."""
        return self.streams.digests("shop", self.name, "live")

    @property
    def spec(self) -> dict[str, Any]:
        return self.streams.spec("shop", self.name, "live")

    def noted(self) -> dict[str, str]:
        """Return what is noted on the image stream's tag."""
        return {key.removeprefix("image-promoter/"): value for key, value in self.spec["annotations"].items()}

    def set(self, origin: dict[str, str], **spec: Any) -> None:  # noqa: ANN401
        """Set the image stream's tag as somebody else does."""
        tag = {"metadata": {"name": f"{self.name}:live"}, "tag": {"from": origin, **spec}}
        self.cluster.imports.streams.put_tag("shop", f"{self.name}:live", tag, lambda *_: True)

    def change(self, **fields: Any) -> None:  # noqa: ANN401
        """Change something of what the image stream's tag follows."""

        def edit(stream: Document) -> None:
            next(tag for tag in stream["spec"]["tags"] if tag["name"] == "live").update(fields)

        self.cluster.imports.streams.edit("shop", self.name, edit)

    def history(self) -> list[tuple[str, str]]:
        entries = self.streams.run("history", self.reference).result["entries"]
        return [(entry["action"], entry["digest"]) for entry in entries]


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


@pytest.fixture
def live(streams: Streams) -> Live:
    """Production, whose registry is none of its cluster's."""
    return Live(streams, streams.registry.host)


@pytest.fixture
def integrated(streams: Streams, ca: CertificateAuthority) -> Iterator[Live]:
    """Production, whose registry is its cluster's own."""
    with FaultyProxy(streams.registry, ca) as proxy:
        integrate(proxy, streams.cluster)
        yield Live(streams, proxy.host)


@pytest.fixture(params=["another registry", "its own registry"])
def both(request: pytest.FixtureRequest) -> Live:
    """Production, with either kind of registry."""
    made: Live = request.getfixturevalue("live" if request.param == "another registry" else "integrated")
    return made


def image(seed: object = 0) -> Image:
    """Return an image."""
    return make_image(seed=f"streams {seed}")
