"""Where the environment names its cluster, a version is an image stream's tag, too: here, of a registry outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.conftest import Application, is_built
from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Streams, cluster, far, streams
from tests.support import registry_client
from tests.support.cluster import edit, view
from tests.support.promoter import Outcome

__all__ = ["cluster", "far", "streams"]


class Kiosk:
    """An application that is published in the environment `prod`, whose cluster imports from a registry outside."""

    def __init__(self, streams: Streams, application: Application) -> None:
        self.streams = streams
        self.application = application
        self.name = streams.repository.rpartition("/")[2]
        self.tag = f"prod/{self.name}:1.0"
        streams.promoter.environment["BUILDAH_ISOLATION"] = "chroot"

    def publish(self, *flags: str) -> Outcome:
        return self.streams.run("publish", self.application.url, f"prod/{self.name}", *flags)

    @property
    def standing(self) -> tuple[str | None, list[str]]:
        """What the registry's tag is, and what the image stream's was."""
        found = registry_client.resolve(self.streams.registry, f"shop/{self.name}", "1.0")
        return found.digest if found else None, self.streams.digests("shop", self.name, "1.0")

    @property
    def spec(self) -> dict[str, Any]:
        return self.streams.spec("shop", self.name, "1.0")

    def lose_rights(self) -> None:
        """Let the command look at the cluster, and no more, and have the cluster look again."""
        self.streams.cluster.push("shop", self.name, "other", DIGESTS[0])
        self.streams.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])


@pytest.fixture
def kiosk(streams: Streams, tmp_path: Path) -> Kiosk:
    """The application."""
    return Kiosk(streams, Application(tmp_path / "application"))


@pytest.mark.statement("W1")
def test_the_image_streams_tag_is_the_version(kiosk: Kiosk) -> None:
    assert kiosk.publish("--dry-run").result["status"] == "planned"
    result = kiosk.publish("--requested-by", "Ada").result
    assert (result["status"], result["stream_tag"]) == ("published", kiosk.tag)
    assert kiosk.standing == (result["digest"], [result["digest"]])
    noted = kiosk.spec["annotations"]
    facts = {"record": result["record"], "requested-by": "Ada", "source": kiosk.application.url}
    assert {name: noted[f"image-promoter/{name}"] for name in facts} == facts

    kiosk.streams.cluster.imports.streams.delete_tag("shop", f"{kiosk.name}:1.0")
    again = kiosk.publish().result
    assert (again["status"], again["stream_tag"]) == ("unchanged", kiosk.tag)
    assert kiosk.standing == (result["digest"], [result["digest"]])
    assert kiosk.spec["annotations"]["image-promoter/record"] == result["record"]
    before = len(kiosk.streams.writes())
    assert kiosk.publish().result["stream_tag"] == kiosk.tag
    assert len(kiosk.streams.writes()) == before


def _take(kiosk: Kiosk) -> None:
    kiosk.streams.cluster.push("shop", kiosk.name, "1.0", DIGESTS[0])


@pytest.mark.parametrize(
    ("change", "exit_code", "message"),
    [(_take, 3, "is taken: it is sha256:aaaa"), (Kiosk.lose_rights, 5, "may not update imagestreamtags")],
    ids=["taken", "no right"],
)
def test_what_cannot_be_set_is_not_built(
    kiosk: Kiosk, change: Callable[[Kiosk], None], exit_code: int, message: str
) -> None:
    change(kiosk)
    outcome = kiosk.publish()
    assert (outcome.error["exit_code"], message in outcome.error["message"]) == (exit_code, True), outcome.error
    assert not is_built(outcome)
    assert registry_client.resolve(kiosk.streams.registry, f"shop/{kiosk.name}", "1.0") is None


def test_what_the_image_stream_did_not_follow_it_follows_the_next_time(kiosk: Kiosk) -> None:
    kiosk.streams.cluster.faults.before_tag(kiosk.lose_rights)
    error = kiosk.publish().error
    assert (error["exit_code"], "is published, but the image stream's tag" in error["message"]) == (5, True), error
    digest, _ = kiosk.standing

    kiosk.streams.cluster.add_user(TAGGER, token=TOKEN, rights=[edit("shop")])
    assert kiosk.publish().result["status"] == "unchanged"
    assert digest
    assert kiosk.standing == (digest, [digest])
