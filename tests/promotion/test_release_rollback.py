"""Rolling a release back: all of its tags, or none."""

from __future__ import annotations

import json
import signal
from http import HTTPStatus

import pytest

from tests.support.faults import FaultyProxy
from tests.support.fleet import APPLICATIONS, Fleet, listed
from tests.support.images import Blob, Image, make_referrers_index, referrers_tag
from tests.support.promoter import Outcome
from tests.support.registries import Registry
from tests.support.registry_client import push, put_manifest
from tests.support.shop import Shop, Side, writes
from tests.support.tokens import TokenService
from tests.support.waiting import wait_until

RELEASE = "release-7"


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Four applications, none of which is in production."""
    return Fleet(shop)


@pytest.fixture
def before(fleet: Fleet) -> dict[str, str]:
    """What production was before the release, by application; the release has been made since."""
    images = fleet.released()
    assert fleet.run("--force", f"--promotion-id={RELEASE}").exit_code == 0
    return {name: image.digest for name, image in images.items()}


def roll_back(fleet: Fleet, *flags: str, name: str = "web", release: str = RELEASE) -> Outcome:
    """Roll the release back by the tag of one application."""
    return fleet.shop.run("rollback", f"prod/{fleet.repository(name)}:1.0", "--release", release, *flags)


def test_all_tags_are_what_they_were(fleet: Fleet, before: dict[str, str]) -> None:
    result = roll_back(fleet, "--reason=it crashes", "--requested-by=alice").result

    assert (result["status"], result["release_id"]) == ("rolled-back", RELEASE)
    assert {tag["status"] for tag in result["tags"]} == {"rolled-back"}
    assert fleet.digests() == before
    for name in APPLICATIONS:
        newest, promoted = fleet.history(name)
        assert (newest["action"], newest["digest"], newest["current"]) == ("rolled-back", before[name], True)
        assert (newest["previous_digest"], newest["reason"]) == (fleet.wanted[name], "it crashes")
        assert newest["requested_by"] == "alice"
        assert (promoted["action"], promoted["promotion_id"]) == ("promoted", RELEASE)


def test_tags_in_another_registry_come_back_as_well(
    fleet: Fleet, non_production: Registry, token_service: TokenService
) -> None:
    token = token_service.mint("system:serviceaccount:shop:promoter", {"shop-dev": "pull", "shop": "pull,push"})
    fleet.shop.environments["backup"] = {**fleet.shop.environments["stage"], "project": "shop"}
    fleet.shop.log_in("backup", token)
    name, image = fleet.repository("web"), fleet.images["web"]
    sides = [fleet.prod("web"), Side("backup", non_production, f"shop/{name}")]
    old = [side.push(fleet.image("web", side.environment)) for side in sides]
    fleet.write(f"stage/{name}:1.0 prod backup")

    with sides[0].registry.recording() as prod, sides[1].registry.recording() as backup:
        assert fleet.run("--force", f"--promotion-id={RELEASE}").exit_code == 0
    assert [side.digest() for side in sides] == [image.digest] * 2
    assert set(prod.uploads) & set(backup.uploads) - fleet.blobs  # the statement

    assert roll_back(fleet).result["status"] == "rolled-back"
    assert [side.digest() for side in sides] == old


def test_rollback_has_one_statement(fleet: Fleet, before: dict[str, str]) -> None:
    with fleet.shop.prod.registry.recording() as seen:
        assert roll_back(fleet).exit_code == 0

    assert len(seen.uploads) == 1
    assert seen.mounts == seen.uploads * (len(APPLICATIONS) - 1)


def test_released_images_can_be_released_again(fleet: Fleet, before: dict[str, str]) -> None:
    assert roll_back(fleet).exit_code == 0

    assert fleet.run("--force").result["status"] == "promoted"

    assert fleet.digests() == fleet.wanted


def test_release_that_was_killed_half_way_and_run_again_comes_back_as_a_whole(
    fleet: Fleet, before_prod: FaultyProxy
) -> None:
    before = {name: image.digest for name, image in fleet.released().items()}
    put = before_prod.when("PUT", "/manifests/1.0$", after=2, times=2)
    put.answer(500, {"Retry-After": "60"})

    def flipped() -> int:
        return len([one for one in before_prod.requests if one.path.endswith("/manifests/1.0") and one.status == 201])

    with fleet.start("--force", f"--promotion-id={RELEASE}") as running:
        wait_until(lambda: put.met == 2 and flipped() == 2, "half of the tags to be flipped")
        running.send(signal.SIGKILL)
        running.outcome()
    left = [name for name, digest in fleet.digests().items() if digest == before[name]]
    assert len(left) == 2
    assert fleet.run("--force", f"--promotion-id={RELEASE}").exit_code == 0
    assert fleet.digests() == fleet.wanted
    list_newest_first(fleet.prod(left[0]), fleet.images[left[0]])

    assert roll_back(fleet, name=left[0]).result["status"] == "rolled-back"

    assert fleet.digests() == before


def list_newest_first(side: Side, image: Image) -> None:
    """Turn the list of what refers to an image round: registries may have it in any order."""
    found = side.resolve(referrers_tag(image))
    assert found
    index = json.loads(found.content)
    assert len(index["manifests"]) == 2
    turned = json.dumps(index | {"manifests": index["manifests"][::-1]}).encode()
    put_manifest(Image(turned, found.media_type), side.registry, side.repository, referrers_tag(image))


def test_dry_run_says_what_would_be_and_changes_nothing(fleet: Fleet, before: dict[str, str]) -> None:
    with fleet.shop.prod.registry.recording() as seen:
        result = roll_back(fleet, "--dry-run").result

    assert result["status"] == "planned"
    assert {tag["image"]: tag["digest"] for tag in result["tags"]} == {
        f"{fleet.prod(name)}:1.0": digest for name, digest in before.items()
    }
    assert writes(seen) == []
    assert fleet.digests() == fleet.wanted


def test_what_is_rolled_back_already_is_left(fleet: Fleet, before: dict[str, str]) -> None:
    assert roll_back(fleet).exit_code == 0

    with fleet.shop.prod.registry.recording() as seen:
        result = roll_back(fleet, name="api").result

    assert {tag["status"] for tag in result["tags"]} == {result["status"]} == {"unchanged"}
    assert writes(seen) == []


def test_tag_that_was_moved_since_keeps_all_as_they_are(fleet: Fleet, before: dict[str, str]) -> None:
    other = fleet.image("cron", "hotfix")
    fleet.prod("cron").push(other)

    with fleet.shop.prod.registry.recording() as seen:
        error = roll_back(fleet).error

    assert (error["kind"], error["exit_code"]) == ("refused", 3)
    assert f"1 of 4 tags are not what release {RELEASE} made them" in error["message"]
    assert f"{fleet.prod('cron')}:1.0 is {other.digest}" in error["message"]
    assert writes(seen) == []
    assert fleet.digests() == {**fleet.wanted, "cron": other.digest}


def test_tags_that_were_free_are_removed(fleet: Fleet) -> None:
    old = fleet.image("web", 0)
    fleet.prod("web").push(old)
    assert fleet.run("--force", f"--promotion-id={RELEASE}").exit_code == 0

    result = roll_back(fleet).result

    assert result["status"] == "rolled-back"
    assert {tag["image"].partition(f"{fleet.shop.name}-")[2]: tag["status"] for tag in result["tags"]} == {
        "api:1.0": "removed",
        "cron:1.0": "removed",
        "web:1.0": "rolled-back",
        "worker:1.0": "removed",
    }
    assert fleet.digests() == {**dict.fromkeys(APPLICATIONS), "web": old.digest}


def test_registry_that_lets_go_of_no_tag_keeps_those_that_were_free(fleet: Fleet, before_prod: FaultyProxy) -> None:
    old = fleet.image("web", 0)
    fleet.prod("web").push(old)
    assert fleet.run("--force", f"--promotion-id={RELEASE}").exit_code == 0
    before_prod.when("DELETE").answer(HTTPStatus.METHOD_NOT_ALLOWED)

    outcome = roll_back(fleet)

    assert outcome.exit_code == 10
    document = json.loads(outcome.stdout)
    assert document["status"] == "partly-done"
    left = [tag for tag in document["tags"] if tag["status"] == "left"]
    assert len(left) == len(APPLICATIONS) - 1
    assert all("does not let go of a tag" in tag["error"]["message"] for tag in left)
    assert fleet.digests() == {**fleet.wanted, "web": old.digest}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_flip_that_fails_leaves_all_as_the_release_made_them(
    before_prod: FaultyProxy, fleet: Fleet, before: dict[str, str], name: str
) -> None:
    before_prod.when("PUT", f"{fleet.repository(name)}/manifests/1.0$").answer(HTTPStatus.FORBIDDEN)

    error = roll_back(fleet).error

    assert error["kind"] == "not-permitted"
    assert fleet.digests() == fleet.wanted
    assert [entry["action"] for entry in fleet.history(name)] == ["promoted"]


def test_statement_that_is_not_attached_to_an_image_says_nothing_of_its_tag(
    fleet: Fleet, before: dict[str, str]
) -> None:
    cron = fleet.prod("cron")
    put_manifest(make_referrers_index([]), cron.registry, cron.repository, referrers_tag(fleet.images["cron"]))

    error = roll_back(fleet).error

    assert error["kind"] == "refused"
    assert f"{cron}:1.0 is {fleet.wanted['cron']}" in error["message"]
    assert fleet.digests() == fleet.wanted


def test_no_credential_is_shown_to_a_registry_that_only_a_statement_names(fleet: Fleet, before: dict[str, str]) -> None:
    forge(fleet, fleet.prod("web"), f"{fleet.prod('cron')}", "registry.example.net/shop/cron")

    error = roll_back(fleet, release="forged").error

    assert error["kind"] == "refused"
    assert "registry.example.net/shop/cron:1.0" in error["message"]
    assert fleet.digests() == fleet.wanted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"tag": "1.0"', '"tag": 7'),
        ('"promotions": [', '"promotions": [7, '),
        ('"promotions": [', '"else": ['),
        ('"previous_digest": "sha256:', '"previous_digest": "../'),
        ('"predicateType"', '"type"'),
    ],
)
def test_statement_that_makes_no_sense_changes_nothing(
    fleet: Fleet, before: dict[str, str], old: str, new: str
) -> None:
    forge(fleet, fleet.prod("web"), old, new)

    error = roll_back(fleet, release="forged").error

    assert error["kind"] in {"not-found", "refused"}
    assert fleet.digests() == fleet.wanted


def forge(fleet: Fleet, side: Side, old: str, new: str) -> None:
    """Attach another release's statement to an image, in which something else stands in place of what did."""
    image = fleet.images["web"]
    [record] = listed(side, image)
    found = side.resolve(record)
    assert found
    manifest = json.loads(found.content)
    text = side.registry.blob_file(manifest["config"]["digest"]).read_text()
    payload = Blob.of(text.replace(old, new).replace(RELEASE, "forged").encode())
    manifest["config"] = {**manifest["config"], "digest": payload.digest, "size": payload.size}
    artifact = Image(json.dumps(manifest | {"layers": [manifest["config"]]}).encode(), found.media_type, (payload,))
    push(artifact, side.registry, side.repository)
    put_manifest(make_referrers_index([artifact]), side.registry, side.repository, referrers_tag(image))


def test_release_that_nobody_made_is_not_found(fleet: Fleet, before: dict[str, str]) -> None:
    error = roll_back(fleet, release="release-8").error

    assert (error["kind"], error["exit_code"]) == ("not-found", 4)
    assert "no record of a release 'release-8'" in error["message"]


def test_digest_goes_with_no_release(fleet: Fleet, before: dict[str, str]) -> None:
    error = roll_back(fleet, f"--to={before['web']}").error

    assert (error["kind"], error["exit_code"]) == ("wrong-usage", 2)
    assert fleet.digests() == fleet.wanted


def test_tag_of_a_release_can_be_rolled_back_alone(fleet: Fleet, before: dict[str, str]) -> None:
    assert fleet.shop.run("rollback", f"prod/{fleet.repository('web')}:1.0").result["status"] == "rolled-back"

    assert fleet.digests() == {**fleet.wanted, "web": before["web"]}
