"""Releases into clusters: image streams' tags follow, or everything goes back; and images chosen by what is there."""

from __future__ import annotations

import pytest

from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Live, Streams
from tests.support import registry_client
from tests.support.cluster import view
from tests.support.cluster.answers import DEPLOYMENTS
from tests.support.cluster.workloads import deployment
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

OTHER = DIGESTS[0]


class Two:
    """Two applications of stage that are released to `live` in production."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.streams = live.streams
        self.names = (live.name, f"{live.name}-2")

    def push(self, seed: object) -> dict[str, Image]:
        """Put an image of each into stage."""
        images = {name: make_image(seed=f"{name} {seed}") for name in self.names}
        for name, image in images.items():
            registry_client.push(image, self.streams.registry, f"shop-stage/{name}", "1.0")
        return images

    def release(self, *flags: str) -> Outcome:
        pairs = [f"stage/{name}:1.0=prod/{name}:live" for name in self.names]
        return self.streams.run("release", *pairs, *flags)

    def released(self, seed: object) -> list[str]:
        """Release an image of each, and return their digests."""
        images = self.push(seed)
        assert self.release("--force").exit_code == 0
        return [image.digest for image in images.values()]

    @property
    def tags(self) -> list[str | None]:
        """What the registry's tags are."""
        found = [registry_client.resolve(self.streams.registry, f"shop/{name}", "live") for name in self.names]
        return [one.digest if one else None for one in found]

    @property
    def stream_tags(self) -> list[str]:
        """What the image streams' tags are."""
        return [self.streams.digests("shop", name, "live")[0] for name in self.names]


@pytest.fixture
def two(both: Live) -> Two:
    """Two applications; production's registry is its cluster's own, or not."""
    return Two(both)


@pytest.fixture
def two_outside(live: Live) -> Two:
    """Two applications; production's registry is none of its cluster's."""
    return Two(live)


def test_image_streams_follow(two: Two) -> None:
    digests = [image.digest for image in two.push(1).values()]
    result = two.release().result
    assert [tag["stream_tag"] for tag in result["tags"]] == [f"prod/{name}:live" for name in two.names]
    assert two.tags == two.stream_tags == digests
    assert two.live.noted()["promotion-id"] == result["release_id"]


def test_what_is_as_it_shall_be_is_left_and_what_was_lost_is_mended(two_outside: Two) -> None:
    digests = two_outside.released(1)
    written = len(two_outside.streams.writes())
    assert two_outside.release().result["status"] == "unchanged"
    assert len(two_outside.streams.writes()) == written

    two_outside.live.change(annotations={})
    assert two_outside.release().result["status"] == "unchanged"
    assert two_outside.live.noted()["digest"] == digests[0]


def test_a_dry_run_changes_nothing(two: Two) -> None:
    two.push(1)
    outcome = two.release("--dry-run")
    assert outcome.result["status"] == "planned"
    assert outcome.stderr.count("would be set") == 2
    assert two.tags == [None, None]
    assert [write for write in two.streams.writes() if "selfsubjectaccessreviews" not in write] == []


def test_an_image_stream_that_somebody_else_set_stops_it_before_anything_is_changed(two_outside: Two) -> None:
    two_outside.push(1)
    two_outside.live.set({"kind": "DockerImage", "name": f"quay.io/other/app@{OTHER}"})
    two_outside.streams.cluster.push("shop", two_outside.live.name, "live", OTHER)
    outcome = two_outside.release()
    assert outcome.exit_code == 3
    assert two_outside.tags == [None, None]


def test_one_that_does_not_follow_takes_all_back(two: Two) -> None:
    before = two.released(1)
    two.push(2)

    def take_rights() -> None:
        two.streams.cluster.push("shop", two.live.name, "other", OTHER)
        two.streams.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])

    two.streams.cluster.faults.before_tag(take_rights)
    error = two.release("--force").error

    assert error["exit_code"] == 5
    assert all(
        f"{name}:live was rolled back to {digest}" in error["message"]
        for name, digest in zip(two.names, before, strict=True)
    )
    assert two.tags == two.stream_tags == before


