"""`promoter watch`: tags that appear or change are promoted, and nothing else is touched."""

from __future__ import annotations

import json
import signal

import pytest

from promoter.model.request import WatchRequest
from promoter.promotion.watch import watch
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image, make_referrer, make_referrers_index, referrers_tag
from tests.support.promoter import ARBITRARY_USER, Outcome, Running
from tests.support.shop import Shop, writes
from tests.support.waiting import wait_until

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
LONGEST_WAY_OUT_SECONDS = 30  # without a signal there is no end


def watching(shop: Shop, *tags: str) -> Shop:
    """Let the shop's route watch these tags."""
    shop.routes = [{"from": "stage", "to": "prod", "watch": [f"{shop.name}:{tag}" for tag in tags]}]
    return shop


@pytest.fixture
def watched(shop: Shop) -> Shop:
    """The shop, which watches `live`."""
    return watching(shop, "live")


def push(shop: Shop, version: object, tag: str = "live") -> Image:
    """Let a tag of stage appear, or change."""
    image = make_image(seed=f"{shop.name} {version}")
    shop.stage.push(image, tag)
    return image


def statuses(outcome: Outcome) -> dict[str, str]:
    """Return what became of each tag that was to be promoted."""
    return {tag["source"].rpartition(":")[2]: tag["status"] for tag in json.loads(outcome.stdout)["tags"]}


def start(shop: Shop, *flags: str) -> Running:
    """Start watching; to be used in a `with`."""
    shop.configure()
    return shop.promoter.start("watch", *flags)


@pytest.mark.statement("P6")
def test_a_tag_that_appears_is_promoted(watched: Shop) -> None:
    assert watched.run("watch").result == {"tags": [], "unchanged": 0, "absent": 1}
    image = push(watched, 1)

    [tag] = watched.run("watch").result["tags"]

    assert (tag["status"], tag["destination"]) == ("promoted", f"prod/{watched.name}:live")
    assert tag["promotion"]["digest"] == image.digest
    assert watched.prod.digest("live") == image.digest
    [entry] = watched.history("live")
    assert (entry["source"], entry["reason"]) == (f"{watched.stage}:live", "the watched tag appeared or changed")


@pytest.mark.statement("P6")
def test_a_tag_that_changes_is_promoted_over_what_was_promoted_before(watched: Shop) -> None:
    images = []
    for version in (1, 2, 3):
        images.append(push(watched, version))
        assert watched.run("watch", "--reason=nightly", "--requested-by=cron").exit_code == 0

    assert watched.prod.digest("live") == images[2].digest
    entries = watched.history("live")
    assert [entry["digest"] for entry in entries] == [image.digest for image in reversed(images)]
    assert (entries[0]["reason"], entries[0]["requested_by"]) == ("nightly", "cron")
    assert watched.run("rollback", watched.image(watched.prod, "live")).result["digest"] == images[1].digest


@pytest.mark.statement("P6")
def test_a_tag_that_goes_back_to_an_older_digest_is_followed(watched: Shop) -> None:
    for version in (1, 2, 1, 2):
        image = push(watched, version)
        assert statuses(watched.run("watch")) == {"live": "promoted"}
        assert watched.prod.digest("live") == image.digest


@pytest.mark.statement("P6", "R5")
def test_running_it_again_only_looks_and_says_nothing(watched: Shop) -> None:
    """As cron runs it: any user, no home, and mail only if there is something to tell."""
    watched.promoter.prefix = ARBITRARY_USER
    watched.promoter.environment["HOME"] = "/"
    push(watched, 1)
    assert watched.run("watch").exit_code == 0
    watched.promoter.replace_skopeo(": > started")

    with watched.stage.registry.recording() as source, watched.prod.registry.recording() as destination:
        outcome = watched.promoter.run("watch", json=False)

    assert outcome == Outcome(0, "", "")
    for seen in (source, destination):
        assert {one.method for one in seen.requests} == {"HEAD"}
        assert len(seen.matching("HEAD", "/manifests/live$", 200)) == 1
    assert not (watched.promoter.directory / "started").exists()


