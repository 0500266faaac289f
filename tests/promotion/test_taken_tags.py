"""Tags that are taken: refused, overwritten with force, rolled back; and what is recorded of it."""

from __future__ import annotations

import json

import pytest

from tests.support.images import Image, make_image
from tests.support.registry_client import resolve
from tests.support.shop import PLATFORMS, Shop, make, writes


def versions(shop: Shop, count: int = 2) -> list[Image]:
    """Push images to stage under the tags "1", "2" and so on, and return them."""
    images = [make_image(seed=f"{shop.name} {number}") for number in range(count)]
    for number, image in enumerate(images, start=1):
        shop.stage.push(image, str(number))
    return images


@pytest.mark.statement("W3")
def test_a_tag_that_another_digest_has_is_refused(shop: Shop) -> None:
    old, new = versions(shop)
    shop.promote(source="1", tag="live")

    with shop.prod.registry.recording() as seen:
        outcome = shop.promote(source="2", tag="live")

    assert outcome.exit_code == 3
    assert old.digest in outcome.error["message"]
    assert new.digest in outcome.error["message"]
    assert "--force" in outcome.error["remedy"]
    assert writes(seen) == []
    assert shop.prod.digest("live") == old.digest


@pytest.mark.statement("W3")
def test_force_overwrites_and_the_replaced_digest_stays_reachable_and_recorded(shop: Shop) -> None:
    old, new = versions(shop)
    shop.promote(source="1", tag="live")

    result = shop.promote("--force", "--reason=a hotfix", source="2", tag="live").result

    assert (result["status"], result["previous_digest"]) == ("promoted", old.digest)
    assert shop.prod.digest("live") == new.digest
    assert shop.prod.digest(result["kept"]) == old.digest
    newest, oldest = shop.history("live")
    assert (newest["digest"], newest["previous_digest"], newest["reason"]) == (new.digest, old.digest, "a hotfix")
    assert (oldest["digest"], oldest["previous_digest"]) == (old.digest, None)


@pytest.mark.statement("W3")
def test_a_tag_that_was_pushed_by_hand_can_be_restored_too(shop: Shop) -> None:
    _, new = versions(shop)
    by_hand = make_image(seed=f"{shop.name} by hand")
    shop.prod.push(by_hand, "live")
    shop.promote("--force", source="2", tag="live")
    assert shop.prod.digest("live") == new.digest

    assert shop.run("rollback", shop.image(shop.prod, "live")).exit_code == 0
    assert shop.prod.digest("live") == by_hand.digest


@pytest.mark.statement("W3")
def test_rollback_restores_the_previous_digest_and_history_tells_all(shop: Shop) -> None:
    old, new = versions(shop)
    shop.promote(source="1", tag="live")
    shop.promote("--force", source="2", tag="live")

    result = shop.run("rollback", shop.image(shop.prod, "live"), "--reason=it fails", "--requested-by=Ada").result

    assert (result["status"], result["digest"], result["previous_digest"]) == ("rolled-back", old.digest, new.digest)
    assert shop.prod.digest("live") == old.digest
    assert shop.prod.digest(result["kept"]) == new.digest
    entries = shop.history("live")
    assert [(one["action"], one["digest"], one["current"]) for one in entries] == [
        ("rolled-back", old.digest, True),
        ("promoted", new.digest, False),
        ("promoted", old.digest, False),
    ]
    assert (entries[0]["reason"], entries[0]["requested_by"]) == ("it fails", "Ada")
    assert [one["source"] for one in entries[1:]] == [f"{shop.stage}:2", f"{shop.stage}:1"]


def test_a_rollback_can_be_rolled_back(shop: Shop) -> None:
    _, new = versions(shop)
    shop.promote(source="1", tag="live")
    shop.promote("--force", source="2", tag="live")
    assert shop.run("rollback", shop.image(shop.prod, "live")).exit_code == 0
    assert shop.run("rollback", shop.image(shop.prod, "live"), f"--to={new.digest}").exit_code == 0
    assert shop.prod.digest("live") == new.digest


@pytest.mark.statement("W3")
def test_rollback_goes_to_a_named_digest(shop: Shop) -> None:
    images = versions(shop, 3)
    for number in (1, 2, 3):
        shop.promote("--force", source=str(number), tag="live")

    result = shop.run("rollback", shop.image(shop.prod, "live"), f"--to={images[0].digest}").result

    assert result["previous_digest"] == images[2].digest
    assert shop.prod.digest("live") == images[0].digest


def test_rollback_to_what_the_tag_is_changes_nothing(shop: Shop) -> None:
    old, _ = versions(shop)
    shop.promote(source="1", tag="live")
    with shop.prod.registry.recording() as seen:
        result = shop.run("rollback", shop.image(shop.prod, "live"), f"--to={old.digest}").result
    assert result["status"] == "unchanged"
    assert writes(seen) == []


def test_a_dry_rollback_changes_nothing(shop: Shop) -> None:
    old, new = versions(shop)
    shop.promote(source="1", tag="live")
    shop.promote("--force", source="2", tag="live")
    with shop.prod.registry.recording() as seen:
        result = shop.run("rollback", shop.image(shop.prod, "live"), "--dry-run").result
    assert (result["status"], result["digest"], result["previous_digest"]) == ("planned", old.digest, new.digest)
    assert writes(seen) == []


def test_rollback_without_a_previous_digest_finds_none(shop: Shop) -> None:
    versions(shop)
    shop.promote(source="1", tag="live")
    outcome = shop.run("rollback", shop.image(shop.prod, "live"))
    assert outcome.exit_code == 4
    assert "--to" in outcome.error["remedy"]


