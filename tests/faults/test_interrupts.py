"""Signals in the middle of a promotion."""

from __future__ import annotations

import json
import signal

import pytest

from tests.support.faults import FaultyProxy
from tests.support.images import make_image, referrers_tag
from tests.support.shop import Shop, make
from tests.support.waiting import wait_until

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
# Nothing that is broken off here would end by itself within that. Jenkins kills what is still there some ten seconds
# after it has asked for the end, which is long on a machine that has nothing else to do.
LONGEST_WAY_OUT_SECONDS = 30


def files(shop: Shop) -> list[str]:
    return [path.name for path in shop.promoter.temporary.iterdir()]


@pytest.mark.statement("R4")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_the_middle_of_skopeos_copy_leaves_nothing_behind(
    number: signal.Signals, shop: Shop, before_prod: FaultyProxy
) -> None:
    shop.stage.push(make_image(seed=shop.name))
    hold = before_prod.when("PATCH", "/blobs/uploads/").hold()

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        [skopeo] = running.children()
        assert len(files(shop)) == 1
        running.send(number)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == SIGNALS[number]
    assert outcome.error["kind"] == "interrupted"
    assert not skopeo.is_running()
    assert files(shop) == []
    assert shop.prod.tags() == set()


@pytest.mark.statement("R4")
def test_a_second_signal_does_not_break_off_the_way_out_nor_does_skopeo_that_stays(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.replace_skopeo('trap "kill -INT $PPID" TERM; : > ready; while :; do sleep 0.1; done')

    with shop.start_promotion() as running:
        wait_until((shop.promoter.directory / "ready").exists, "skopeo to start")
        skopeo = running.children()[0]
        running.send(signal.SIGTERM)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == 143
    assert not skopeo.is_running()
    assert files(shop) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("HEAD", "/manifests/1.0$", id="looks at the tag"),
        pytest.param("HEAD", "/blobs/", id="asks for many blobs at once"),
        pytest.param("HEAD", "/manifests/sha256:", id="verifies"),
    ],
)
def test_a_signal_ends_it_while_a_registry_keeps_it_waiting(
    method: str, path: str, shop: Shop, before_prod: FaultyProxy
) -> None:
    shop.stage.push(make("oci index", shop.name))
    hold = before_prod.when(method, path).hold()

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        assert running.outcome(LONGEST_WAY_OUT_SECONDS).exit_code == 143

    assert files(shop) == []
    assert shop.prod.digest() is None


@pytest.mark.usefixtures("engine")
def test_an_interrupted_promotion_goes_on_from_what_is_there(shop: Shop, before_prod: FaultyProxy) -> None:
    image = make_image([1_000, 2_000, 3_000], seed=shop.name)
    shop.stage.push(image)
    hold = before_prod.when("PUT", "/manifests/").hold()
    with shop.start_promotion() as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        assert running.outcome(LONGEST_WAY_OUT_SECONDS).exit_code == 143
    hold.release()

    result = shop.promote().result

    assert (result["status"], result["blobs"]["present"]) == ("promoted", 4)
    assert shop.prod.digest() == image.digest


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_the_middle_of_the_flip_comes_too_late(
    number: signal.Signals, shop: Shop, before_prod: FaultyProxy
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    hold = before_prod.when("PUT", "/manifests/1.0$").hold()

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        running.send(number)
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 0
    assert shop.prod.digest() == image.digest
    assert [one["current"] for one in shop.history()] == [True]


def test_a_signal_in_the_middle_of_a_flip_that_fails_is_the_end(shop: Shop, before_prod: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    hold = before_prod.when("PUT", f"/manifests/{referrers_tag(image)}$", times=1).hold()
    before_prod.when("PUT", "/manifests/1.0$").answer(403)

    with shop.start_promotion() as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 143
    assert shop.prod.digest() is None


def test_a_signal_while_a_flip_waits_to_be_tried_again_is_the_end(shop: Shop, before_prod: FaultyProxy) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    put = before_prod.when("PUT", "/manifests/1.0$")
    put.answer(503, {"Retry-After": "60"})

    with shop.start_promotion() as running:
        wait_until(lambda: put.met > 0, "the tag to be put")
        running.send(signal.SIGTERM)
        outcome = running.outcome(LONGEST_WAY_OUT_SECONDS)

    assert outcome.exit_code == 143
    assert shop.prod.digest() is None
    listed = shop.prod.resolve(referrers_tag(image))
    assert listed is not None
    assert json.loads(listed.content)["manifests"] == []