def test_what_is_done_and_looked_at_is_told(shop: Shop) -> None:
    watching(shop, "live", "next", "later")
    push(shop, 1)
    image = push(shop, 2, "next")
    shop.promote(source="live", tag="live")

    outcome = shop.promoter.run("watch", "-v", json=False)

    assert outcome.stdout == "watched tags: 1 promoted, 1 unchanged, 1 absent\n"
    assert f"promoted: prod/{shop.name}:next is {image.digest}\n" in outcome.stderr
    assert f"unchanged: prod/{shop.name}:live\n" in outcome.stderr
    assert f"absent: prod/{shop.name}:later\n" in outcome.stderr
    again = shop.promoter.run("watch", "-v", json=False)
    assert "nothing to do, watched tags: 3\n" in again.stderr


def refused(shop: Shop) -> str:
    """See that the watch changes nothing, and return why."""
    before = shop.prod.digest("live")
    with shop.prod.registry.recording() as seen:
        outcome = shop.run("watch")
    assert outcome.exit_code == 3
    assert statuses(outcome) == {"live": "refused"}
    assert writes(seen) == []
    assert shop.prod.digest("live") == before
    message: str = outcome.error["message"]
    assert message in outcome.stderr
    return message


def test_what_was_pushed_by_hand_is_not_overwritten(watched: Shop) -> None:
    by_hand = make_image(seed=f"{watched.name} by hand")
    watched.prod.push(by_hand, "live")
    push(watched, 1)
    assert f"is {by_hand.digest}, and no record says" in refused(watched)


def test_what_was_moved_by_hand_is_not_overwritten(watched: Shop) -> None:
    """What stands there was promoted once; but whoever put it back there had a reason."""
    first = push(watched, 1)
    watched.run("watch")
    for version in (2, 3):
        push(watched, version)
        watched.run("watch")
    watched.prod.push(first, "live")
    assert f"is {first.digest}, and no record says" in refused(watched)


def test_what_was_promoted_from_elsewhere_is_not_overwritten(watched: Shop) -> None:
    push(watched, "a hotfix", "hotfix")
    watched.promote(source="hotfix", tag="live")
    push(watched, 1)
    assert f"which came from '{watched.stage}:hotfix', not from {watched.stage}:live" in refused(watched)


@pytest.mark.parametrize("steps", [1, 2])
def test_what_was_rolled_back_is_left_alone_until_the_source_changes(steps: int, watched: Shop) -> None:
    images = []
    for version in range(3):
        images.append(push(watched, version))
        assert watched.run("watch").exit_code == 0
    for _ in range(steps):
        assert watched.run("rollback", watched.image(watched.prod, "live")).exit_code == 0
    assert watched.prod.digest("live") == images[2 - steps].digest

    assert f"was rolled back from {images[2].digest}" in refused(watched)

    mended = push(watched, "mended")
    assert statuses(watched.run("watch")) == {"live": "promoted"}
    assert watched.prod.digest("live") == mended.digest


def test_what_was_rolled_back_is_watched_again_once_it_was_promoted_by_hand(watched: Shop) -> None:
    for version in (1, 2):
        push(watched, version)
        watched.run("watch")
    watched.run("rollback", watched.image(watched.prod, "live"))
    refused(watched)
    watched.promote("--force", source="live", tag="live")

    assert watched.run("watch").result["unchanged"] == 1
    push(watched, 3)
    assert statuses(watched.run("watch")) == {"live": "promoted"}


