"""How the rig's builds take turns: locks and milestones, which all builds of one rig share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline import Approve, PipelineRig, RunningPipeline, Wait
from tests.support.waiting import wait_until

HOLD = "input 'Go?'"
ASKING = "Proceed or Abort"
ACQUIRED = "Lock acquired on [Resource: thing]"
WAITING = "[Resource: thing] is not free, waiting for execution ..."


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path)


def start(rig: PipelineRig, number: int, jenkinsfile: str) -> RunningPipeline:
    return rig.start(jenkinsfile, plugins=["lock", "milestone"], build_number=number, inputs={"Go?": Wait()})


def wait_for(build: RunningPipeline, line: str) -> None:
    wait_until(lambda: line in build.log.splitlines(), f"the line {line!r} in the log")


def let_go(build: RunningPipeline) -> None:
    build.answer("Go?", Approve())
    build.wait()


def test_a_lock_is_acquired_and_released(rig: PipelineRig) -> None:
    build = rig.run("lock(resource: 'thing', variable: 'IT') { echo env.IT }\necho 'after'", plugins=["lock"])

    assert build.log.splitlines()[2:-2] == [
        "[Pipeline] lock",
        "Trying to acquire lock on [Resource: thing]",
        "Resource [thing] did not exist. Created.",
        "Lock acquired on [Resource: thing]",
        "[Pipeline] {",
        "[Pipeline] echo",
        "thing",
        "[Pipeline] }",
        "Lock released on resource [Resource: thing]",
        "[Pipeline] // lock",
        "[Pipeline] echo",
        "after",
    ]
    assert build.calls("lock") == [{"resource": "thing", "variable": "IT"}]


def test_a_lock_goes_to_whoever_has_waited_longest(rig: PipelineRig) -> None:
    jenkinsfile = f"lock('thing') {{ {HOLD} }}"
    with start(rig, 1, jenkinsfile) as first:
        wait_for(first, ASKING)
        with start(rig, 2, jenkinsfile) as second:
            wait_for(second, WAITING)
            with start(rig, 3, jenkinsfile) as third:
                wait_for(third, WAITING)
                let_go(first)
                wait_for(second, ASKING)
                assert ACQUIRED not in third.log
                let_go(second)
                wait_for(third, ASKING)
                let_go(third)

    assert "\nThe resource [thing] is locked by build job #1 #1 since " in second.log
    assert "\n[Required resources: [thing]] added into queue at position 1\n" in third.log


def test_a_lock_may_go_to_the_newest_first(rig: PipelineRig) -> None:
    jenkinsfile = f"lock(resource: 'thing', inversePrecedence: true) {{ {HOLD} }}"
    with start(rig, 1, jenkinsfile) as first:
        wait_for(first, ASKING)
        with start(rig, 2, jenkinsfile) as second:
            wait_for(second, WAITING)
            with start(rig, 3, jenkinsfile) as third:
                wait_for(third, WAITING)
                let_go(first)
                wait_for(third, ASKING)
                assert ACQUIRED not in second.log


def test_a_lock_that_is_not_free_may_be_skipped(rig: PipelineRig) -> None:
    with start(rig, 1, f"lock('thing') {{ {HOLD} }}") as first:
        wait_for(first, ASKING)
        build = rig.run("lock(resource: 'thing', skipIfLocked: true) { echo 'never' }", plugins=["lock"])

    assert "[Resource: thing] is not free, skipping execution ...\n" in build.log
    assert "never" not in build.log
    assert build.result == "SUCCESS"


def test_a_failure_releases_the_lock(rig: PipelineRig) -> None:
    build = rig.run(
        "try { lock('thing') { error 'inside' } } catch (e) { echo e.message }\nlock('thing') { echo 'again' }",
        plugins=["lock"],
    )

    assert build.log.count("Lock released on resource [Resource: thing]\n") == 2
    assert "\nagain\n" in build.log


def test_an_aborted_build_waits_for_the_lock_no_longer(rig: PipelineRig) -> None:
    with start(rig, 1, f"lock('thing') {{ {HOLD} }}") as first:
        wait_for(first, ASKING)
        with start(rig, 2, "lock('thing') { echo 'never' }") as second:
            wait_for(second, WAITING)
            second.abort()
            aborted = second.wait()
        with start(rig, 3, "lock('thing') { echo 'mine' }") as third:
            wait_for(third, WAITING)
            first.abort()
            assert first.wait().result == "ABORTED"
            ended = third.wait()

    assert (aborted.result, "never" in aborted.log) == ("ABORTED", False)
    assert "\nmine\n" in ended.log


def test_branches_of_one_build_take_turns_too(rig: PipelineRig) -> None:
    build = rig.run(
        """
        def inside = 0
        def most = 0
        def turn = { lock('thing') { inside++; most = Math.max(most, inside); sleep 1; inside-- } }
        parallel(a: turn, b: turn)
        echo "most ${most}"
        """,
        plugins=["lock"],
    )

    assert "most 1\n" in build.log


def test_a_lock_is_held_over_a_restart(rig: PipelineRig) -> None:
    with start(rig, 1, f"lock('thing') {{ {HOLD} }}") as first:
        wait_for(first, ASKING)
        with start(rig, 2, "def said = 'mine'\nlock('thing') { echo said }") as second:
            wait_for(second, WAITING)
            first.restart()
            second.restart()
            wait_until(lambda: "Ready to run at " in second.log, "the second build to be back")
            let_go(first)
            ended = second.wait()

    assert "\nmine\n" in ended.log


def test_a_milestone_ends_older_builds_that_have_not_passed_it(rig: PipelineRig) -> None:
    jenkinsfile = f"milestone 1\n{HOLD}\nmilestone 2\necho 'through'"
    with start(rig, 1, jenkinsfile) as older:
        wait_for(older, ASKING)
        with start(rig, 2, jenkinsfile) as newer:
            wait_for(newer, ASKING)
            assert older.log.splitlines()[-1] == ASKING
            newer.answer("Go?", Approve())
            passed = newer.wait()
            superseded = older.wait()

    assert (superseded.result, passed.result) == ("NOT_BUILT", "SUCCESS")
    assert "\nSuperseded by job#2\n" in superseded.log
    assert "\nTrying to pass milestone 2\n" in passed.log
    assert "through" not in superseded.log


def test_an_older_build_does_not_pass_a_milestone_after_a_newer_one(rig: PipelineRig) -> None:
    with start(rig, 2, f"milestone 1\n{HOLD}") as newer:
        wait_for(newer, ASKING)
        older = rig.run("milestone 1\necho 'through'", plugins=["milestone"], build_number=1)

    assert "\nTrying to pass milestone 1\nSuperseded by job#2\n" in older.log
    assert "\nthrough\n" not in older.log
    assert older.result == "NOT_BUILT"


def test_a_newer_build_that_ends_takes_older_ones_with_it(rig: PipelineRig) -> None:
    with start(rig, 1, f"milestone()\n{HOLD}") as older:
        wait_for(older, ASKING)
        newer = rig.run("milestone()\nerror 'no'", plugins=["milestone"], build_number=2)
        superseded = older.wait()

    assert "\nTrying to pass milestone 0\n" in newer.log
    assert superseded.result == "NOT_BUILT"


def test_an_older_build_ends_no_newer_one(rig: PipelineRig) -> None:
    with start(rig, 2, f"milestone 1\n{HOLD}") as newer:
        wait_for(newer, ASKING)
        older = rig.run("echo 'no milestone yet'", plugins=["milestone"], build_number=1)
        let_go(newer)

    assert older.result == "SUCCESS"
    assert "Superseded" not in newer.log


def test_milestones_of_another_job_are_its_own(rig: PipelineRig) -> None:
    with start(rig, 1, f"milestone 1\n{HOLD}") as build:
        wait_for(build, ASKING)
        rig.run("milestone 1\nmilestone 2", plugins=["milestone"], build_number=2, job_name="other")
        let_go(build)

    assert "Superseded" not in build.log


@pytest.mark.parametrize(
    ("jenkinsfile", "says"),
    [
        ("milestone 2\nmilestone()\nmilestone 3", "Invalid ordinal 3, as the previous one was 3"),
        ("milestone 1\nmilestone(ordinal: 1, label: 'again')", "Invalid ordinal 1, as the previous one was 1"),
        ("parallel(a: { milestone 1 }, b: { sleep 1 })", "Using a milestone step inside parallel is not allowed"),
    ],
)
def test_milestones_rise_and_stand_outside_parallel(rig: PipelineRig, jenkinsfile: str, says: str) -> None:
    build = rig.run(jenkinsfile, plugins=["milestone"])

    assert f"ERROR: {says}\n" in build.log
    assert build.result == "FAILURE"


@pytest.mark.parametrize(("step", "call"), [("lock", "lock('thing') { echo 'held' }"), ("milestone", "milestone 1")])
def test_a_step_of_a_missing_plugin_throws_an_error_and_no_exception(rig: PipelineRig, step: str, call: str) -> None:
    build = rig.run(
        f"""
        try {{
            try {{ {call} }} catch (Exception e) {{ echo 'an exception' }}
        }} catch (NoSuchMethodError e) {{
            echo "caught ${{e.message}}"
        }}
        """
    )

    assert f"caught No such DSL method '{step}' found among steps [" in build.log
    assert "an exception" not in build.log
    assert build.result == "SUCCESS"
