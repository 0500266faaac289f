"""Faults in the middle of a release: all tags are as they were, or all are what was released."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.faults import FaultyProxy
from tests.support.fleet import APPLICATIONS, Fleet, listed
from tests.support.images import Image
from tests.support.registries import Registry
from tests.support.registry_client import put_manifest
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

# Nothing that is broken off here would end by itself within that.
LONGEST_WAY_OUT_SECONDS = 30
TAG = "/manifests/1.0$"
NOTHING = dict.fromkeys(APPLICATIONS)


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Four applications."""
    return Fleet(shop)


def digests_of(images: dict[str, Image]) -> dict[str, str]:
    return {name: image.digest for name, image in images.items()}


def require_no_records(fleet: Fleet) -> None:
    assert [listed(fleet.prod(name), image) for name, image in fleet.images.items()] == [[]] * len(APPLICATIONS)


@pytest.mark.statement("R4")
@pytest.mark.parametrize(
    ("method", "path", "after"),
    [
        pytest.param("PUT", "/blobs/uploads/", 3, id="a blob cannot be put"),
        pytest.param("PUT", "/manifests/sha256:", 2, id="a manifest cannot be put"),
        pytest.param("PUT", "/manifests/sha256:", 5, id="a record cannot be put"),
        pytest.param("PUT", "/manifests/sha256-", 2, id="a record cannot be listed"),
        pytest.param("PUT", r"/manifests/1\.0\.was-", 2, id="what a tag was cannot be kept"),
        pytest.param("PUT", TAG, 0, id="no tag can be flipped"),
        pytest.param("PUT", TAG, 1, id="one tag can be flipped"),
        pytest.param("PUT", TAG, 3, id="all tags but one can be flipped"),
    ],
)
def test_what_fails_leaves_all_tags_as_they_were(
    method: str, path: str, after: int, fleet: Fleet, before_prod: FaultyProxy
) -> None:
    before = digests_of(fleet.released())
    before_prod.when(method, path, after=after, times=1).answer(403)

    outcome = fleet.run("--force")

    assert outcome.exit_code == 5
    assert fleet.digests() == before
    require_no_records(fleet)


