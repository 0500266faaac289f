"""The rig's input steps: how they are asked, answered and ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline import Approve, PipelineError, PipelineRig, Reject, RunningPipeline, Wait
from tests.support.waiting import wait_until

TWO_QUESTIONS = "parameters: [string(name: 'V', defaultValue: 'unused'), booleanParam(name: 'B')]"


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path)


def wait_for_question(build: RunningPipeline, question: str) -> None:
    wait_until(lambda: f"{question}\n" in build.log, f"the input {question!r}")


def test_input_gives_a_value_in_the_shape_of_the_question(rig: PipelineRig) -> None:
    build = rig.run(
        """
        echo "nothing ${input 'Go?'}"
        echo "person ${input message: 'Who?', submitterParameter: 'WHO', submitter: 'alice,bob'}"
        def one = input id: 'one', message: 'One?', parameters: [string(name: 'V', defaultValue: 'unused')]
        echo "one ${one}"
        def both = input id: 'both', message: 'Both?', submitterParameter: 'WHO', parameters: [
            string(name: 'V'), booleanParam(name: 'B')]
        echo "both ${both.V} ${both.B} ${both.WHO}"
        """,
        inputs={
            "Go?": Approve(),
            "Who?": Approve(by="bob"),
            "One": Approve(parameters={"V": "v"}),
            "Both": Approve(by="bob", parameters={"B": "true"}),
        },
    )

    assert build.result == "SUCCESS"
    assert "Go?\nProceed or Abort\nApproved by admin\n" in build.log
    assert "nothing null\n" in build.log
    assert "person bob\n" in build.log
    assert "Input requested\nApproved by admin\n" in build.log
    assert "one v\n" in build.log
    assert "both null true bob\n" in build.log


def test_input_rejected(rig: PipelineRig) -> None:
    build = rig.run("input 'Go?'\necho 'went on'", inputs={"Go?": Reject(by="alice")})

    assert build.result == "ABORTED"
    assert "Rejected by alice" in build.log
    assert "went on" not in build.log


def test_input_unanswered_until_its_timeout(rig: PipelineRig) -> None:
    build = rig.run(
        "timeout(time: 1, unit: 'SECONDS') { input 'Go?' }\necho 'went on'",
        inputs={"Go?": Wait()},
    )

    assert build.result == "ABORTED"
    assert "Timeout has been exceeded" in build.log
    assert "went on" not in build.log


def test_input_inside_a_node_is_warned_of(rig: PipelineRig) -> None:
    build = rig.run("node { input 'Go?' }", inputs={"Go?": Approve()})

    assert "WARNING: this input holds its node while it waits\n" in build.log


def test_several_answers_are_for_one_input_each(rig: PipelineRig) -> None:
    build = rig.run(
        """
        for (n in [1, 2, 3]) {
            echo "answer ${n}: ${input id: 'gate', message: "Go ${n}?", submitterParameter: 'WHO'}"
        }
        """,
        inputs={"Gate": [Approve(by="alice"), Approve(by="bob")]},
    )

    assert "answer 1: alice\n" in build.log
    assert "answer 2: bob\n" in build.log
    assert build.violation == "Nobody answers the input 'Go 3?' (id Gate)"


def test_an_answer_of_its_own_comes_before_one_that_holds_each_time(rig: PipelineRig) -> None:
    build = rig.run(
        "2.times { n -> echo \"${n}: ${input id: 'gate', message: 'Go?', submitterParameter: 'WHO'}\" }",
        inputs={"Gate": [Approve(by="alice")], "Go?": Approve(by="bob")},
    )

    assert "0: alice\n" in build.log
    assert "1: bob\n" in build.log


def test_an_input_is_answered_while_the_build_runs(rig: PipelineRig, tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.write_text("before")

    with rig.start(
        """
        currentBuild.description = 'waits'
        input 'Go?'
        node { sh 'cat "$WORLD"' }
        """,
        inputs={"Go?": Wait()},
        environment={"WORLD": str(world)},
    ) as running:
        wait_for_question(running, "Go?")
        assert running.description == "waits"
        world.write_text("after\n")
        running.answer("Go?", Approve(by="alice"))
        build = running.wait()

    assert "Approved by alice\n" in build.log
    assert '+ cat "$WORLD"' not in build.log
    assert "\nafter\n" in build.log


def test_an_answer_may_come_before_the_question(rig: PipelineRig, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with rig.start(
        "node { sh 'until [ -e \"$GO\" ]; do sleep 0.05; done' }\ninput id: 'gate', message: 'Go?'",
        environment={"GO": str(go)},
    ) as running:
        running.answer("Gate", Reject(by="alice"))
        go.touch()
        build = running.wait()

    assert (build.result, build.violation) == ("ABORTED", None)
    assert "Rejected by alice\n" in build.log


def test_an_ended_build_takes_no_answer(rig: PipelineRig) -> None:
    running = rig.start("echo 'done'")
    running.wait()

    with pytest.raises(PipelineError, match="the build has ended"):
        running.answer("Gate", Approve())


def test_a_call_of_input_shows_what_was_asked(rig: PipelineRig) -> None:
    build = rig.run(
        f"input message: 'Go?', id: 'gate', ok: 'Ship', submitter: 'alice', submitterParameter: 'WHO', {TWO_QUESTIONS}",
        inputs={"Gate": Approve(by="alice")},
    )

    assert build.calls("input") == [
        {
            "message": "Go?",
            "id": "gate",
            "ok": "Ship",
            "submitter": "alice",
            "submitterParameter": "WHO",
            "parameters": [
                {"type": "string", "name": "V", "defaultValue": "unused"},
                {"type": "booleanParam", "name": "B"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "given", "value"),
    [
        ("", {}, "null"),
        ("submitterParameter: 'WHO'", {}, "alice"),
        (TWO_QUESTIONS, {}, "null"),
        (f"submitterParameter: 'WHO', {TWO_QUESTIONS}", {}, "alice"),
        (TWO_QUESTIONS, {"V": "v"}, "v"),
        (TWO_QUESTIONS, {"V": "v", "B": "true"}, "[B:true, V:v]"),
        (f"submitterParameter: 'WHO', {TWO_QUESTIONS}", {"V": "v"}, "[V:v, WHO:alice]"),
    ],
)
def test_the_value_has_the_shape_of_what_was_given(
    rig: PipelineRig, arguments: str, given: dict[str, str], value: str
) -> None:
    build = rig.run(
        f"def v = input(message: 'Go?', {arguments})\necho \"value ${{v instanceof Map ? new TreeMap(v) : v}}\"",
        inputs={"Go?": Approve(by="alice", parameters=given)},
    )

    assert f"value {value}\n" in build.log


def test_an_administrator_may_answer_for_anybody(rig: PipelineRig) -> None:
    build = rig.run(
        "echo \"by ${input message: 'Go?', submitter: 'bob', submitterParameter: 'WHO'}\"",
        inputs={"Go?": Approve(by="admin")},
    )

    assert "\nApproved by admin\n" in build.log
    assert "\nby admin\n" in build.log


def test_somebody_else_may_not_answer_while_it_waits(rig: PipelineRig) -> None:
    with rig.start("input message: 'Go?', submitter: 'bob'", inputs={"Go?": Wait()}) as running:
        wait_for_question(running, "Go?")
        running.answer("Go?", Approve(by="alice"))
        build = running.wait()

    assert build.violation == "You need to be bob to submit this (alice tried)"


def test_inputs_of_branches_wait_side_by_side(rig: PipelineRig) -> None:
    with rig.start(
        """
        def given = parallel(
            a: { input id: 'a', message: 'A?', submitterParameter: 'WHO' },
            b: { input id: 'b', message: 'B?', submitterParameter: 'WHO' }
        )
        echo "given ${given}"
        """,
        inputs={"A": Wait(), "B": Wait()},
    ) as running:
        wait_for_question(running, "A?")
        wait_for_question(running, "B?")
        running.answer("B", Approve(by="bob"))
        running.answer("A", Approve(by="alice"))
        build = running.wait()

    assert build.log.index("Approved by bob") < build.log.index("Approved by alice")
    assert "\ngiven [a:alice, b:bob]\n" in build.log


def test_a_rejection_that_is_caught_is_not_printed(rig: PipelineRig) -> None:
    build = rig.run(
        """
        import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

        try {
            input 'Go?'
        } catch (FlowInterruptedException e) {
            echo "caught <${e.message}> ${e.result} ${e.actualInterruption} ${e.causes[0].class.name}"
        }
        """,
        inputs={"Go?": Reject(by="alice")},
    )

    rejection = "org.jenkinsci.plugins.workflow.support.steps.input.Rejection"
    assert f"caught <Rejected by alice> ABORTED true {rejection}\n" in build.log
    assert build.log.count("Rejected by alice") == 1
    assert build.result == "SUCCESS"


def test_an_abort_ends_a_waiting_input(rig: PipelineRig) -> None:
    with rig.start("input 'Go?'", inputs={"Go?": Wait()}) as running:
        wait_for_question(running, "Go?")
        running.abort()
        build = running.wait()

    assert build.result == "ABORTED"
    assert build.log.count("Aborted by admin\n") == 1


def test_a_timeout_ends_a_waiting_input(rig: PipelineRig) -> None:
    build = rig.run(
        """
        import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

        try {
            timeout(time: 1, unit: 'SECONDS') { input 'Go?' }
        } catch (FlowInterruptedException e) {
            echo "caught <${e.message}> ${e.result} ${e.actualInterruption} ${e.causes[0].class.name}"
        }
        """,
        inputs={"Go?": Wait()},
    )

    expired = "org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout"
    assert "Cancelling nested steps due to timeout\n" in build.log
    assert f"caught <Timeout has been exceeded> ABORTED false {expired}\n" in build.log
    assert build.result == "SUCCESS"


def test_an_id_with_a_blank_is_refused(rig: PipelineRig) -> None:
    build = rig.run("input id: 'the gate', message: 'Go?'", inputs={"Go?": Approve()})

    assert "InputStep id is required to be URL safe, but the provided id the gate is not safe" in build.log
    assert build.result == "FAILURE"
