"""Destinations that do not take what they are given: the tag stays as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from promoter.errors import TimedOut
from promoter.model.request import PromoteRequest
from promoter.promotion.promote import promote
from tests.support.faults import FaultyProxy
from tests.support.images import Image, digest_of, make_image, referrers_tag
from tests.support.promoter import Outcome, in_little_time
from tests.support.registries import Registry
from tests.support.shop import Shop, Side, make
from tests.support.tls import CertificateAuthority

OTHER = digest_of(b"another image")


@pytest.fixture
def images(shop: Shop, before_prod: FaultyProxy) -> tuple[Image, Image]:
    """Two images; the first was promoted to the tag `live`, the second stands at stage as `2`."""
    old, new = (make_image(seed=f"{shop.name} {number}") for number in (1, 2))
    shop.stage.push(old, "1")
    shop.stage.push(new, "2")
    assert shop.promote(source="1", tag="live").exit_code == 0
    return old, new


@pytest.fixture
def own_prod(shop: Shop, ca: CertificateAuthority, tmp_path: Path) -> Iterator[Registry]:
    """A production registry of this test's own; nobody has to log in to it."""
    with Registry(tmp_path / "registry", ca) as registry:
        shop.prod = Side("prod", registry, shop.prod.repository)
        shop.environments["prod"] |= {"registry": registry.host, "credentials": "anonymous"}
        yield registry


def recorded(shop: Shop, tag: str) -> list[str]:
    """Return the digests that history tells of, the current one marked."""
    entries = shop.history(tag)
    return [f"{'*' if one['current'] else ' '}{one['digest']}" for one in entries]


def is_running(pid: Path) -> bool:
    """Tell whether the process is there that has written its number into a file."""
    return Path(f"/proc/{pid.read_text().strip()}").exists()


def referrers(shop: Shop, image: Image) -> list[str]:
    """Return what production lists as referring to an image."""
    listed = shop.prod.resolve(referrers_tag(image))
    return [entry["digest"] for entry in json.loads(listed.content)["manifests"]] if listed else []


def test_a_registry_that_is_down_is_told(shop: Shop, own_prod: Registry) -> None:
    shop.promoter.hurry()
    shop.stage.push(make_image(seed=shop.name))
    own_prod.stop()
    outcome = shop.promote()
    assert outcome.exit_code == 6
    assert own_prod.host in outcome.error["message"]


@pytest.mark.usefixtures("engine")
def test_a_registry_that_takes_no_writes_is_told(shop: Shop, own_prod: Registry) -> None:
    shop.stage.push(make_image(seed=shop.name))
    own_prod.read_only = True
    own_prod.restart()

    with own_prod.recording() as seen:
        outcome = shop.promote()

    assert outcome.exit_code == 6
    assert "takes writes again" in outcome.error["remedy"]
    refused = seen.matching("POST", "", 405)
    assert 0 < len(refused) <= 6  # once a blob, those of the record among them
    assert shop.prod.tags() == set()


@pytest.mark.usefixtures("engine")
def test_a_registry_whose_disk_is_full_is_told(shop: Shop, ca: CertificateAuthority, tmp_path: Path) -> None:
    shop.promoter.hurry()
    shop.stage.push(make_image([900_000], seed=shop.name))
    with Registry(tmp_path / "registry", ca, capacity_bytes=500_000) as full:
        shop.prod = Side("prod", full, shop.prod.repository)
        shop.environments["prod"] |= {"registry": full.host, "credentials": "anonymous"}

        assert shop.promote().exit_code == 6
        assert shop.prod.tags() == set()


def test_a_registry_that_says_it_is_full_is_not_asked_again(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    before_prod.when("PATCH", "/blobs/uploads/").answer(507)
    outcome = shop.promote(source="2", tag="next")
    assert outcome.exit_code == 6
    assert "Free space" in outcome.error["remedy"]
    assert [one.status for one in before_prod.requests if one.method == "PATCH"] <= [507] * 3
    assert shop.prod.digest("next") is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 507])
