"""Releases of many tags of one image: their records are entered into its list together."""

from __future__ import annotations

import json

import pytest

from tests.support.faults import FaultyProxy
from tests.support.fleet import listed
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.promoter import Outcome
from tests.support.registries import Recording, Request
from tests.support.shop import Shop, Side

RELEASE = "release-7"
FEW, MANY = 12, 200


@pytest.fixture
def image(shop: Shop) -> Image:
    """An image at stage."""
    made = make_image(seed=shop.name)
    shop.stage.push(made)
    return made


def release(shop: Shop, *flags: str, count: int = FEW) -> Outcome:
    """Release the image under so many tags."""
    destinations = " ".join(shop.image(shop.prod, tag) for tag in names(count))
    file = shop.promoter.directory / "release.txt"
    file.write_text(f"{shop.image(shop.stage)} {destinations}\n")
    return shop.run("release", file, f"--promotion-id={RELEASE}", *flags)


def roll_back(shop: Shop, *flags: str) -> Outcome:
    """Roll that release back."""
    return shop.run("rollback", shop.image(shop.prod, "tag-0"), "--release", RELEASE, *flags)


def names(count: int) -> list[str]:
    """Return the tags."""
    return [f"tag-{number}" for number in range(count)]


def on_list(seen: Recording, method: str, image: Image) -> list[Request]:
    """Return the requests for the list of what refers to an image, without challenged ones."""
    found = seen.matching(method, f"/manifests/{referrers_tag(image)}$")
    return [one for one in found if one.status != 401]


def recorded(side: Side, image: Image) -> list[str]:
    """Return the tags whose records are listed with an image, in their order."""
    found = side.resolve(referrers_tag(image))
    entries = json.loads(found.content)["manifests"] if found else []
    return sorted(entry["annotations"]["image-promoter/tag"] for entry in entries)


def test_the_list_is_read_and_written_once_and_seen_to_once(shop: Shop, image: Image) -> None:
    with shop.prod.registry.recording() as seen:
        result = release(shop, count=MANY).result

    assert result["status"] == "promoted"
    assert [shop.prod.digest(tag) for tag in ("tag-0", f"tag-{MANY - 1}")] == [image.digest] * 2
    assert shop.prod.tags() == {*names(MANY), referrers_tag(image)}
    assert recorded(shop.prod, image) == sorted(names(MANY))
    assert (len(on_list(seen, "PUT", image)), len(on_list(seen, "GET", image))) == (1, 2)
    digests = [put.path.rpartition("/")[2] for put in seen.matching("PUT", "/manifests/sha256:")]
    assert len(digests) == len(set(digests)) == MANY + 1
    assert {tag["record"].rpartition("@")[2] for tag in result["tags"]} == set(digests) - {image.digest}


def test_what_was_listed_before_stays_listed(shop: Shop, image: Image) -> None:
    shop.prod.push(image, "older")
    signature = make_referrer(image, "application/vnd.example.signature", b"signature")
    shop.prod.push(signature, signature.digest)
    shop.prod.push(make_referrers_index([signature]), referrers_tag(image))

    result = release(shop).result

    records = [tag["record"].rpartition("@")[2] for tag in result["tags"]]
    assert sorted(listed(shop.prod, image)) == sorted([signature.digest, *records])


