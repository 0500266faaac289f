"""Releases of many tags of one image: their records are entered into its list together."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from promoter.errors import NotPermitted
from promoter.model.request import ReleaseRequest
from promoter.promotion.records.record import RELEASE_TYPE, TAG, entry
from promoter.promotion.records.statements import KIND
from promoter.release.flipping import Flips, Turn
from promoter.release.record import Move, draft_records
from promoter.release.troubles import Troubles
from tests.support.faults import FaultyProxy
from tests.support.fleet import listed
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.promoter import Outcome
from tests.support.referrers_api import ReferrersApi
from tests.support.registries import Recording, Request
from tests.support.registry_client import delete_manifest
from tests.support.shop import Shop, Side
from tests.support.waiting import wait_until

RELEASE = "release-7"
FEW, MANY = 12, 200
AT_ONCE = 4


@pytest.fixture
def image(shop: Shop) -> Image:
    """An image at stage."""
    made = make_image(seed=shop.name)
    shop.stage.push(made)
    return made


def release(shop: Shop, *flags: str, count: int = FEW) -> Outcome:
    """Release the image under so many tags."""
    return shop.run("release", write(shop, count), f"--promotion-id={RELEASE}", *flags)


def write(shop: Shop, count: int = FEW) -> Path:
    """Write the file of that release."""
    destinations = " ".join(shop.image(shop.prod, tag) for tag in names(count))
    file = shop.promoter.directory / "release.txt"
    file.write_text(f"{shop.image(shop.stage)} {destinations}\n")
    return file


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
    return sorted(one["annotations"][TAG] for one in entries(side, image))


def entries(side: Side, image: Image) -> list[dict[str, Any]]:
    """Return the list of what refers to an image."""
    found = side.resolve(referrers_tag(image))
    there: list[dict[str, Any]] = json.loads(found.content)["manifests"] if found else []
    return there


class Crowd:
    """Counts how many requests are in the proxy at a time: `seen` has what each of them met, itself included."""

    def __init__(self, proxy: FaultyProxy) -> None:
        self.seen: list[int] = []
        self._proxy = proxy
        self._lock = Lock()
        self._under_way = 0

    def meet(self) -> None:
        """Stay for a moment, so that what must not come is given time to."""
        with self._lock:
            self._under_way += 1
            self.seen.append(self._under_way)
        self._proxy.pause(0.05)
        with self._lock:
            self._under_way -= 1


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


def test_tags_are_looked_at_at_the_same_time(shop: Shop, image: Image, before_prod: FaultyProxy) -> None:
    look = before_prod.when("HEAD", "/manifests/tag-", after=2)  # the first one alone, which is challenged
    hold = look.hold()
    shop.configure()

    with shop.promoter.start("release", write(shop)) as running:
        wait_until(lambda: look.met >= AT_ONCE, f"{AT_ONCE} tags to be looked at")
        hold.release()
        assert running.outcome().exit_code == 0


def test_tags_that_were_the_same_are_kept_one_after_the_other(
    shop: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    """Distribution answers 500 to who reads a manifest that is put just then."""
    older = make_image(seed=f"{shop.name} older")
    others = [make_image(seed=f"{shop.name} {tag}") for tag in names(FEW)]
    for tag, other in zip(names(FEW), others, strict=True):
        shop.prod.push(older, tag)
        shop.stage.push(other, tag)
    pairs = [f"{shop.image(shop.stage, tag)}={shop.image(shop.prod, tag)}" for tag in names(FEW)]
    crowd = Crowd(before_prod)
    before_prod.when("GET", f"/manifests/{older.digest}").call(crowd.meet)
    before_prod.when("PUT", r"\.was-").call(crowd.meet)

    assert shop.run("release", *pairs, "--force").exit_code == 0

    assert (len(crowd.seen) >= 2 * FEW, max(crowd.seen)) == (True, 1)


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


def test_the_list_is_left_alone_where_nothing_of_ours_is_on_it(
    shop: Shop, image: Image, before_prod: FaultyProxy
) -> None:
    shop.prod.push(image, "older")
    signature = make_referrer(image, "application/vnd.example.signature", b"signature")
    shop.prod.push(signature, signature.digest)
    shop.prod.push(make_referrers_index([signature]), referrers_tag(image))
    before_prod.when("PUT", "/manifests/sha256:", after=5, times=1).answer(403)

    with shop.prod.registry.recording() as seen:
        assert release(shop).exit_code == 5

    assert on_list(seen, "PUT", image) == []
    assert listed(shop.prod, image) == [signature.digest]


def test_records_of_many_images_are_forgotten_so_many_at_a_time(shop: Shop, before_prod: FaultyProxy) -> None:
    request = ReleaseRequest(images=())
    crowd = Crowd(before_prod)
    before_prod.when("PUT", "/manifests/tag-").answer(403)
    before_prod.when("DELETE", "/manifests/sha256:").call(crowd.meet)
    with shop.places() as places:
        moves = {}
        for number in range(9):
            image = make_image(seed=f"{shop.name} {number % 3}")
            shop.prod.push(image, "older")
            place = places.destination(request, shop.image(shop.prod, f"tag-{number}"))
            manifest = place.repository.manifest(image.digest)
            made = entry("promoted", place.reference, request, RELEASE, None)
            moves[Move(place.repository, manifest.descriptor, made)] = manifest
        records = draft_records(moves, Troubles(keep_going=False))
        turns = [
            Turn(move.repository, move.entry.tag, manifest, None, records[move.name])
            for move, manifest in moves.items()
        ]
        with pytest.raises(NotPermitted):
            Flips(turns, places.deadline, 2, places.say).flip_together()

    assert (len(crowd.seen), max(crowd.seen) <= 2) == (9, True)


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

    def test_tags_are_removed_though_their_records_stay(
        self, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        assert release(shop).exit_code == 0
        before_prod.when("PUT", f"/manifests/{referrers_tag(image)}$").answer(403)

        outcome = roll_back(shop)

        assert outcome.exit_code == 10
        tags = json.loads(outcome.stdout)["tags"]
        assert {(tag["status"], tag["digest"]) for tag in tags} == {("removed", None)}
        kept = f"{shop.prod.repository}@{image.digest} may keep records of removed tags"
        assert all(kept in tag["error"]["message"] for tag in tags)
        assert json.loads(outcome.stdout)["error"]["message"].count(kept) == 1
        assert shop.prod.tags() == {referrers_tag(image)}

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


class TestRecordThatIsListedAndGone:
    """Whoever prunes what has no tag takes records as well."""

    @pytest.fixture(autouse=True)
    def lost(self, shop: Shop, image: Image) -> None:
        """Release, with a record of the first tag in the list that is not there any more."""
        record = make_referrer(image, "application/vnd.in-toto+json", b"{}", {KIND: RELEASE_TYPE, TAG: "tag-0"})
        shop.prod.push(image, "older")
        shop.prod.push(record, record.digest)
        shop.prod.push(make_referrers_index([record]), referrers_tag(image))
        assert release(shop).exit_code == 0
        delete_manifest(shop.prod.registry, shop.prod.repository, record.digest)

    def test_history_passes_it_over(self, shop: Shop) -> None:
        assert [one["promotion_id"] for one in shop.history("tag-0")] == [RELEASE]

    def test_the_release_can_be_rolled_back(self, shop: Shop) -> None:
        assert roll_back(shop, "--dry-run").result["status"] == "planned"

    def test_it_leaves_the_list_when_that_is_written(self, shop: Shop, image: Image) -> None:
        before = set(listed(shop.prod, image))

        result = shop.run("promote", shop.image(shop.stage), shop.image(shop.prod, "another")).result

        after = set(listed(shop.prod, image))
        assert (len(before - after), len(after - before)) == (1, 1)
        assert [one["promotion_id"] for one in shop.history("another")] == [result["promotion_id"]]


class TestReferrersApi:
    """Of a registry that has one: there is no list to write."""

    def test_records_are_listed_by_the_registry(self, shop: Shop, image: Image, before_prod: FaultyProxy) -> None:
        api = ReferrersApi(before_prod, shop.prod.registry)

        assert release(shop).exit_code == 0

        assert sorted(one[TAG] for one in api.listed(image.digest).values()) == sorted(names(FEW))
        assert shop.prod.tags() == set(names(FEW))
        assert [one["promotion_id"] for one in shop.history("tag-7")] == [RELEASE]

    @pytest.mark.parametrize("path", ["/manifests/tag-3$", "/manifests/sha256:"])
    def test_records_are_taken_off_by_deleting_them(
        self, path: str, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        before_prod.when("PUT", path, after=0 if "tag" in path else 5, times=1).answer(403)
        api = ReferrersApi(before_prod, shop.prod.registry)

        assert release(shop).exit_code == 5

        assert api.listed(image.digest) == {}
        assert shop.prod.tags() == set()

    def test_keeping_going_takes_off_those_of_what_failed(
        self, shop: Shop, image: Image, before_prod: FaultyProxy
    ) -> None:
        before_prod.when("PUT", "/manifests/tag-[37]$").answer(403)
        api = ReferrersApi(before_prod, shop.prod.registry)

        assert release(shop, "--keep-going").exit_code == 10

        flipped = set(names(FEW)) - {"tag-3", "tag-7"}
        assert {one[TAG] for one in api.listed(image.digest).values()} == shop.prod.tags() == flipped

    def test_the_release_is_rolled_back(self, shop: Shop, image: Image, before_prod: FaultyProxy) -> None:
        api = ReferrersApi(before_prod, shop.prod.registry)
        assert release(shop).exit_code == 0

        assert {tag["status"] for tag in roll_back(shop).result["tags"]} == {"removed"}

        assert api.listed(image.digest) == {}
        assert shop.prod.tags() == set()


def test_the_history_of_a_tag_reads_its_own_record_alone(shop: Shop, image: Image) -> None:
    tags = {tag["destination"].rpartition(":")[2]: tag["record"] for tag in release(shop).result["tags"]}

    with shop.prod.registry.recording() as seen:
        [only] = shop.history("tag-7")

    assert (only["record"], only["current"]) == (tags["tag-7"], True)
    assert len(seen.matching("GET", "/manifests/sha256:", 200)) == 1