def test_a_rollout_that_fails_takes_all_back(two_outside: Two) -> None:
    names, cluster = two_outside.names, two_outside.streams.cluster
    for number, name in enumerate(names):
        watching = deployment(f"web-{number}", [{"name": f"{name}:live"}], progressDeadlineSeconds=1)
        cluster.add(DEPLOYMENTS, "shop", watching)
    two_outside.streams.routes = [{"from": "stage", "to": "prod", "rollout": {}}]
    before, images = two_outside.released(1), two_outside.push(2)
    cluster.rollouts.spoil(images[names[1]].digest)

    outcome = two_outside.release("--force")

    assert outcome.exit_code == 9
    assert two_outside.tags == two_outside.stream_tags == before


class TestChoosing:
    """Images of stage, whose cluster lists them."""

    @pytest.fixture
    def stage(self, streams: Streams) -> Streams:
        """Stage with three image streams, two of which belong to the application `shop`."""
        del streams.environments["prod"]["cluster"]
        for name, labels in (("a", {"app": "shop"}), ("b", {"app": "shop"}), ("c", {"app": "other"})):
            image = make_image(seed=f"{streams.repository} {name}")
            full = f"{self.name(streams)}-{name}"
            for tag in ("1.0", "1.1", "2.0"):
                registry_client.push(image, streams.registry, f"shop-stage/{full}", tag)
                streams.cluster.push("shop-stage", full, tag, image.digest, labels)
        return streams

    def name(self, streams: Streams) -> str:
        return streams.repository.rpartition("/")[2]

    def destinations(self, streams: Streams, *arguments: str) -> list[str]:
        """Release, and return what was released, without what is the same for all."""
        result = streams.run("release", *arguments).result
        assert result["status"] == "promoted"
        return [tag["destination"].rpartition(f"shop/{self.name(streams)}-")[2] for tag in result["tags"]]

    def test_tags_by_a_pattern(self, stage: Streams) -> None:
        assert self.destinations(stage, f"stage/{self.name(stage)}-a:1.*=prod") == ["a:1.0", "a:1.1"]

    def test_records_and_what_tags_were_are_no_images(self, stage: Streams) -> None:
        assert self.destinations(stage, f"stage/{self.name(stage)}-a:*=prod") == ["a:1.0", "a:1.1", "a:2.0"]
        stage.environments["qa"] = {**stage.environments["prod"], "project": "qa-shop"}
        again = self.destinations(stage, f"prod/{self.name(stage)}-a:*=qa")
        assert again == ["a:1.0", "a:1.1", "a:2.0"]

    def test_names_by_a_pattern(self, stage: Streams) -> None:
        assert self.destinations(stage, f"stage/{self.name(stage)}-?:2.0=prod") == [
            "a:2.0",
            "b:2.0",
            "c:2.0",
        ]

    def test_their_tags_are_listed_at_the_same_time(self, stage: Streams, ca: CertificateAuthority) -> None:
        with FaultyProxy(stage.registry, ca) as proxy:
            stage.environments["stage"]["registry"] = proxy.host
            lists = proxy.when("GET", "/tags/list")
            held = lists.hold()
            with stage.start("release", f"stage/{self.name(stage)}-?:2.0=prod", "--dry-run") as running:
                wait_until(lambda: lists.met == 3, "three lists to be asked for")
                held.release()
                assert len(running.outcome().result["tags"]) == 3

    def test_images_by_their_labels(self, stage: Streams) -> None:
        assert self.destinations(stage, "stage=prod", "--selector=app=shop") == [
            f"{name}:{tag}" for name in "ab" for tag in ("1.0", "1.1", "2.0")
        ]

    @pytest.mark.parametrize(
        ("images", "flags", "said"),
        [
            ("stage/NAME-a:3.*=prod", (), "there is no tag that stage/NAME-a:3.* stands for"),
            ("stage/other-*:1.0=prod", (), "there is no tag that"),
            ("stage=prod", ("--selector=app=none",), "there is no image stream of project"),
        ],
    )
    def test_what_matches_nothing_is_told(self, images: str, flags: tuple[str, ...], said: str, stage: Streams) -> None:
        outcome = stage.run("release", images.replace("NAME", self.name(stage)), *flags)
        assert outcome.exit_code == 4
        assert said.replace("NAME", self.name(stage)) in outcome.error["message"]
