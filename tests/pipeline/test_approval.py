"""Approvals: who is asked what, who counts, and what a build does while people are waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipeline.conftest import FORMS, LIBRARY, PROMOTED, REFUSED, Form, Helper, scripted
from tests.support.pipeline import Answer, Approve, PipelineRun, Reject, RunningPipeline, Wait
from tests.support.waiting import wait_until

DIGEST = f"sha256:{'1' * 64}"
OLD = f"sha256:{'2' * 64}"
PLAN: Mapping[str, Any] = {
    "status": "planned",
    "source": "h/dev/web:1",
    "destination": "h/prod/web:1",
    "digest": DIGEST,
    "previous_digest": OLD,
    "open_gates": ["sign-off by billing", "approval by 1 of alice, bob"],
    "approval": {"by": ["alice", "bob"], "needed": 1, "timeout_seconds": 3600.0, "requested_by": "carol"},
}
ASK = "approvePromotion(source: 'dev/web:1', destination: 'prod')"
PROMOTE = f"Map approved = {ASK}\nnode('skopeo') {{ promoteImage(approved) }}"
PRODUCTION = f"{LIBRARY}productionPipeline()"
IMAGE = {"IMAGE_NAME": "web", "GIT_COMMIT": "1"}


def plan(**approval: object) -> dict[str, Any]:
    """Return the plan with other facts about its approval."""
    return {**PLAN, "approval": {**PLAN["approval"], **approval}}


def awaiting(**approval: object) -> dict[str, Any]:
    """Return the result of production's helper that stops for an approval."""
    return {**plan(**approval), "status": "awaiting-approval"}


def sent(helper: Helper) -> Mapping[str, Any]:
    """Return the parameters of the last call of the helper."""
    return helper.calls[-1].parameters


def submitters(run: PipelineRun) -> list[str]:
    """Return who was asked, each time."""
    return [call["submitter"] for call in run.calls("input")]


def waits(running: RunningPipeline) -> None:
    """Wait until the build waits for an answer."""
    wait_until(lambda: "Input requested" in running.log, "the build to ask")


@FORMS
def test_what_was_approved_is_promoted(helper: Helper, form: Form) -> None:
    helper.answer("promote", PLAN, PROMOTED)
    answer = Approve("alice", {"REASON": "Tested\n  on stage. "})
    run = helper.run(form(PROMOTE, agent=False), inputs={"Promotion": answer})
    assert run.result == "SUCCESS", run.log
    look, promotion = (call.parameters for call in helper.calls)
    assert look == {"source": "dev/web:1", "destination": "prod", "dryRun": True}
    assert promotion == {
        "source": "dev/web:1",
        "destination": "prod",
        "approval": ["alice: Tested on stage."],
        "approvedDigest": DIGEST,
        "approvedReplacing": OLD,
    }


