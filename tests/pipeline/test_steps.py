"""The steps, on their own: what each sends, gives back, and does when things go wrong."""

from __future__ import annotations

import pytest

from tests.pipeline.conftest import FORMS, LIBRARY, NEVER, PROMOTED, REFUSED, Form, Helper, scripted
from tests.support.pipeline import Approve, Wait
from tests.support.waiting import wait_until

PROMOTE = "promoteImage(source: 'a', destination: 'b')"


@FORMS
def test_promote_image_gives_back_plain_maps_that_survive_a_restart(helper: Helper, form: Form) -> None:
    run = helper.run(form(f'def r = {PROMOTE}\nsleep 0\necho "total ${{r.blobs.total}}, ${{r.status}}"'))
    assert run.result == "SUCCESS", run.log
    assert "total 3, promoted" in run.log


def test_promote_image_sends_its_parameters_as_they_are(helper: Helper) -> None:
    body = (
        "def tag = 'v 1'\npromoteImage(source: \"e/a:${tag}\", destination: '$(rm -rf x)', force: true, reason: null)"
    )
    assert helper.run(scripted(body)).result == "SUCCESS"
    [call] = helper.calls
    assert call.command == "promote"
    assert call.parameters == {"source": "e/a:v 1", "destination": "$(rm -rf x)", "force": True, "reason": None}


def test_a_refusal_fails_the_build_with_cause_and_remedy(helper: Helper) -> None:
    helper.answer("promote", REFUSED)
    run = helper.run(scripted(PROMOTE))
    assert run.result == "FAILURE"
    assert "ERROR: refused: It is taken. Take another." in run.log


def test_a_helper_that_dies_fails_the_build_with_its_exit_code(helper: Helper) -> None:
    helper.answer("promote", 137)
    run = helper.run(scripted(PROMOTE))
    assert run.result == "FAILURE"
    assert "promoter promote ended with exit code 137; its log is above." in run.log


def test_a_failure_can_be_caught_and_leaves_nothing_behind(helper: Helper) -> None:
    helper.answer("promote", REFUSED)
    run = helper.run(scripted(f'try {{ {PROMOTE} }} catch (e) {{ echo "caught ${{e.message}}" }}'))
    assert run.result == "SUCCESS"
    assert "caught refused: It is taken. Take another." in run.log
    assert not list(run.workspace.parent.rglob("*.json"))


def test_tag_image_gives_back_the_tags(helper: Helper) -> None:
    tags = [{"status": "tagged", "destination": f"p/w:{tag}", "digest": "sha256:1"} for tag in "ab"]
    helper.answer("tag", {"promotion_id": "42", "tags": tags})
    run = helper.run(scripted("echo tagImage(source: 's/w:1', destinations: ['p/w:a', 'p/w:b']).tags[1].digest"))
    assert run.result == "SUCCESS", run.log
    [call] = helper.calls
    assert (call.command, call.parameters) == ("tag", {"source": "s/w:1", "destinations": ["p/w:a", "p/w:b"]})
    assert run.description == "p/w:a tagged: sha256:1, p/w:b tagged: sha256:1"


def test_start_build_gives_back_the_build_and_its_tags(helper: Helper) -> None:
    tag = {"status": "tagged", "destination": "s/web:ready", "digest": "sha256:1"}
    build = {"name": "web-7", "phase": "Complete", "log": None}
    helper.answer("start-build", {"status": "built", "build": build, "digest": "sha256:1", "tags": [tag]})
    run = helper.run(scripted("echo startBuild(buildConfig: 's/web', tag: ['s/web:ready']).build.phase"))
    assert run.result == "SUCCESS", run.log
    assert helper.calls[0].parameters == {"buildConfig": "s/web", "tag": ["s/web:ready"]}
    assert run.description == "web-7 built: sha256:1, s/web:ready tagged: sha256:1"


@pytest.mark.parametrize(
    ("result", "described"),
    [
        (PROMOTED, "h/p:1 promoted: sha256:1"),
        ({**PROMOTED, "verified": False}, "h/p:1 promoted: sha256:1 (not verified from here)"),
        ({"status": "built", "build": {"name": "job-7"}, "digest": None, "tags": []}, "job-7 built"),
        ({"status": "planned", "build_config": "s/web", "build": None, "tags": []}, "s/web planned"),
        ({"status": "rolled-back", "image": "h/p:1", "digest": "sha256:1"}, "h/p:1 rolled-back: sha256:1"),
        (
            {"status": "waiting", "image": "h/p:1", "digest": "sha256:1", "missing": ["billing", "shop"]},
            "h/p:1 waiting: sha256:1 (not by billing, shop)",
        ),
        ({"status": "annotated", "stream": "e/s", "tags": [{"tag": "a", "status": "annotated"}]}, "e/s annotated"),
        ({"tags": [{"status": "failed", "destination": "h/p:1", "promotion": None}]}, "h/p:1 failed"),
    ],
)
def test_outcome_is_described_and_said_in_one_line(helper: Helper, result: dict[str, object], described: str) -> None:
    helper.answer("promote", result)
    run = helper.run(scripted("promoterCommand('promote', [:])"))
    assert run.result == "SUCCESS", run.log
    assert run.description == described
    assert run.log.splitlines().count(described) == 1


@pytest.mark.parametrize(
    ("answer", "described"),
    [
        (REFUSED, "refused: It is taken."),
        (137, "promoter promote ended with exit code 137; its log is above."),
        ({"findings": [], "exit_code": 5}, "promoter promote ended with exit code 5; its log is above."),
    ],
)
def test_failure_is_described(helper: Helper, answer: dict[str, object] | int, described: str) -> None:
    helper.answer("promote", answer)
    assert helper.run(scripted(PROMOTE)).description == described


