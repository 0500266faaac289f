"""`promoter watch` on a route that hands over to production's pipeline."""

from __future__ import annotations

import json

import pytest

from tests.openshift.conftest import COMMIT, FIRST_BUILD, Gate, Handover
from tests.support.cluster import BuildRun
from tests.support.promoter import Outcome
from tests.support.waiting import wait_until


@pytest.fixture
def watched(handover: Handover) -> Handover:
    """A shop whose route watches one tag; production's pipeline overwrites what it had."""
    handover.shop.routes[0]["watch"] = [f"{handover.shop.name}:{COMMIT}"]
    handover.pipeline.flags = ("--force",)
    return handover


def watch(handover: Handover) -> Outcome:
    return handover.shop.run("watch")


def lists_of_builds(handover: Handover) -> int:
    """Return how often the cluster was asked for its builds."""
    return sum(request.method == "GET" and request.path.endswith("/builds") for request in handover.cluster.requests)


def fail(_run: BuildRun) -> None:
    raise ValueError("production is closed today")


@pytest.mark.statement("P6")
def test_a_tag_that_appears_and_changes_is_handed_over(watched: Handover) -> None:
    for seed in range(3):
        image = watched.push(seed)
        [tag] = watch(watched).result["tags"]
        assert (tag["status"], tag["promotion"]["build"]["phase"]) == ("promoted", "Complete")
        assert watched.shop.prod.digest(COMMIT) == image.digest
    assert watch(watched).result["unchanged"] == 1
    assert len(watched.posts) == 3


def test_a_tag_that_changes_back_and_forth_is_handed_over_each_time(watched: Handover) -> None:
    for seed in (1, 2, 1, 2):
        image = watched.push(seed)
        assert watch(watched).exit_code == 0
        assert watched.shop.prod.digest(COMMIT) == image.digest
    assert len(watched.posts) == 4


def test_what_failed_in_production_is_not_handed_over_again(watched: Handover) -> None:
    watched.push()
    watched.pipeline.instead = fail
    assert [watch(watched).exit_code for _ in range(2)] == [9, 9]
    assert len(watched.posts) == 1

    watched.pipeline.instead = None
    image = watched.push(1)
    assert watch(watched).exit_code == 0
    assert watched.shop.prod.digest(COMMIT) == image.digest


def test_two_at_once_follow_one_build(watched: Handover) -> None:
    image = watched.push()
    watched.pipeline.before = gate = Gate()
    watched.shop.configure()
    with watched.shop.promoter.start("watch") as one:
        gate.wait_entered()
        with watched.shop.promoter.start("watch") as other:
            wait_until(lambda: lists_of_builds(watched) == 2, "the other to look for a build")
            gate.open()
            outcomes = [one.outcome(), other.outcome()]

    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    builds = [json.loads(outcome.stdout)["tags"][0]["promotion"]["build"]["name"] for outcome in outcomes]
    assert builds == [FIRST_BUILD] * 2
    assert len(watched.posts) == 1
    assert watched.shop.prod.digest(COMMIT) == image.digest


def test_what_production_rolled_back_is_left_alone(watched: Handover) -> None:
    for seed in (1, 2):
        image = watched.push(seed)
        watch(watched)
    production = watched.pipeline.shop
    assert production.run("rollback", f"production/{production.name}:{COMMIT}").exit_code == 0

    outcome = watch(watched)

    assert outcome.exit_code == 3
    assert f"was rolled back from {image.digest}" in outcome.error["message"]
    assert len(watched.posts) == 2


def test_where_the_destination_may_not_be_looked_at_nothing_is_handed_over(watched: Handover) -> None:
    watched.push()
    watched.shop.environments["production"]["credentials"] = "anonymous"
    assert watch(watched).exit_code == 5
    assert watched.posts == []