def test_what_keeps_failing_leaves_all_tags_as_they_were(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = digests_of(fleet.released())
    put = before_prod.when("PUT", f"{fleet.repository('web')}{TAG}", times=6)
    put.answer(500, {"Retry-After": "0"})

    outcome = fleet.run("--force")

    assert (outcome.exit_code, put.met > 5) == (6, True)
    assert fleet.digests() == before
    require_no_records(fleet)


def test_what_cannot_be_mounted_is_uploaded(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before_prod.when("POST", f"mount={fleet.base[0].digest.replace(':', '%3A')}", after=1).answer(403)
    with fleet.shop.prod.registry.recording() as seen:
        assert fleet.run().exit_code == 0
    assert fleet.digests() == fleet.wanted
    assert sorted(fleet.uploads(seen)) == sorted([*fleet.blobs, *[fleet.base[0].digest] * 3])


@pytest.mark.parametrize("after", [0, 2, 3])
def test_tags_that_were_free_are_free_again(after: int, fleet: Fleet, before_prod: FaultyProxy) -> None:
    before_prod.when("PUT", TAG, after=after, times=1).answer(403)

    outcome = fleet.run()

    assert outcome.exit_code == 5
    assert "Not all tags" not in outcome.error["message"]
    assert fleet.digests() == NOTHING
    require_no_records(fleet)


def test_tags_that_were_free_and_stay_are_named(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = fleet.image("api", 0)
    fleet.prod("api").push(before)
    before_prod.when("DELETE", "/manifests/").answer(405)
    cron = before_prod.when("PUT", f"{fleet.repository('cron')}{TAG}")
    others = before_prod.when("PUT", f"({fleet.repository('web')}|{fleet.repository('worker')}){TAG}")
    others.answer(403, first=lambda: wait_until(lambda: cron.met > 0, "one tag to be flipped"))

    outcome = fleet.run("--force")

    assert outcome.exit_code == 5
    named = f"{before_prod.host}/{fleet.prod('cron').repository}:1.0 stays {fleet.wanted['cron']}"
    assert f"Not all tags are as they were: {named}; it was free" in outcome.error["message"]
    assert fleet.digests() == NOTHING | {"api": before.digest, "cron": fleet.wanted["cron"]}
    assert len(fleet.history("cron")) == 1


def test_a_tag_that_somebody_else_moves_meanwhile_is_theirs(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = digests_of(fleet.released())
    theirs = fleet.image("web", "theirs")
    fleet.prod("web").push(theirs, "theirs")
    side = fleet.prod("web")
    before_prod.when("PUT", TAG, times=1).call(lambda: put_manifest(theirs, side.registry, side.repository, "1.0"))

    outcome = fleet.run("--force")

    assert outcome.exit_code == 3
    assert f"{before_prod.host}/{side.repository}:1.0 was moved meanwhile" in outcome.error["message"]
    assert fleet.digests() == before | {"web": theirs.digest}
    require_no_records(fleet)


def test_who_comes_later_to_the_first_flip_changes_nothing(fleet: Fleet, before_prod: FaultyProxy) -> None:
    other = {name: fleet.image(name, 2) for name in APPLICATIONS}
    for name, image in other.items():
        fleet.stage(name).push(image, "2.0")
    later = fleet.file.with_name("later.txt")
    names = map(fleet.repository, APPLICATIONS)
    later.write_text("\n".join(f"stage/{name}:2.0 prod/{name}:1.0" for name in names))
    fleet.shop.configure()
    staging = before_prod.when("PUT", f"/manifests/{other['web'].digest}").hold()
    flipping = before_prod.when("PUT", TAG, after=1).hold()
    with fleet.shop.promoter.start("release", later) as second:
        staging.wait_until_reached()
        with fleet.start() as first:
            flipping.wait_until_reached()
            staging.release()
            refused = second.outcome()
            flipping.release()
            promoted = first.outcome()

    assert (promoted.exit_code, refused.exit_code) == (0, 3)
    assert "was moved meanwhile" in refused.error["message"]
    assert fleet.digests() == fleet.wanted
    assert [listed(fleet.prod(name), image) for name, image in other.items()] == [[]] * len(APPLICATIONS)


@pytest.mark.statement("R4")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/blobs/", id="blobs travel"),
        pytest.param("PUT", "/manifests/sha256:", id="manifests are put"),
    ],
)
def test_a_signal_before_the_flips_leaves_all_tags_as_they_were(
    method: str, path: str, fleet: Fleet, before_prod: FaultyProxy, before_stage: FaultyProxy
) -> None:
    before = digests_of(fleet.released())
    hold = (before_stage if method == "GET" else before_prod).when(method, path, after=2).hold()

    with fleet.start("--force") as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        assert running.outcome(LONGEST_WAY_OUT_SECONDS).exit_code == 143

    assert fleet.digests() == before
    require_no_records(fleet)


@pytest.mark.statement("R4")
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_signal_while_tags_flip_leaves_them_as_they_were(after: int, fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = digests_of(fleet.released())
    hold = before_prod.when("PUT", TAG, after=after, times=1).hold()

    with fleet.start("--force") as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        hold.release()
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert (outcome.exit_code, outcome.error["kind"]) == (143, "interrupted")
    assert fleet.digests() == before
    require_no_records(fleet)


def test_a_signal_while_a_flip_waits_to_be_tried_again_is_the_end(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = digests_of(fleet.released())
    put = before_prod.when("PUT", TAG, after=2, times=1)
    put.answer(500, {"Retry-After": "60"})

    with fleet.start("--force") as running:
        wait_until(lambda: put.met > 0, "a tag to be put")
        running.send(signal.SIGTERM)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == 143
    assert fleet.digests() == before


def test_a_failure_does_not_wait_for_those_that_wait_to_be_tried_again(fleet: Fleet, before_prod: FaultyProxy) -> None:
    before = digests_of(fleet.released())
    waiting, failing = before_prod.when("PUT", TAG, after=1, times=1), before_prod.when("PUT", TAG, after=1, times=1)
    waiting.answer(500, {"Retry-After": "60"})
    failing.answer(403)

    with fleet.start("--force") as running:
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS + 10)

    assert outcome.exit_code == 5
    assert fleet.digests() == before


def test_a_release_that_was_killed_is_resumed_without_uploading_anything_twice(
    fleet: Fleet, before_prod: FaultyProxy
) -> None:
    with fleet.shop.prod.registry.recording() as seen:
        hold = before_prod.when("PUT", "/manifests/sha256:", after=1).hold()
        with fleet.start() as running:
            hold.wait_until_reached()
            wait_until(
                lambda: len([one for one in before_prod.requests if one.status == 201]) > 10, "blobs to be there"
            )
            running.send(signal.SIGKILL)
            running.outcome()
        hold.release()
        result = fleet.run().result

    assert result["status"] == "promoted"
    assert fleet.digests() == fleet.wanted
    assert len(fleet.uploads(seen)) == len(set(fleet.uploads(seen)))


def test_a_source_that_goes_away_half_way_changes_nothing(fleet: Fleet, before_stage: FaultyProxy) -> None:
    fleet.shop.promoter.hurry()
    before_stage.when("GET", "/blobs/", after=4).drop()
    outcome = fleet.run()
    assert outcome.exit_code == 6
    assert before_stage.host in outcome.error["message"]
    assert fleet.digests() == NOTHING
    require_no_records(fleet)


def test_a_destination_that_goes_away_half_way_is_told(fleet: Fleet, ca: CertificateAuthority, tmp_path: Path) -> None:
    fleet.shop.promoter.hurry()
    with Registry(tmp_path / "own", ca) as own:
        fleet.shop.environments["prod"] |= {"registry": own.host, "credentials": "anonymous"}
        before = {name: fleet.image(name, 0) for name in APPLICATIONS}
        sides = {name: Side("prod", own, fleet.prod(name).repository) for name in APPLICATIONS}
        for name, image in before.items():
            sides[name].push(image)
        with FaultyProxy(own, ca) as proxy:
            fleet.shop.environments["prod"]["registry"] = proxy.host
            proxy.when("PUT", TAG, after=2).drop()
            outcome = fleet.run("--force")

        assert outcome.exit_code == 6
        flipped = [name for name in APPLICATIONS if sides[name].digest() == fleet.wanted[name]]
        assert all(sides[name].repository in outcome.error["message"] for name in flipped)
        assert "Not all tags are as they were" in outcome.error["message"]
        fleet.shop.environments["prod"]["registry"] = own.host
        assert fleet.run("--force").result["status"] == "promoted"
        assert {name: side.digest() for name, side in sides.items()} == fleet.wanted


def test_a_disk_that_is_full_changes_nothing(fleet: Fleet, ca: CertificateAuthority, tmp_path: Path) -> None:
    fleet.shop.promoter.hurry()
    with Registry(tmp_path / "small", ca, capacity_bytes=64_000) as small:
        fleet.shop.environments["prod"] |= {"registry": small.host, "credentials": "anonymous"}
        outcome = fleet.run()
        assert outcome.exit_code == 6
        assert small.host in outcome.error["message"]
        assert [Side("prod", small, fleet.prod(name).repository).digest() for name in APPLICATIONS] == [None] * 4


def test_who_asks_for_a_wait_is_left_in_peace_by_all(fleet: Fleet, before_prod: FaultyProxy) -> None:
    crowded = before_prod.when("PUT", "/manifests/sha256:", times=1)
    others = before_prod.when("PUT", "/manifests/sha256:", times=3)
    held = others.hold()
    crowded.answer(
        429, {"Retry-After": "3"}, first=lambda: wait_until(lambda: others.met == 3, "the others to be held")
    )

    with fleet.start() as running:
        running.wait_until_said("answered 429")
        under_way = len(before_prod.requests)
        held.release()
        outcome = running.outcome()

    assert outcome.exit_code == 0
    assert fleet.digests() == fleet.wanted
    held_last, *later = [one.at for one in before_prod.requests[under_way - 1 :]]
    assert min(later) - held_last > 2.9
    assert outcome.stderr.count("answered 429") == 1


def test_a_signal_leaves_what_was_flipped_by_itself_and_nothing_half_done(
    fleet: Fleet, before_prod: FaultyProxy
) -> None:
    def looks(name: str) -> int:
        path = f"{fleet.prod(name).repository}/manifests/1.0"
        return sum(
            one.method == "HEAD" and one.path.endswith(path) and one.status == 200 for one in before_prod.requests
        )

    before = digests_of(fleet.released())
    web = before_prod.when("PUT", f"{fleet.repository('web')}{TAG}").hold()

    with fleet.start("--force", "--keep-going") as running:
        web.wait_until_reached()
        others = [name for name in APPLICATIONS if name != "web"]
        wait_until(lambda: all(looks(name) > 2 for name in others), "the others to be looked at once they are flipped")
        running.send(signal.SIGTERM)
        web.release()
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == 143
    found = fleet.digests()
    assert found["web"] == before["web"]
    assert fleet.wanted["api"] in found.values() or fleet.wanted["cron"] in found.values()
    for name, image in fleet.images.items():
        records = len(listed(fleet.prod(name), image))
        assert (found[name], records) in {(before[name], 0), (fleet.wanted[name], 1)}


def test_a_source_that_answers_badly_for_a_moment_costs_nothing_twice(fleet: Fleet, before_stage: FaultyProxy) -> None:
    before_stage.when("GET", "/blobs/", after=2, times=2).answer(503)
    before_stage.when("GET", "/blobs/", after=5, times=1).drop_answer(after_bytes=100)
    with fleet.shop.prod.registry.recording() as seen:
        assert fleet.run().exit_code == 0
    assert fleet.digests() == fleet.wanted
    assert sorted(fleet.uploads(seen)) == sorted(fleet.blobs)


def test_a_blob_that_changed_on_the_way_leaves_all_tags_as_they_were(fleet: Fleet, before_stage: FaultyProxy) -> None:
    before_stage.when("GET", fleet.base[1].digest).corrupt(at_byte=20)
    assert fleet.run().exit_code == 7
    assert fleet.digests() == NOTHING