def test_one_that_fails_keeps_no_other_from_being_promoted(shop: Shop) -> None:
    watching(shop, "taken", "broken", "good", "forbidden")
    shop.prod.push(make_image(seed=f"{shop.name} by hand"), "taken")
    push(shop, 1, "taken")
    broken = push(shop, 2, "broken")
    shop.stage.registry.blob_file(broken.blobs[2].digest).write_bytes(b"damaged")
    good = push(shop, 3, "good")

    outcome = shop.run("watch")

    assert statuses(outcome) == {"taken": "refused", "broken": "failed", "good": "promoted"}
    assert (outcome.exit_code, outcome.error["kind"]) == (10, "partly-done")
    assert f"prod/{shop.name}:broken" in outcome.error["message"]
    assert shop.prod.digest("good") == good.digest
    assert shop.prod.digest("broken") is None

    again = shop.run("watch")
    assert statuses(again) == {"taken": "refused", "broken": "failed"}
    assert (again.exit_code, again.error["kind"]) == (3, "refused")


def test_a_flip_that_fails_leaves_the_others_their_time(
    shop: Shop, before_stage: FaultyProxy, before_prod: FaultyProxy
) -> None:
    """A failed flip allows itself a few seconds for its way out, and no more."""
    watching(shop, "first", "second")
    push(shop, 1, "first")
    image = push(shop, 2, "second")
    before_prod.when("PUT", "/manifests/first$").answer(403)
    left: list[float] = []
    before_stage.when("GET", "/manifests/second$").call(lambda: left.append(places.deadline.remaining))

    with shop.places() as places:
        result = watch(WatchRequest(), places)

    assert [tag.status for tag in result.tags] == ["failed", "promoted"]
    assert [seconds > 500 for seconds in left] == [True]
    assert shop.prod.digest("second") == image.digest


def test_a_registry_that_is_away_is_the_failure_of_each_of_its_tags(shop: Shop, before_prod: FaultyProxy) -> None:
    watching(shop, "one", "two")
    push(shop, 1, "one")
    before_prod.when("HEAD", "/manifests/").answer(403)

    outcome = shop.run("watch")

    assert statuses(outcome) == {"one": "failed", "two": "failed"}
    assert (outcome.exit_code, outcome.error["kind"]) == (5, "not-permitted")


@pytest.mark.statement("P6")
def test_tags_are_watched_by_a_pattern(shop: Shop) -> None:
    watching(shop, "release-*", "release-1", "v?")
    expected = {tag: push(shop, tag, tag).digest for tag in ("release-1", "release-2", "v1")}
    push(shop, "other", "v10")

    assert set(statuses(shop.run("watch"))) == set(expected)
    assert {tag: shop.prod.digest(tag) for tag in expected} == expected
    assert shop.prod.digest("v10") is None

    push(shop, 3, "release-3")
    result = shop.run("watch").result
    assert [tag["destination"] for tag in result["tags"]] == [f"prod/{shop.name}:release-3"]
    assert result["unchanged"] == 3


def test_a_pattern_fits_no_tag_that_belongs_to_an_image(shop: Shop) -> None:
    watching(shop, "*")
    image = push(shop, 1)
    signature = make_referrer(image, "application/vnd.example.signature", b"signature")
    shop.stage.push(signature, "signature")
    shop.stage.push(make_referrers_index([signature]), referrers_tag(image))
    shop.stage.push(make_image(seed=f"{shop.name} 0"), "live.was-0123456789ab")

    assert set(statuses(shop.run("watch"))) == {"live", "signature"}


def test_an_image_that_is_not_there_yet_has_no_tags(shop: Shop) -> None:
    assert watching(shop, "*", "live").run("watch").result == {"tags": [], "unchanged": 0, "absent": 1}


def test_only_the_routes_that_are_named_are_looked_at(watched: Shop) -> None:
    watched.environments["qa"] = watched.environments["prod"]
    watched.routes.append({"from": "stage", "to": "qa", "watch": [f"{watched.name}:next"]})
    push(watched, 1)
    push(watched, 2, "next")

    assert set(statuses(watched.run("watch", "--route=stage:qa"))) == {"next"}
    assert watched.prod.tags().isdisjoint({"live"})
    assert set(statuses(watched.run("watch"))) == {"live"}


@pytest.mark.parametrize("flag", ["--route=prod:stage", "--route=stage", "--every=soon", "--every=0", "--timeout=0"])
def test_wrong_usage_ends_it_at_once(flag: str, watched: Shop) -> None:
    assert watched.run("watch", flag).exit_code == 2


