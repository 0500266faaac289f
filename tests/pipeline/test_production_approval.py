"""Approvals end to end: both pipelines, the helper and two registries; only the people are the test."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest
import yaml

from tests.pipeline.conftest import LIBRARY
from tests.support.images import make_image
from tests.support.pipeline import Approve, Reject, RunningPipeline, Wait
from tests.support.registry_client import push, resolve
from tests.support.two_clusters import TwoClusters, two_clusters
from tests.support.waiting import wait_until

COMMIT = "5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f"
APPROVAL = {"by": ["alice", "bob", "dora"], "approvers": 2, "timeout": "5m"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoClusters]:
    """Two clusters, of which production asks two people."""
    with two_clusters(tmp_path_factory.mktemp("approval"), gates={"approval": APPROVAL}) as clusters:
        yield clusters


def in_production(place: TwoClusters, tag: str) -> str | None:
    """Return the digest that a tag has in production."""
    found = resolve(place.production, "shop/web", tag)
    return found.digest if found else None


def built(place: TwoClusters, tag: str) -> str | None:
    """Return the digest that a tag has in non-production."""
    found = resolve(place.non_production, "shop-dev/web", tag)
    return found.digest if found else None


def put(place: TwoClusters, tag: str, seed: str) -> str:
    """Put an image into non-production, and return its digest."""
    return push(make_image(seed=seed), place.non_production, "shop-dev/web", tag)


def asks(running: RunningPipeline, times: int = 1) -> None:
    """Wait until a build has asked so many times."""
    wait_until(lambda: running.log.count("Input requested") == times, "the question")


@pytest.mark.statement("F4", "F5", "F7", "P9")
def test_two_people_let_in_what_the_application_handed_over(place: TwoClusters) -> None:
    answers = [Approve("bob", {"REASON": "Release 7."}), Approve("alice")]
    place.production_settings = {"inputs": {"Promotion": answers}}
    run = place.run_application_pipeline(COMMIT, lambda _: None, user="dora")
    production = place.production_runs[-1]
    assert (run.result, production.result) == ("SUCCESS", "SUCCESS"), run.log + production.log
    assert in_production(place, COMMIT) == built(place, COMMIT) is not None
    assert [call["submitter"] for call in production.calls("input")] == ["alice,bob", "alice"]
    assert "asked for by: dora" in production.log
    assert "| asked for by: dora" in run.log
    for said in ("approved by bob: Release 7.", "approved by alice"):
        assert f"  gate       {said}\n" in production.log
    text = run.log + production.log + repr(production.steps)
    for token in place.tokens:
        assert token not in text
        assert b64encode(token.encode()).decode().rstrip("=") not in text


def test_rejected_promotion_fails_on_both_sides(place: TwoClusters) -> None:
    place.production_settings = {"inputs": {"Promotion": Reject("alice")}}
    commit = COMMIT[::-1]
    run = place.run_application_pipeline(commit, lambda _: None)
    assert (run.result, place.production_runs[-1].result) == ("FAILURE", "ABORTED")
    assert "Rejected by alice" in run.log
    assert in_production(place, commit) is None


@pytest.mark.statement("P10")
def test_person_who_starts_it_by_hand_cannot_approve_it(place: TwoClusters) -> None:
    digest = put(place, "by-hand", "by hand")
    parameters = {"IMAGE_NAME": "web", "GIT_COMMIT": "by-hand", "REQUESTED_BY": "nobody"}
    answers = [Approve("bob"), Approve("dora")]
    run = place.start_production(parameters=parameters, user="alice", inputs={"Promotion": answers}).wait()
    assert run.result == "SUCCESS", run.log
    assert [call["submitter"] for call in run.calls("input")] == ["bob,dora", "dora"]
    assert in_production(place, "by-hand") == digest


def test_tag_that_moves_after_the_question_is_refused(place: TwoClusters) -> None:
    put(place, "moving", "approved")
    parameters = {"IMAGE_NAME": "web", "GIT_COMMIT": "moving"}
    with place.start_production(parameters=parameters, inputs={"Promotion": [Approve("alice"), Wait()]}) as running:
        asks(running, times=2)
        put(place, "moving", "another")
        running.answer("Promotion", Approve("bob"))
        run = running.wait()
    assert run.result == "FAILURE"
    assert "ERROR: refused: Approved was sha256:" in run.log
    assert in_production(place, "moving") is None


def test_question_outlives_a_restart_and_what_came_meanwhile_is_left(place: TwoClusters) -> None:
    digest = put(place, "twice", "twice")
    parameters = {"IMAGE_NAME": "web", "GIT_COMMIT": "twice"}
    with place.start_production(parameters=parameters, inputs={"Promotion": [Approve("alice"), Wait()]}) as running:
        asks(running, times=2)
        answers = [Approve("bob"), Approve("dora")]
        other = place.start_production(parameters=parameters, inputs={"Promotion": answers}, build_number=3).wait()
        running.restart()
        wait_until(lambda: "Ready to run at" in running.log, "the controller")
        running.answer("Promotion", Approve("bob"))
        run = running.wait()
    assert (other.result, run.result) == ("SUCCESS", "SUCCESS"), run.log
    assert str(other.description).endswith(f"shop/web:twice promoted: {digest}")
    assert str(run.description).endswith(f"shop/web:twice unchanged: {digest}")
    again = place.start_production(parameters=parameters, from_stage="Promote", build_number=4).wait()
    assert (again.result, again.calls("input")) == ("SUCCESS", []), again.log


def test_application_asks_on_its_own_side(place: TwoClusters) -> None:
    digest = put(place, "asked-here", "asked here")
    configuration = place.application / "promotion.yaml"
    text = configuration.read_text()
    changed = yaml.safe_load(text)
    changed["routes"][0]["gates"] = {"approval": {"by": ["carol", "erin"]}}
    configuration.write_text(yaml.safe_dump(changed))
    place.production_settings = {"inputs": {"Promotion": [Approve("alice"), Approve("bob")]}}
    jenkinsfile = f"""{LIBRARY}
        withCredentials([string(
            credentialsId: 'production-pipeline-webhook-secret-text', variable: 'PRODUCTION_PIPELINE_WEBHOOK_SECRET'
        )]) {{
            Map image = [source: 'non-production/web:asked-here', destination: 'production']
            Map approved = approvePromotion(image) {{ checkout scm }}
            node('skopeo') {{
                checkout scm
                promoteImage(approved)
            }}
        }}
    """
    try:
        run = place.run_application_pipeline(
            COMMIT, lambda _: None, jenkinsfile, user="erin", inputs={"Promotion": Approve("carol")}
        )
    finally:
        configuration.write_text(text)
    assert run.result == "SUCCESS", run.log
    assert [call["submitter"] for call in run.calls("input")] == ["carol"]
    assert in_production(place, "asked-here") == digest