def test_a_tag_that_cannot_be_put_stays_with_its_history(
    status: int, shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, new = images
    before_prod.when("PUT", "/manifests/live$").answer(status, {"WWW-Authenticate": 'Basic realm="registry"'})

    outcome = shop.promote("--force", source="2", tag="live")

    assert outcome.exit_code == {401: 5, 403: 5, 404: 4}.get(status, 6)
    assert shop.prod.digest("live") == old.digest
    assert referrers(shop, new) == []
    assert recorded(shop, "live") == [f"*{old.digest}"]


@pytest.mark.parametrize("step", ["the record's blob", "the record", "the list of records", "the kept tag"])
def test_a_flip_that_fails_before_the_tag_is_put_leaves_it_with_its_history(
    step: str, shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, new = images
    assert shop.promote(source="2", tag="elsewhere").exit_code == 0
    path = {
        "the record's blob": "/blobs/uploads/",
        "the record": "/manifests/sha256:",
        "the list of records": f"/manifests/{referrers_tag(new)}$",
        "the kept tag": "/manifests/live.was-",
    }[step]
    before_prod.when("PUT", path).answer(403)

    assert shop.promote("--force", source="2", tag="live").exit_code == 5

    assert shop.prod.digest("live") == old.digest
    assert recorded(shop, "live") == [f"*{old.digest}"]


def test_a_flip_whose_answer_is_lost_is_done_all_the_same(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, new = images
    before_prod.when("PUT", "/manifests/live$", times=1).drop_answer()
    before_prod.when("PUT", "/manifests/live$").answer(403)

    outcome = shop.promote("--force", source="2", tag="live")

    assert outcome.result["status"] == "promoted"
    assert shop.prod.digest("live") == new.digest
    assert recorded(shop, "live") == [f"*{new.digest}", f" {old.digest}"]


def test_a_flip_that_can_neither_be_answered_nor_seen_is_told_as_it_is(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    _, new = images
    before_prod.when("PUT", "/manifests/live$", times=1).drop_answer()
    before_prod.when("PUT", "/manifests/live$").answer(403)
    before_prod.when("HEAD", "/manifests/live$", after=3).answer(403)

    outcome = shop.promote("--force", source="2", tag="live")

    assert outcome.exit_code == 6
    assert (
        f"Whether {before_prod.host}/{shop.prod.repository}:live was flipped cannot be seen" in outcome.error["message"]
    )
    assert len(referrers(shop, new)) == 1
    shop.environments["prod"]["registry"] = shop.prod.registry.host
    assert shop.promote(source="2", tag="live").result["status"] == "unchanged"


def test_a_record_that_could_not_be_taken_back_is_passed_over(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, new = images
    assert shop.promote("--force", source="2", tag="live").exit_code == 0
    before_prod.when("PUT", "/manifests/live$", times=1).answer(403)
    before_prod.when("PUT", f"/manifests/{referrers_tag(old)}$", after=1, times=1).answer(403)

    assert shop.run("rollback", shop.image(shop.prod, "live")).exit_code == 5

    assert recorded(shop, "live") == [f" {old.digest}", f"*{new.digest}", f" {old.digest}"]
    assert shop.run("rollback", shop.image(shop.prod, "live")).result["digest"] == old.digest


@pytest.mark.usefixtures("engine")
def test_a_registry_that_keeps_another_digest_fails_the_verification(
    shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, _ = images
    before_prod.when("PUT", "/manifests/live$").answer(201, {"Docker-Content-Digest": OTHER})
    assert shop.promote("--force", source="2", tag="live").exit_code == 7
    assert shop.prod.digest("live") == old.digest
    assert recorded(shop, "live") == [f"*{old.digest}"]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("part", ["index", "platform"])
@pytest.mark.parametrize("answer", ["not there", "something else"])
def test_what_is_not_there_after_the_copy_fails_the_verification(
    answer: str, part: str, shop: Shop, before_prod: FaultyProxy
) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    path = f"/manifests/{(image if part == 'index' else image.children[1]).digest}$"
    headers = {"Docker-Content-Digest": OTHER, "Content-Type": image.media_type}
    for method in ("HEAD", "GET"):
        before_prod.when(method, path).answer(404 if answer == "not there" else 200, headers, b"other bytes")

    outcome = shop.promote()

    assert outcome.exit_code == 7
    assert shop.prod.digest() is None
    assert referrers(shop, image) == []


def test_heads_that_tell_no_digest_are_no_obstacle(shop: Shop, before_stage: FaultyProxy) -> None:
    image = make("oci index", shop.name)
    shop.stage.push(image)
    before_stage.when("HEAD", "/manifests/1.0$", after=1).answer(200, {"Content-Type": image.media_type})
    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == image.digest


def test_a_copy_that_takes_too_long_is_stopped(shop: Shop, before_prod: FaultyProxy) -> None:
    shop.stage.push(make_image(seed=shop.name))
    hold = before_prod.when("PATCH", "/blobs/uploads/").hold()
    shop.promoter.replace_skopeo(f'echo $$ > pid; exec {shutil.which("skopeo")} "$@"')

    outcome = in_little_time(lambda seconds: shop.promote(f"--timeout={seconds}s"), lambda _: hold.reached.is_set())

    assert outcome.exit_code == 8
    assert "--timeout" in outcome.error["remedy"]
    assert not is_running(shop.promoter.directory / "pid")
    assert list(shop.promoter.temporary.iterdir()) == []
    assert shop.prod.digest() is None


def test_a_copy_that_does_not_end_when_the_time_is_over_is_killed(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.replace_skopeo('trap "" TERM; echo $$ > pid; while :; do sleep 0.1; done')
    pid = shop.promoter.directory / "pid"

    outcome = in_little_time(lambda seconds: shop.promote(f"--timeout={seconds}s"), lambda _: pid.exists())

    assert outcome.exit_code == 8
    assert not is_running(pid)
    assert list(shop.promoter.temporary.iterdir()) == []


@pytest.mark.parametrize("location", [None, "https://[::1/", "https://store.invalid/"])
def test_an_upload_that_leads_nowhere_is_told(
    location: str | None, shop: Shop, images: tuple[Image, Image], before_prod: FaultyProxy
) -> None:
    old, _ = images
    assert shop.promote(source="2", tag="elsewhere").exit_code == 0
    before_prod.when("POST", "/blobs/uploads/$").answer(202, {"Location": location} if location else {})

    shop.promoter.hurry()
    outcome = shop.promote("--force", source="2", tag="live")

    assert outcome.exit_code == 6
    assert before_prod.host in outcome.error["message"]
    assert shop.prod.digest("live") == old.digest
    assert recorded(shop, "live") == [f"*{old.digest}"]


@pytest.mark.parametrize("length", ["many", "-5"])
def test_heads_that_tell_a_length_that_is_none_are_no_obstacle(
    length: str, shop: Shop, before_stage: FaultyProxy
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    headers = {"Content-Type": image.media_type, "Docker-Content-Digest": image.digest, "Content-Length": length}
    before_stage.when("HEAD", "/manifests/1.0$", after=1).answer(200, headers)
    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == image.digest


@pytest.mark.parametrize("path", ["/manifests/1.0$", "/blobs/"])
def test_a_registry_that_does_not_answer_in_time_is_not_waited_for(
    path: str, shop: Shop, before_prod: FaultyProxy
) -> None:
    shop.stage.push(make("oci index", shop.name))
    hold = before_prod.when("HEAD", path).hold()
    outcome = in_little_time(lambda seconds: shop.promote(f"--timeout={seconds}s"), lambda _: hold.reached.is_set())
    assert outcome.exit_code == 8
    assert shop.prod.digest() is None


def test_a_verification_without_an_answer_in_time_is_not_waited_for_longer_than_a_flip(
    shop: Shop, before_prod: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promoter.promotion.tags.flipping._SECONDS", 0.0)
    shop.stage.push(make("oci index", shop.name))
    hold = before_prod.when("HEAD", "/manifests/sha256:").hold()
    request = PromoteRequest(source=shop.image(shop.stage), destination=shop.image(shop.prod))

    def run(seconds: int) -> None:
        with shop.places(seconds=seconds) as places, pytest.raises(TimedOut):
            promote(request, places)

    in_little_time(run, lambda _: hold.reached.is_set())
    assert shop.prod.digest() is None


def test_a_flip_that_has_begun_is_brought_to_its_end(shop: Shop, before_prod: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    put = before_prod.when("PUT", "/manifests/1.0$")

    def promote(seconds: int) -> Outcome:
        put.delay(seconds)
        return shop.promote(f"--timeout={seconds}s")

    assert in_little_time(promote, lambda _: put.met > 0).exit_code == 0
    assert shop.prod.digest() == image.digest


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that a process ends with
def test_a_flip_whose_end_was_not_seen_at_first_takes_no_time_from_what_follows(
    shop: Shop, before_prod: FaultyProxy
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    looks = 3  # one that is challenged, one before the copy, one before the flip
    before_prod.when("HEAD", "/manifests/1.0$", after=looks, times=1).answer(403)
    request = PromoteRequest(source=shop.image(shop.stage), destination=shop.image(shop.prod))

    with shop.places() as places:
        assert promote(request, places).status == "promoted"
        assert places.deadline.remaining > 500

    assert shop.prod.digest() == image.digest


def test_a_list_of_records_that_cannot_be_seen_after_the_flip_is_said(shop: Shop, before_prod: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    before_prod.when("GET", f"/manifests/{referrers_tag(image)}$", after=1, times=1).answer(403)

    outcome = shop.promote()

    assert outcome.exit_code == 0
    assert "could not be seen" in outcome.stderr
    assert shop.prod.digest() == image.digest
    assert len(shop.history()) == 1
