"""Taking turns: promotions of one image wait for each other where Jenkins can lock, and superseded builds end."""

from __future__ import annotations

import pytest

from tests.pipeline.conftest import LIBRARY, PROMOTED, Helper, scripted
from tests.pipeline.test_approval import ASK, IMAGE, PLAN, PRODUCTION, awaiting
from tests.support.pipeline import Approve, Reject, RunningPipeline, Wait
from tests.support.waiting import wait_until

MISSING = "do not wait for each other: the plugin lockable-resources is not installed."
HOLD = "takingTurns('{image}') {{ input(message: 'Held?', id: 'Held') }}\necho 'mine is over'"


def saying(running: RunningPipeline, text: str) -> None:
    """Wait until a build has said something."""
    wait_until(lambda: text in running.log, text)


@pytest.mark.parametrize(
    ("source", "destination", "image"),
    [
        ("dev/web:1.4.2", "production", "production/web"),
        (f"dev/web@sha256:{'1' * 64}", "production", "production/web"),
        ("dev/web:1", "production/web:1", "production/web"),
        ("dev/web:1", "production/shop-web:latest", "production/shop-web"),
        ("dev/web:1", "registry.example.com:5000/shop/web:1", "registry.example.com:5000/shop/web"),
        ("dev/web:1", "registry.example.com:5000/shop/web", "registry.example.com:5000/shop/web"),
        ("dev/web:1", "me:secret@registry.example.com/shop/web:1", "registry.example.com/shop/web"),
        ("me:secret@registry.example.com/shop/web:1", "production", "production/web"),
    ],
)
def test_turn_is_that_of_the_image_at_its_destination(
    helper: Helper, source: str, destination: str, image: str
) -> None:
    run = helper.run(scripted(f"promoteImage(source: '{source}', destination: '{destination}')"), plugins=["lock"])
    assert run.result == "SUCCESS", run.log
    assert [call["resource"] for call in run.calls("lock")] == [f"promotion of {image}"]


def test_builds_of_one_image_wait_and_others_do_not(helper: Helper) -> None:
    same, other = (scripted(HOLD.format(image=image), agent=False) for image in ("production/web", "production/api"))

    def start(text: str) -> RunningPipeline:
        return helper.start(text, plugins=["lock"], inputs={"Held": Wait()})

    with start(same) as first, start(other) as beside:
        saying(first, "Held?")
        saying(beside, "Held?")
        with start(same) as second:
            saying(second, "Trying to acquire lock on [Resource: promotion of production/web]")
            assert "Held?" not in second.log
            first.answer("Held", Approve())
            assert first.wait().result == "SUCCESS"
            saying(second, "Held?")
            second.answer("Held", Approve())
            assert second.wait().result == "SUCCESS"


@pytest.mark.parametrize("plugins", [["lock"], []], ids=["lock", "no lock"])
def test_body_runs_once_and_gives_its_value(helper: Helper, plugins: list[str]) -> None:
    body = "def got = takingTurns('a/b') { echo 'here'; [digest: 'sha256:1'] }\necho \"got ${got.digest}\""
    run = helper.run(scripted(body, agent=False), plugins=plugins)
    assert run.result == "SUCCESS", run.log
    assert run.log.splitlines().count("here") == 1
    assert "got sha256:1" in run.log
    assert run.log.count(MISSING) == (0 if plugins else 1)


@pytest.mark.parametrize("plugins", [["lock"], []], ids=["lock", "no lock"])
@pytest.mark.parametrize(
    ("fault", "said"), [("nosuchStep()", "No such DSL method 'nosuchStep'"), ("error('E1')", "E1")]
)
def test_failure_of_the_body_is_not_taken_for_a_missing_plugin(
    helper: Helper, plugins: list[str], fault: str, said: str
) -> None:
    run = helper.run(scripted(f"takingTurns('a/b') {{ echo 'here'\n{fault} }}", agent=False), plugins=plugins)
    assert run.result == "FAILURE"
    assert said in run.log
    assert run.log.splitlines().count("here") == 1
    assert run.log.count(MISSING) == (0 if plugins else 1)


def test_look_takes_no_turn(helper: Helper) -> None:
    run = helper.run(scripted("promoteImage(source: 'a/b:1', destination: 'c', dryRun: true)"), plugins=["lock"])
    assert (run.result, run.calls("lock")) == ("SUCCESS", [])


def test_production_takes_turns_without_an_agent_and_not_while_people_are_asked(helper: Helper) -> None:
    helper.answer("receive", awaiting(), PROMOTED)
    parameters = {**IMAGE, "PROD_REGISTRY": "registry.example.com", "PROD_PROJECT_NAME": "shop"}
    run = helper.run(PRODUCTION, parameters=parameters, plugins=["lock"], inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    told = [step.name for step in run.steps if step.name in {"lock", "node", "input"}]
    assert told == ["lock", "node", "input", "lock", "node"]
    assert {call["resource"] for call in run.calls("lock")} == {"promotion of registry.example.com/shop/web"}
    assert run.log.index("Lock released") < run.log.index("Input requested")


def test_production_runs_beside_itself(helper: Helper) -> None:
    helper.answer("receive", awaiting())
    with helper.start(PRODUCTION, parameters=IMAGE, plugins=["lock"], inputs={"Promotion": Wait()}) as first:
        saying(first, "Input requested")
        helper.answer("receive", PROMOTED)
        assert helper.run(PRODUCTION, parameters=IMAGE, plugins=["lock"]).result == "SUCCESS"


SUPERSEDE = ASK.replace(")", ", supersede: true)")


def test_milestone_stands_after_the_question(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(scripted(SUPERSEDE, agent=False), plugins=["milestone"], inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    assert [step.name for step in run.steps if step.name in {"milestone", "input"}] == ["input", "milestone"]
    assert "supersede" not in helper.calls[0].parameters


def test_build_that_still_waits_ends_once_a_newer_one_is_approved_and_not_before(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    text = scripted(SUPERSEDE, agent=False)

    def start(number: int) -> RunningPipeline:
        return helper.start(text, plugins=["milestone"], build_number=number, inputs={"Promotion": Wait()})

    with start(1) as older:
        saying(older, "Input requested")
        with start(2) as rejected:
            saying(rejected, "Input requested")
            rejected.answer("Promotion", Reject("alice"))
            assert rejected.wait().result == "ABORTED"
        with start(3) as newer:
            saying(newer, "Input requested")
            assert "Superseded" not in older.log
            newer.answer("Promotion", Approve("alice"))
            ended, approved = older.wait(), newer.wait()
    assert (ended.result, approved.result) == ("NOT_BUILT", "SUCCESS")
    assert str(ended.description).startswith("h/prod/web:1 not approved")


def test_nothing_is_superseded_unless_asked(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(scripted(ASK, agent=False), plugins=["milestone"], inputs={"Promotion": Approve("alice")})
    assert (run.result, run.calls("milestone")) == ("SUCCESS", [])


def test_without_milestones_older_builds_go_on(helper: Helper) -> None:
    helper.answer("promote", PLAN)
    run = helper.run(f"{LIBRARY}{SUPERSEDE}", inputs={"Promotion": Approve("alice")})
    assert run.result == "SUCCESS", run.log
    assert run.log.count("the plugin pipeline-milestone-step is not installed") == 1
