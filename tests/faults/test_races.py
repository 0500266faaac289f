"""Two promotions to one tag at once."""

from __future__ import annotations

import pytest

from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.shop import Shop


@pytest.fixture
def images(shop: Shop) -> tuple[Image, Image]:
    """Two images that want to be `live`; at stage they are `1` and `2`."""
    ours, theirs = (make_image(seed=f"{shop.name} {number}") for number in (1, 2))
    shop.stage.push(ours, "1")
    shop.stage.push(theirs, "2")
    return ours, theirs


def recorded(shop: Shop) -> list[tuple[str, bool]]:
    entries = shop.history("live")
    return [(one["digest"], one["current"]) for one in entries]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("PATCH", "/blobs/uploads/", id="copies"),
        pytest.param("GET", "/manifests/sha256:", id="verifies"),
        pytest.param("PUT", "/manifests/sha256-", id="records"),
    ],
)
def test_who_comes_later_to_the_flip_is_refused(
    method: str, path: str, shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    _, theirs = images
    hold = before_prod.when(method, path, times=1).hold()

    with shop.start_promotion(source="1", tag="live") as running:
        hold.wait_until_reached()
        assert shop.promote(source="2", tag="live").exit_code == 0
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 3
    assert theirs.digest in outcome.error["message"]
    assert shop.prod.digest("live") == theirs.digest
    assert recorded(shop) == [(theirs.digest, True)]


def test_force_does_not_overwrite_what_nobody_has_looked_at(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    ours, theirs = images
    shop.promote(source="1", tag="live")
    shop.stage.push(make_image(seed=f"{shop.name} 3"), "3")
    hold = before_prod.when("PUT", "/manifests/sha256-", times=1).hold()

    with shop.start_promotion("--force", source="3", tag="live") as running:
        hold.wait_until_reached()
        assert shop.promote("--force", source="2", tag="live").exit_code == 0
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 3
    assert shop.prod.digest("live") == theirs.digest
    assert shop.prod.digest(shop.run("rollback", shop.image(shop.prod, "live")).result["kept"]) == theirs.digest
    assert shop.prod.digest("live") == ours.digest


def test_who_finds_the_same_digest_there_has_nothing_to_complain_of(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    ours, _ = images
    hold = before_prod.when("PUT", f"/manifests/{referrers_tag(ours)}", times=1).hold()

    with shop.start_promotion(source="1", tag="live") as running:
        hold.wait_until_reached()
        assert shop.promote(source="1", tag="live").exit_code == 0
        hold.release()
        assert running.outcome().exit_code == 0

    assert shop.prod.digest("live") == ours.digest


def test_who_is_overwritten_at_once_is_told(shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy) -> None:
    ours, theirs = images
    looks = 3  # one that is challenged, one before the copy, one before the flip
    hold = before_prod.when("HEAD", "/manifests/live$", after=looks, times=1).hold()

    with shop.start_promotion(source="1", tag="live") as running:
        hold.wait_until_reached()
        forced = shop.promote("--force", source="2", tag="live").result
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 3
    assert shop.prod.digest("live") == theirs.digest
    assert shop.prod.digest(forced["kept"]) == ours.digest


def test_two_flips_in_the_same_instant_leave_one_of_the_two_whole(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    """Registries cannot put a tag on a condition: between the last look and the put, the later put wins."""
    ours, theirs = images
    hold = before_prod.when("PUT", "/manifests/live$", times=1).hold()

    with shop.start_promotion(source="1", tag="live") as running:
        hold.wait_until_reached()
        assert shop.promote(source="2", tag="live").exit_code == 0
        hold.release()
        assert running.outcome().exit_code == 0

    assert shop.prod.digest("live") == ours.digest
    assert recorded(shop) == [(ours.digest, True)]
    assert shop.prod.resolve(theirs.digest)


def test_a_record_that_another_writer_of_the_list_has_lost_is_listed_again(
    shop: Shop, before_prod: FaultyProxy
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    signature = make_referrer(image, "application/vnd.example.signature", b"signature")
    hold = before_prod.when("PUT", "/manifests/live$", times=1).hold()

    with shop.start_promotion(tag="live") as running:
        hold.wait_until_reached()
        shop.prod.push(make_referrers_index([signature]), referrers_tag(image))  # what was listed is gone from it
        hold.release()
        assert running.outcome().exit_code == 0

    assert recorded(shop) == [(image.digest, True)]
    listed = shop.prod.resolve(referrers_tag(image))
    assert listed is not None
    assert signature.digest.encode() in listed.content