def test_records_that_another_writer_of_the_list_has_lost_are_listed_again(
    shop: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    signature = make_referrer(image, "application/vnd.example.signature", b"signature")

    def overwrite() -> None:
        shop.prod.push(signature, signature.digest)
        shop.prod.push(make_referrers_index([signature]), referrers_tag(image))

    before_prod.when("PUT", "/manifests/tag-7$", times=1).call(overwrite)

    result = release(shop).result

    records = [tag["record"].rpartition("@")[2] for tag in result["tags"]]
    assert sorted(listed(shop.prod, image)) == sorted([signature.digest, *records])


@pytest.mark.parametrize("after", [0, 1, FEW - 1])
def test_a_flip_that_fails_takes_all_records_off_at_once(
    after: int, shop: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    before_prod.when("PUT", "/manifests/tag-", after=after, times=1).answer(403)

    with shop.prod.registry.recording() as seen:
        outcome = release(shop)

    assert outcome.exit_code == 5
    assert "Not all tags" not in outcome.error["message"]
    assert shop.prod.tags() == {referrers_tag(image)}
    assert listed(shop.prod, image) == []
    assert len(on_list(seen, "PUT", image)) == 2


@pytest.mark.parametrize(
    ("path", "after"), [("/manifests/sha256:", 5), ("/manifests/sha256:", FEW), ("/manifests/sha256-", 0)]
)
def test_a_record_that_cannot_be_attached_leaves_all_tags_free(
    path: str, after: int, shop: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    put = before_prod.when("PUT", path, after=after, times=1)
    put.answer(403)

    assert release(shop).exit_code == 5

    assert put.met > 0
    assert shop.prod.tags() <= {referrers_tag(image)}
    assert listed(shop.prod, image) == []


def test_records_that_cannot_be_taken_off_are_told(shop: Shop, image: Image, before_prod: FaultyProxy) -> None:
    before_prod.when("PUT", "/manifests/tag-3$").answer(403)
    before_prod.when("PUT", f"/manifests/{referrers_tag(image)}$", after=1).answer(403)
    kept = f"{before_prod.host}/{shop.prod.repository}@{image.digest} may keep records of what was taken back"

    assert kept in release(shop).error["message"]

    assert shop.prod.tags() == {referrers_tag(image)}


class TestKeepGoing:
    def test_the_records_of_what_failed_are_taken_off_together(
        self, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        before_prod.when("PUT", "/manifests/tag-[37]$").answer(403)

        with shop.prod.registry.recording() as seen:
            outcome = release(shop, "--keep-going")

        flipped = set(names(FEW)) - {"tag-3", "tag-7"}
        assert outcome.exit_code == 10
        assert shop.prod.tags() == {*flipped, referrers_tag(image)}
        assert recorded(shop.prod, image) == sorted(flipped)
        assert len(on_list(seen, "PUT", image)) == 2

    @pytest.mark.parametrize("last", [False, True])
    def test_a_tag_whose_record_cannot_be_pushed_keeps_no_other_from_it(
        self, last: bool, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        older = make_image(seed=f"{shop.name} older")
        for tag in names(FEW):
            shop.prod.push(older, tag)
        failing = max(names(FEW)) if last else min(names(FEW))
        before_prod.when("PUT", rf"/manifests/{failing}\.was-").answer(403)

        outcome = release(shop, "--keep-going", "--force")

        others = set(names(FEW)) - {failing}
        assert outcome.exit_code == 10
        assert {tag: shop.prod.digest(tag) for tag in names(FEW)} == {
            **dict.fromkeys(others, image.digest),
            failing: older.digest,
        }
        assert recorded(shop.prod, image) == sorted(others)

    def test_a_list_that_cannot_be_written_keeps_the_tags_of_that_image_alone(
        self, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        other = make_image(seed=f"{shop.name} other")
        shop.stage.push(other, "2.0")
        before_prod.when("PUT", f"/manifests/{referrers_tag(image)}$").answer(403)
        pair = f"{shop.image(shop.stage, '2.0')}={shop.image(shop.prod, '2.0')}"

        outcome = release(shop, pair, "--keep-going")

        assert outcome.exit_code == 10
        assert shop.prod.tags() == {"2.0", referrers_tag(other)}
        failed = [tag["error"]["exit_code"] for tag in json.loads(outcome.stdout)["tags"] if tag["error"]]
        assert failed == [5] * FEW


class TestRollback:
    def test_tags_that_were_free_are_removed_and_their_records_taken_off_at_once(
        self, shop: Shop, image: Image
    ) -> None:
        assert release(shop).exit_code == 0

        with shop.prod.registry.recording() as seen:
            result = roll_back(shop).result

        assert {tag["status"] for tag in result["tags"]} == {"removed"}
        assert shop.prod.tags() == {referrers_tag(image)}
        assert listed(shop.prod, image) == []
        assert len(on_list(seen, "PUT", image)) == 1
        assert len(on_list(seen, "GET", image)) == 3  # for the release that is meant, for its records, and to write it

    def test_tags_become_what_they_were_with_one_write_of_its_list(self, shop: Shop, image: Image) -> None:
        older = make_image(seed=f"{shop.name} older")
        for tag in names(FEW):
            shop.prod.push(older, tag)
        assert release(shop, "--force").exit_code == 0

        with shop.prod.registry.recording() as seen:
            result = roll_back(shop).result

        assert {tag["status"] for tag in result["tags"]} == {"rolled-back"}
        assert {shop.prod.digest(tag) for tag in names(FEW)} == {older.digest}
        assert recorded(shop.prod, older) == sorted(names(FEW))
        assert (len(on_list(seen, "PUT", older)), len(on_list(seen, "PUT", image))) == (1, 0)

    def test_each_record_is_read_once(self, shop: Shop, image: Image) -> None:
        records = {tag["record"].rpartition("@")[2] for tag in release(shop).result["tags"]}

        with shop.prod.registry.recording() as seen:
            assert roll_back(shop, "--dry-run").exit_code == 0

        got = [one.path.rpartition("/")[2] for one in seen.matching("GET", "/manifests/sha256:", 200)]
        assert set(got) == records
        assert len(got) == FEW + 1  # the named tag's, which tells of the others, and each one's own


def test_the_history_of_a_tag_reads_its_own_record_alone(shop: Shop, image: Image) -> None:
    tags = {tag["destination"].rpartition(":")[2]: tag["record"] for tag in release(shop).result["tags"]}

    with shop.prod.registry.recording() as seen:
        [entry] = shop.history("tag-7")

    assert (entry["record"], entry["current"]) == (tags["tag-7"], True)
    assert len(seen.matching("GET", "/manifests/sha256:", 200)) == 1
