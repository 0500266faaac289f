"""Releases into image streams, and how their tags come back when the release is rolled back."""

from __future__ import annotations

import json

from tests.streams.conftest import TAGGER, TOKEN, Live
from tests.support.cluster import set_tags, view
from tests.support.images import Image
from tests.support.promoter import Outcome

RELEASE = "release-7"


def released(live: Live, seed: object) -> Image:
    """Release an image to the tag `live`."""
    made = live.push(seed)
    pair = f"stage/{live.name}:1.0={live.reference}"
    assert live.streams.run("release", pair, "--force", f"--promotion-id={RELEASE}").exit_code == 0
    return made


def roll_back(live: Live, *flags: str) -> Outcome:
    """Roll the release back."""
    return live.rollback("--release", RELEASE, *flags)


def test_rollback_of_a_release_takes_image_streams_along(both: Live) -> None:
    first, second = both.promoted(), released(both, 2)
    assert both.digests[0] == second.digest

    [tag] = roll_back(both, "--reason=it was bad").result["tags"]

    assert (tag["status"], both.digest) == ("rolled-back", first.digest)
    assert both.digests[:2] == [first.digest, second.digest]
    noted = both.noted()
    facts = [noted[key] for key in ("digest", "previous-digest", "reason", "record")]
    assert facts == [first.digest, second.digest, "it was bad", tag["record"]]


def test_without_the_right_nothing_is_rolled_back(both: Live) -> None:
    both.promoted()
    second = released(both, 2)
    both.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")])
    assert roll_back(both).error["exit_code"] == 5
    assert both.digest == second.digest


def test_rollback_that_an_image_stream_does_not_follow_is_finished_by_another_one(live: Live) -> None:
    first, second = live.promoted(), released(live, 2)
    live.cluster.faults.before_tag(lambda: live.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop")]))

    outcome = roll_back(live)

    assert outcome.exit_code == 10
    [tag] = json.loads(outcome.stdout)["tags"]
    assert tag["status"] == "rolled-back"
    assert f"live is {first.digest} again, but the image stream's tag" in tag["error"]["message"]
    assert (live.digest, live.digests[0]) == (first.digest, second.digest)
    live.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop"), set_tags("shop")])
    assert roll_back(live).result["status"] == "unchanged"
    assert live.digests[0] == first.digest