def test_question_shows_what_is_to_be_decided(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(scripted(ASK, agent=False), inputs={"Promotion": Approve("alice")})
    [question] = run.calls("input")
    assert question["message"].splitlines() == [
        "Promote to h/prod/web:1?",
        f"digest: {DIGEST}",
        "from: h/dev/web:1",
        f"replaces: {OLD}",
        "asked for by: carol",
        "approvals: 0 of 1",
        "open gates: sign-off by billing; approval by 1 of alice, bob",
    ]
    assert (question["id"], question["ok"]) == ("Promotion", "Promote")
    assert (question["submitter"], question["submitterParameter"]) == ("alice,bob", "APPROVER")
    assert [(one["type"], one["name"]) for one in question["parameters"]] == [("string", "REASON")]
    assert question["message"] in run.log


def test_no_agent_is_held_while_people_are_waited_for(helper: Helper) -> None:
    helper.answer("promote", PLAN, PROMOTED)
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": Approve("alice")})
    assert [step.name for step in run.steps if step.name in {"node", "input"}] == ["node", "input", "node"]
    assert "this input holds its node" not in run.log


@pytest.mark.parametrize("call", [ASK, "awaitApproval(approval: [:])"])
def test_agent_that_would_be_held_is_refused(helper: Helper, call: str) -> None:
    run = helper.run(scripted(call))
    assert run.result == "FAILURE"
    assert "ERROR: wrong-usage: This step takes agents itself, or waits for people" in run.log
    assert not helper.calls


def test_label_and_block_are_for_the_agent_that_looks(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    body = "approvePromotion(source: 'a', destination: 'b', label: 'skopeo-9') { echo \"on ${env.NODE_NAME}\" }"
    run = helper.run(scripted(body, agent=False), inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    assert [call["label"] for call in run.calls("node")] == ["skopeo-9"]
    assert "on null" not in run.log
    assert "\non " in run.log
    assert "label" not in sent(helper)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (Approve("bob"), "bob"),  # proceedEmpty: all that comes back is who it was
        (Approve("bob", {"REASON": ""}), "bob"),
        (Approve("bob", {"REASON": " \n "}), "bob"),
        (Approve("bob", {"REASON": "Fixes: 12"}), "bob: Fixes: 12"),
    ],
)
def test_reason_is_kept_if_there_is_one(helper: Helper, given: Approve, kept: str) -> None:
    helper.answer("promote", PLAN, PROMOTED)
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": given})
    assert run.result == "SUCCESS", run.log
    assert sent(helper)["approval"] == [kept]


def test_only_the_answers_count(helper: Helper) -> None:
    helper.answer("promote", PLAN, PROMOTED)
    given = f"approval: 'bob', approvedDigest: '{OLD}', approvedReplacing: 'nothing')"
    body = PROMOTE.replace(")", f", {given}", 1)
    run = helper.run(scripted(body, agent=False), inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    assert helper.calls[0].parameters == {"source": "dev/web:1", "destination": "prod", "dryRun": True}
    approval = {key: value for key, value in sent(helper).items() if key.startswith("approv")}
    assert approval == {"approval": ["alice"], "approvedDigest": DIGEST, "approvedReplacing": OLD}


def test_nobody_is_asked_for_a_dry_run(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    body = PROMOTE.replace(")", ", dryRun: true, supersede: true)", 1)
    run = helper.run(scripted(body, agent=False), plugins=["milestone"])
    assert run.result == "SUCCESS", run.log
    assert [call.parameters for call in helper.calls] == [
        {"source": "dev/web:1", "destination": "prod", "dryRun": True}
    ] * 2
    assert run.calls("input") == run.calls("milestone") == []


def test_free_tag_is_approved_as_such(helper: Helper) -> None:
    helper.answer("promote", {**PLAN, "previous_digest": None}, PROMOTED)
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": Approve("alice")})
    assert "replaces: nothing" in run.log
    assert sent(helper)["approvedReplacing"] == "nothing"


def test_as_many_people_are_asked_as_are_needed(helper: Helper) -> None:
    helper.answer("promote", plan(by=["alice", "bob", "dora"], needed=2), PROMOTED)
    answers = [Approve("bob", {"REASON": "Looks good."}), Approve("alice")]
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": answers})
    assert run.result == "SUCCESS", run.log
    assert submitters(run) == ["alice,bob,dora", "alice,dora"]
    assert "approvals: 1 of 2 (bob)" in run.log
    assert sent(helper)["approval"] == ["bob: Looks good.", "alice"]


def test_administrator_who_is_not_listed_is_not_counted(helper: Helper) -> None:
    helper.answer("promote", plan(requested_by="admin"), PROMOTED)
    answers = [Approve("admin", {"REASON": "I may."}), Approve("admin"), Approve("alice")]
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": answers})
    assert run.result == "SUCCESS", run.log
    assert run.log.count("admin is not among those who can approve this: alice, bob. Asking again.") == 2
    assert sent(helper)["approval"] == ["alice"]


def test_nobody_approves_twice(helper: Helper) -> None:
    helper.answer("promote", plan(by=["admin", "bob"], needed=2), PROMOTED)
    answers = [Approve("admin"), Approve("admin"), Approve("bob")]
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": answers})
    assert run.result == "SUCCESS", run.log
    assert submitters(run) == ["admin,bob", "bob", "bob"]
    assert "admin is not among those who can approve this: bob. Asking again." in run.log
    assert sent(helper)["approval"] == ["admin", "bob"]


def test_requester_is_refused_by_jenkins(helper: Helper) -> None:
    helper.answer("promote", plan(by=["bob"], requested_by="alice"))
    run = helper.run(scripted(ASK, agent=False), user="alice", inputs={"Promotion": Approve("alice")})
    assert run.violation == "You need to be bob to submit this (alice tried)"
    assert helper.calls[0].started_by == "alice"


@FORMS
def test_rejection_ends_the_build(helper: Helper, form: Form) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(form(PROMOTE, agent=False), inputs={"Promotion": Reject("bob")})
    assert (run.result, run.description) == ("ABORTED", f"h/prod/web:1 not approved: {DIGEST}")
    assert "Rejected by bob" in run.log
    assert len(helper.calls) == 1


def test_nobody_is_waited_for_longer_than_the_gates_say(helper: Helper) -> None:
    helper.answer("promote", plan(timeout_seconds=1.0))
    run = helper.run(scripted(PROMOTE, agent=False), inputs={"Promotion": Wait()})
    assert (run.result, run.description) == ("ABORTED", f"h/prod/web:1 not approved: {DIGEST}")
    assert "Cancelling nested steps due to timeout" in run.log
    assert len(helper.calls) == 1


def test_time_limit_is_that_of_all_answers_together(helper: Helper) -> None:
    helper.answer("promote", plan(needed=2, timeout_seconds=60.5))
    answers: list[Answer] = [Approve("alice"), Wait()]
    with helper.start(scripted(PROMOTE, agent=False), inputs={"Promotion": answers}) as running:
        wait_until(lambda: running.log.count("Input requested") == 2, "the second question")
        running.abort()
        run = running.wait()
    assert run.result == "ABORTED"
    assert [call["time"] for call in run.calls("timeout")] == [60]


def test_build_says_that_it_waits_and_can_be_aborted(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    with helper.start(scripted(ASK, agent=False), inputs={"Promotion": Wait()}) as running:
        waits(running)
        assert running.description == f"h/prod/web:1 awaits approval: {DIGEST}"
        running.abort()
        run = running.wait()
    assert (run.result, run.description) == ("ABORTED", f"h/prod/web:1 not approved: {DIGEST}")


def test_approval_may_come_late(helper: Helper) -> None:
    helper.answer("promote", PLAN, PROMOTED)
    with helper.start(scripted(PROMOTE, agent=False), inputs={"Promotion": Wait()}) as running:
        waits(running)
        running.answer("Promotion", Approve("alice"))
        run = running.wait()
    assert (run.result, run.description) == ("SUCCESS", "h/p:1 promoted: sha256:1")


@pytest.mark.parametrize("status", ["unchanged", "planned"])
def test_where_nothing_is_to_be_approved_nobody_is_asked(helper: Helper, status: str) -> None:
    helper.answer("promote", {**PLAN, "status": status, "approval": None, "open_gates": []}, PROMOTED)
    run = helper.run(scripted(PROMOTE, agent=False))
    assert run.result == "SUCCESS", run.log
    assert f"h/prod/web:1 {status}: no approval is asked for." in run.log
    assert sent(helper) == {"source": "dev/web:1", "destination": "prod"}


def test_look_that_fails_asks_nobody(helper: Helper) -> None:
    helper.answer("promote", REFUSED)
    run = helper.run(scripted(PROMOTE, agent=False))
    assert (run.result, run.description) == ("FAILURE", "refused: It is taken.")
    assert len(helper.calls) == 1


def test_two_questions_at_once_are_refused(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    body = f"parallel(a: {{ {ASK} }}, b: {{ {ASK} }})"
    with helper.start(scripted(body, agent=False), inputs={"Promotion": Wait()}) as running:
        refusal = "Failed in branch"
        wait_until(lambda: refusal in running.log, refusal)
        waits(running)
        running.answer("Promotion", Approve("alice"))
        run = running.wait()
    assert run.result == "FAILURE"
    assert "ERROR: This build asks for another approval already" in run.log
    assert run.log.count("Input requested") == 1


def test_several_questions_follow_each_other(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(scripted(f"{ASK}\n{ASK}", agent=False), inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    assert run.log.count("Approved by alice") == 2


# Production's pipeline


def test_production_asks_between_two_calls(helper: Helper) -> None:
    helper.answer("receive", awaiting(), PROMOTED)
    run = helper.run(PRODUCTION, parameters=IMAGE, inputs={"Promotion": Approve("alice", {"REASON": "Go."})})
    assert (run.result, run.description) == ("SUCCESS", "h/p:1 promoted: sha256:1"), run.log
    first, second = (call.parameters for call in helper.calls)
    assert first["untilApproval"] is True
    approval = {"approval": ["alice: Go."], "approvedDigest": DIGEST, "approvedReplacing": OLD}
    assert second == {key: value for key, value in first.items() if key != "untilApproval"} | approval
    assert (run.stage("Promote"), run.stage("Approve")) == ("SUCCESS", "SUCCESS")


def test_production_asks_nobody_without_need(helper: Helper) -> None:
    run = helper.run(PRODUCTION, parameters=IMAGE)
    assert run.result == "SUCCESS", run.log
    assert [stage.name for stage in run.stages] == ["Promote"]
    assert [step.name for step in run.steps if step.name in {"node", "sh"}] == ["node", "sh"]


def test_production_holds_no_agent_and_limits_no_wait(helper: Helper) -> None:
    helper.answer("receive", awaiting(timeout_seconds=9.0), PROMOTED)
    run = helper.run(PRODUCTION, parameters=IMAGE, inputs={"Promotion": Approve("alice")})
    told = [(step.name, step.arguments.get("time")) for step in run.steps if step.name in {"node", "input", "timeout"}]
    call = [("timeout", 65), ("node", None)]
    assert told == [*call, ("timeout", 9), ("input", None), *call]
    assert "this input holds its node" not in run.log


@pytest.mark.parametrize("answer", [Reject("alice"), Wait()], ids=lambda answer: type(answer).__name__.lower())
def test_production_promotes_nothing_that_was_not_approved(helper: Helper, answer: Reject | Wait) -> None:
    helper.answer("receive", awaiting(timeout_seconds=1.0))
    run = helper.run(PRODUCTION, parameters=IMAGE, inputs={"Promotion": answer})
    assert (run.result, run.description) == ("ABORTED", f"h/prod/web:1 not approved: {DIGEST}")
    assert (run.stage("Promote"), run.stage("Approve")) == ("ABORTED", "ABORTED")
    assert len(helper.calls) == 1


def test_production_started_again_asks_again(helper: Helper) -> None:
    helper.answer("receive", awaiting(), awaiting(), {**PROMOTED, "status": "unchanged"})
    for answer in (Reject("alice"), Approve("alice")):
        run = helper.run(PRODUCTION, parameters=IMAGE, inputs={"Promotion": answer})
    assert (run.result, run.description) == ("SUCCESS", "h/p:1 unchanged: sha256:1")
    assert len(helper.calls) == 3


def test_production_restarted_from_its_stage_asks_again(helper: Helper) -> None:
    helper.answer("receive", awaiting(), PROMOTED)
    run = helper.run(
        PRODUCTION, parameters=IMAGE, user="dora", from_stage="Promote", inputs={"Promotion": Approve("alice")}
    )
    assert run.result == "SUCCESS", run.log
    assert run.log.count("Input requested") == 1
    assert {call.parameters["requestedBy"] for call in helper.calls} == {"dora"}


def test_question_outlives_a_restart_of_the_controller(helper: Helper) -> None:
    helper.answer("receive", awaiting(by=["alice", "bob"], needed=2), PROMOTED)
    answers: list[Answer] = [Approve("bob", {"REASON": "Looked."}), Wait()]
    with helper.start(PRODUCTION, parameters=IMAGE, inputs={"Promotion": answers}) as running:
        wait_until(lambda: running.log.count("Input requested") == 2, "the second question")
        running.restart()
        wait_until(lambda: "Ready to run at" in running.log, "the controller")
        running.answer("Promotion", Approve("alice"))
        run = running.wait()
    assert (run.result, run.violation) == ("SUCCESS", None), run.log
    assert sent(helper)["approval"] == ["bob: Looked.", "alice"]
    assert len(helper.calls) == 2


def test_production_asks_nobody_what_was_promoted_meanwhile(helper: Helper) -> None:
    helper.answer("receive", {**PROMOTED, "status": "unchanged"})
    run = helper.run(PRODUCTION, parameters=IMAGE)
    assert (run.result, run.description) == ("SUCCESS", "h/p:1 unchanged: sha256:1")