def test_rollback_to_a_digest_that_is_not_there_finds_none(shop: Shop) -> None:
    only, elsewhere = versions(shop)
    shop.promote(source="1", tag="live")
    assert shop.run("rollback", shop.image(shop.prod, "live"), f"--to={elsewhere.digest}").exit_code == 4
    assert shop.prod.digest("live") == only.digest


def test_a_rollback_is_no_way_around_a_promotion(shop: Shop) -> None:
    first, other = make_image(seed=f"{shop.name} 1"), make_image(seed=f"{shop.name} 2")
    shop.stage.push(first, "1")
    assert shop.promote(source="1", tag="live").exit_code == 0
    shop.prod.push(other, "other")
    assert shop.run("rollback", shop.image(shop.prod, "live"), f"--to={other.digest}").exit_code == 3
    assert shop.prod.digest("live") == first.digest


def test_a_second_rollback_goes_further_back(shop: Shop) -> None:
    images = [make_image(seed=f"{shop.name} {number}") for number in range(3)]
    for number, image in enumerate(images):
        shop.stage.push(image, str(number))
        assert shop.promote("--force", source=str(number), tag="live").exit_code == 0
    for expected in (images[1], images[0]):
        assert shop.run("rollback", shop.image(shop.prod, "live")).exit_code == 0
        assert shop.prod.digest("live") == expected.digest


@pytest.mark.parametrize("tag", ["sha256-" + "a" * 64, "sha256-" + "a" * 64 + ".sig", "live.was-0123456789ab"])
def test_tags_of_companions_and_of_what_was_are_not_promoted_to(tag: str, shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    assert shop.promote("--force", tag=tag).exit_code == 2
    assert shop.prod.tags() == set()


@pytest.mark.parametrize("command", ["history", "describe", "rollback"])
def test_a_tag_that_is_not_there_is_not_found(command: str, shop: Shop) -> None:
    assert shop.run(command, shop.image(shop.prod, "nowhere")).exit_code == 4


def test_describe_tells_what_a_tag_is_and_what_it_can_go_back_to(shop: Shop) -> None:
    old, new = make_image(seed=f"{shop.name} old"), make("docker index", shop.name)
    shop.stage.push(old, "1")
    shop.stage.push(new, "2")
    shop.promote(source="1", tag="live")
    shop.promote("--force", source="2", tag="live")

    result = shop.run("describe", shop.image(shop.prod, "live")).result

    assert (result["digest"], result["media_type"]) == (new.digest, new.media_type)
    assert tuple(result["platforms"]) == PLATFORMS
    assert result["size"] == sum(blob.size for one in new.children for blob in one.blobs)
    assert result["promoted"]["source"] == f"{shop.stage}:2"
    assert result["restorable"] == [old.digest]


def test_a_tag_that_was_moved_by_hand_has_no_record(shop: Shop) -> None:
    versions(shop)
    shop.promote(source="1", tag="live")
    by_hand = make_image(seed=f"{shop.name} by hand")
    shop.prod.push(by_hand, "live")

    result = shop.run("describe", shop.image(shop.prod, "live")).result

    assert (result["digest"], result["promoted"]) == (by_hand.digest, None)
    assert shop.run("rollback", shop.image(shop.prod, "live")).exit_code == 4


def test_the_longest_tags_keep_their_digests_apart(shop: Shop) -> None:
    tags = ["x" * 127 + end for end in "ab"]
    images = versions(shop, 4)
    for tag, (first, second) in zip(tags, (("1", "2"), ("3", "4")), strict=True):
        shop.promote(source=first, tag=tag)
        shop.promote("--force", source=second, tag=tag)

    described = [shop.run("describe", shop.image(shop.prod, tag)).result["restorable"] for tag in tags]
    assert described == [[images[0].digest], [images[2].digest]]

    assert shop.run("rollback", shop.image(shop.prod, tags[0])).exit_code == 0
    assert [shop.prod.digest(tag) for tag in tags] == [images[0].digest, images[3].digest]


def test_the_record_is_an_in_toto_statement_about_the_image(shop: Shop) -> None:
    image, _ = versions(shop)
    shop.promoter.environment |= {"BUILD_URL": "https://jenkins.example.com/job/shop/7/", "BUILD_TAG": "jenkins-shop-7"}

    result = shop.promote("--git-commit=0123abc", source="1", tag="live").result

    record = shop.prod.resolve(result["record"].rpartition("@")[2])
    assert record
    manifest = json.loads(record.content)
    assert manifest["subject"]["digest"] == image.digest
    payload = shop.prod.registry.blob_file(manifest["layers"][0]["digest"])
    statement = json.loads(payload.read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"][0]["digest"] == {"sha256": image.digest.removeprefix("sha256:")}
    predicate = statement["predicate"]
    assert predicate["build"] == "https://jenkins.example.com/job/shop/7/"
    assert predicate["requested_by"] == "jenkins-shop-7"
    assert predicate["git_commit"] == "0123abc"
    assert predicate["promotion_id"] == result["promotion_id"]
    assert (predicate["source"], predicate["tag"]) == (f"{shop.stage}:1", "live")
    listed = resolve(shop.prod.registry, shop.prod.repository, image.digest.replace(":", "-"))
    assert listed
    assert [one["digest"] for one in json.loads(listed.content)["manifests"]] == [record.digest]