def test_without_anything_watched_there_is_nothing_to_do(shop: Shop) -> None:
    shop.routes = [{"from": "stage", "to": "prod"}]
    outcome = shop.run("watch", "--every=1s")
    assert outcome.exit_code == 2
    assert "Nothing is watched" in outcome.error["message"]


@pytest.mark.statement("P6")
@pytest.mark.parametrize("before", [None, 0], ids=["appears", "changes"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("HEAD", "/manifests/live$", id="looks"),
        pytest.param("PATCH", "/blobs/uploads/", id="copies"),
        pytest.param("PUT", "/manifests/live$", id="flips"),
    ],
)
def test_two_at_once_both_end_well(
    method: str, path: str, before: int | None, watched: Shop, before_prod: FaultyProxy
) -> None:
    if before is not None:
        push(watched, before)
        assert watched.run("watch").exit_code == 0
    image = push(watched, 1)
    hold = before_prod.when(method, path, times=1).hold()

    with start(watched) as running:
        hold.wait_until_reached()
        assert statuses(watched.run("watch")) == {"live": "promoted"}
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 0
    assert watched.prod.digest("live") == image.digest
    assert watched.run("watch").result["unchanged"] == 1
    push(watched, 2)
    assert statuses(watched.run("watch")) == {"live": "promoted"}


@pytest.mark.statement("P6")
@pytest.mark.parametrize("number", SIGNALS)
def test_every_so_often_until_a_signal_comes(number: signal.Signals, watched: Shop) -> None:
    with start(watched, "--every=200ms") as running:
        for version in (1, 2):
            image = push(watched, version)
            watched.prod.wait_for(image.digest, "live")
        running.send(number)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == SIGNALS[number]
    *passes, end = map(json.loads, outcome.stdout.splitlines())
    assert end["error"]["kind"] == "interrupted"
    promoted = [tag["promotion"]["digest"] for one in passes for tag in one["tags"]]
    assert outcome.stderr.count("promoted: ") == 2
    assert promoted[0] != image.digest
    assert set(promoted[1:]) <= {image.digest}


def test_a_signal_ends_a_long_wait_at_once(watched: Shop) -> None:
    image = push(watched, 1)
    with start(watched, "--every=1h", "--result=result.json") as running:
        result = watched.promoter.directory / "result.json"
        wait_until(lambda: result.exists() and image.digest in result.read_text(), "the end of the pass")
        running.send(signal.SIGTERM)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == 143


def test_a_signal_that_comes_too_late_for_one_tag_keeps_the_next_from_being_promoted(
    shop: Shop, before_prod: FaultyProxy
) -> None:
    watching(shop, "first", "second")
    image = push(shop, 1, "first")
    push(shop, 2, "second")
    hold = before_prod.when("PUT", "/manifests/first$").hold()

    with start(shop) as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 143
    assert f"promoted: prod/{shop.name}:first is {image.digest}\n" in outcome.stderr
    assert shop.prod.digest("first") == image.digest
    assert shop.prod.digest("second") is None


def test_a_failure_is_said_and_does_not_end_it_and_tokens_are_read_again(watched: Shop, puller: str) -> None:
    image = push(watched, 1)
    token = watched.log_in("stage", "a token that has been revoked")

    with start(watched, "--every=200ms", "--result=result.json") as running:
        result = watched.promoter.directory / "result.json"
        wait_until(lambda: result.exists() and "not-permitted" in result.read_text(), "the failure")
        token.write_text(puller)
        watched.prod.wait_for(image.digest, "live")
        running.send(signal.SIGTERM)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert f"failed: prod/{watched.name}:live: " in outcome.stderr
    assert f"promoted: prod/{watched.name}:live is {image.digest}\n" in outcome.stderr
    for secret in (puller, "a token that has been revoked"):
        assert secret not in outcome.stdout + outcome.stderr