def test_what_only_looks_leaves_the_description_as_it_is(helper: Helper) -> None:
    helper.answer("describe", {"image": "e/a:1", "digest": "sha256:1"})
    run = helper.run(scripted(f"{PROMOTE}\necho promoterCommand('describe', [image: 'e/a:1']).digest"))
    assert run.result == "SUCCESS", run.log
    assert [call.command for call in helper.calls] == ["promote", "describe"]
    assert run.description == "h/p:1 promoted: sha256:1"


def test_the_parameters_are_no_part_of_what_an_image_is_built_from(helper: Helper) -> None:
    assert helper.run(scripted("promoteImage(source: 'dev/web:1', destination: 'production')")).result == "SUCCESS"
    [call] = helper.calls
    assert call.files == []


def test_the_cause_is_described_and_not_what_was_interrupted_for_it(helper: Helper) -> None:
    helper.answer("describe", NEVER)
    helper.answer("promote", REFUSED)
    script = scripted(
        """parallel(
            failFast: true,
            waits: { node { promoterCommand('describe', [image: 'production/web:1']) } },
            fails: {
                input(id: 'Go', message: 'Go?')
                node { promoterCommand('promote', [source: 'dev/web:1', destination: 'production']) }
            }
        )""",
        agent=False,
    )
    with helper.start(script, inputs={"Go": Wait()}) as running:
        wait_until(lambda: all(text in running.log for text in ("+ promoter", "Proceed or Abort")), "both branches")
        running.answer("Go", Approve("alice"))
        run = running.wait()
    assert (run.result, run.description) == ("FAILURE", "refused: It is taken.")


def test_two_promotions_at_once_do_not_meet(helper: Helper) -> None:
    run = helper.run(scripted(f"parallel(a: {{ {PROMOTE} }}, b: {{ {PROMOTE} }})"))
    assert run.result == "SUCCESS", run.log
    scripts = {call["script"] for call in run.calls("sh")}
    assert len(run.calls("sh")) == 2
    assert len(scripts) == 1, "the script is constant; where the files are is in the environment"


@FORMS
def test_a_step_outside_a_node_says_what_it_needs(helper: Helper, form: Form) -> None:
    run = helper.run(form(PROMOTE, agent=False), plugins=["lock"])
    assert run.result == "FAILURE"
    needs = "wrong-usage: This step needs an agent with the promoter helper: write node('skopeo') { ... } around it"
    assert f"ERROR: {needs}" in run.log
    assert str(run.description).startswith(needs)
    assert run.calls("lock") == []


@pytest.mark.parametrize(("user", "started_by"), [("alice", "alice"), ("anonymous", ""), (None, "")])
def test_helper_is_told_who_started_the_build(helper: Helper, user: str | None, started_by: str) -> None:
    body = f"withEnv(['PROMOTER_REQUESTED_BY=mallory']) {{ {PROMOTE} }}"
    assert helper.run(scripted(body), user=user).result == "SUCCESS"
    assert [call.started_by for call in helper.calls] == [started_by]


def test_production_pipeline_passes_its_parameters_on(helper: Helper) -> None:
    text = f"{LIBRARY}productionPipeline(config: 'c.yaml', force: true, timeoutMinutes: 30)"
    run = helper.run(text, parameters={"IMAGE_NAME": "web", "REQUESTED_BY": "bob"}, user=None)
    assert run.result == "SUCCESS", run.log
    [call] = helper.calls
    assert call.command == "receive"
    assert call.parameters == {
        "imageName": "web",
        "nonProdRegistry": "",
        "prodRegistry": "",
        "nonProdProjectName": "",
        "prodProjectName": "",
        "gitCommit": "",
        "imageDigest": None,
        "promotionId": None,
        "requestedBy": "bob",
        "config": "c.yaml",
        "timeout": "30m",
        "force": True,
        "untilApproval": True,
    }


def test_helper_is_told_who_started_the_build_that_led_to_this_one(helper: Helper) -> None:
    for user in ("alice", "anonymous"):
        assert helper.run(scripted(PROMOTE), upstream_user=user).result == "SUCCESS"
    assert [call.started_by for call in helper.calls] == ["alice", ""]


def test_whoever_starts_production_asks_for_it(helper: Helper) -> None:
    text = f"{LIBRARY}productionPipeline()"
    helper.run(text, user="alice")
    helper.run(text, user="alice", parameters={"REQUESTED_BY": "bob"})
    helper.run(text, upstream_user="carol")
    assert [call.parameters["requestedBy"] for call in helper.calls] == ["alice", "alice, bob", "carol"]


def test_production_pipeline_refuses_a_setting_that_it_does_not_have(helper: Helper) -> None:
    run = helper.run(f"{LIBRARY}productionPipeline(confg: '/etc/promoter/promotion.yaml', force: true)")
    assert run.result == "FAILURE"
    assert "ERROR: wrong-usage: settings that productionPipeline does not have: confg." in run.log
    assert not helper.calls


def test_production_pipeline_refuses_what_a_webhook_sends_besides(helper: Helper) -> None:
    run = helper.run(
        f"{LIBRARY}productionPipeline()",
        parameters={"IMAGE_NAME": "web", "PS4": "$(touch pwned)"},
        job_parameters=["PS4"],
    )
    assert run.result == "FAILURE"
    assert "ERROR: refused: parameters that this pipeline does not take: PS4." in run.log
    assert not helper.calls
