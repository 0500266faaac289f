"""Every step there is has its help and its row in the README, works in both kinds of pipeline, and fails in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from promoter.cli.reference import STEPS, documents
from tests.pipeline.conftest import FORMS, LIBRARY, PROMOTED, REFUSED, Form, Helper
from tests.support.pipeline import Approve, Reject
from tests.support.repository import ROOT

WHOLE_PIPELINE = "productionPipeline"
RELEASED: Mapping[str, Any] = {"status": "promoted", "release_id": "r1", "tags": [PROMOTED]}
APPROVAL = {"by": ["alice"], "needed": 1, "timeout_seconds": 60, "requested_by": "bob"}


class Example(NamedTuple):
    """A call of a step, which works as it is, and fails if the helper refuses or the person who is asked rejects it.

    Args:
        call: the call, as an expression.
        command: the command of the helper that it is made of, if it is of one.
        result: what that command gives back.
        agent: whether it needs an agent; it must have none otherwise.
        fails: the call that fails, where it has nothing to do with the helper and with people.
        said: what the log says of the failure.

    """

    call: str
    command: str = ""
    result: Mapping[str, Any] = PROMOTED
    agent: bool = True
    fails: str = ""
    said: str = "refused: It is taken. Take another."


EXAMPLES = {
    "promoteImage": Example("promoteImage(source: 'a', destination: 'b')", "promote"),
    "approvePromotion": Example(
        "approvePromotion(source: 'a', destination: 'b')",
        "promote",
        {**PROMOTED, "status": "planned", "approval": APPROVAL},
        agent=False,
    ),
    "awaitApproval": Example(
        "awaitApproval(destination: 'a', digest: 'b', approval: [by: ['alice'], needed: 1, timeout_seconds: 60])",
        agent=False,
        said="Rejected by alice",
    ),
    "promoteRelease": Example("promoteRelease(images: ['a=b'])", "release", RELEASED),
    "tagImage": Example("tagImage(source: 'a', destinations: ['b'])", "tag", {"tags": [PROMOTED]}),
    "importImage": Example("importImage(reference: 'a', destination: 'b')", "import"),
    "exportImage": Example(
        "exportImage(images: ['a'], output: 'b')", "export-bundle", {"status": "exported", "destination": "b"}
    ),
    "startBuild": Example("startBuild(buildConfig: 'a')", "start-build", {"status": "built", "build_config": "a"}),
    "publishImage": Example("publishImage(repository: 'a', destination: 'b')", "publish"),
    "signOffImage": Example("signOffImage(image: 'a', application: 'b')", "sign-off"),
    "awaitSignOffs": Example("awaitSignOffs(image: 'a', applications: ['b'])", "await-sign-offs", agent=False),
    "checkConstraints": Example("checkConstraints(metadata: 'a')", "constraints check", {"components": []}),
    "takingTurns": Example(
        "takingTurns('a/b') { 'mine' }", agent=False, fails="takingTurns('a/b') { error('Not now.') }", said="Not now."
    ),
    "promoterCommand": Example("promoterCommand('rollback', [image: 'a'])", "rollback"),
}
EACH = pytest.mark.parametrize("step", EXAMPLES)


def test_each_step_has_an_example() -> None:
    assert {path.stem for path in (ROOT / "vars").glob("*.groovy")} == {*EXAMPLES, WHOLE_PIPELINE}


@pytest.mark.parametrize("step", [*EXAMPLES, WHOLE_PIPELINE])
def test_step_has_its_help_and_its_row(step: str) -> None:
    text = (ROOT / "vars" / f"{step}.txt").read_text()
    assert f"{step}(" in text.partition("\n\n")[0]
    assert "\nPARAMETERS\n" in text or "\nSETTINGS\n" in text
    assert f"\n| [`{step}`](vars/{step}.txt) | " in (ROOT / "README.md").read_text()


def test_no_help_is_of_a_step_that_is_gone() -> None:
    assert {path.stem for path in (ROOT / "vars").glob("*.txt")} == {*EXAMPLES, WHOLE_PIPELINE}


def test_steps_of_one_command_have_its_parameters_in_their_help() -> None:
    of_a_command = {step for step, example in EXAMPLES.items() if example.command} - {"promoterCommand"}
    assert of_a_command == set(STEPS)
    assert {ROOT / "vars" / f"{step}.txt" for step in of_a_command} <= documents(ROOT).keys()


@EACH
@FORMS
def test_step_works(helper: Helper, step: str, form: Form) -> None:
    example = EXAMPLES[step]
    helper.answer(example.command or "none", example.result)
    body = f'def value = {example.call}\necho "gave ${{value}}"'
    run = helper.run(form(body, agent=example.agent), inputs={"Promotion": Approve("alice")})
    assert (run.result, run.violation) == ("SUCCESS", None), run.log
    assert "\ngave " in run.log
    assert "gave null" not in run.log


@EACH
@FORMS
def test_step_fails(helper: Helper, step: str, form: Form) -> None:
    example = EXAMPLES[step]
    helper.answer(example.command or "none", REFUSED)
    body = f"{example.fails or example.call}\necho 'went on'"
    run = helper.run(form(body, agent=example.agent), inputs={"Promotion": Reject("alice")})
    assert run.result in {"FAILURE", "ABORTED"}
    assert run.violation is None
    assert example.said in run.log
    assert "went on" not in run.log


@pytest.mark.parametrize(("answer", "result"), [(PROMOTED, "SUCCESS"), (REFUSED, "FAILURE")])
def test_whole_pipeline(helper: Helper, answer: Mapping[str, Any], result: str) -> None:
    helper.answer("receive", answer)
    run = helper.run(f"{LIBRARY}{WHOLE_PIPELINE}()")
    assert (run.result, run.violation, run.stage("Promote")) == (result, None, result.replace("FAILURE", "FAILED"))
