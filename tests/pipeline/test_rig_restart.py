"""What a restart of the controller does to the rig's builds: the scripts go on from what was saved of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pipeline import Approve, PipelineRig, PipelineRun, RunningPipeline, Wait
from tests.support.waiting import wait_until

LIBRARY = Path(__file__).parent / "rig_cases" / "library"


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path, {"greetings": LIBRARY}, implicit=["greetings"])


def wait_for(build: RunningPipeline, line: str) -> None:
    wait_until(lambda: f"\n{line}" in build.log, f"the line {line!r} in the log")


def restarted_at_input(rig: PipelineRig, jenkinsfile: str) -> PipelineRun:
    """Return the build, restarted while its input waited."""
    with rig.start(jenkinsfile, inputs={"Go?": Wait()}) as running:
        wait_for(running, "Proceed or Abort")
        running.restart()
        wait_for(running, "Ready to run at ")
        running.answer("Go?", Approve(by="alice"))
        return running.wait()


def test_a_waiting_input_is_answered_after_the_restart(rig: PipelineRig) -> None:
    build = restarted_at_input(rig, "echo \"by ${input message: 'Go?', submitterParameter: 'WHO'}\"")

    said = [line.split(" at ")[0] for line in build.log.splitlines()]
    assert said[said.index("Proceed or Abort") :] == [
        "Proceed or Abort",
        "Pausing (shutting down)",
        "Resuming build",
        "Ready to run",
        "Approved by alice",
        "[Pipeline] echo",
        "by alice",
        "[Pipeline] End of Pipeline",
        "Finished: SUCCESS",
    ]


def test_what_scripts_hold_is_there_after_the_restart(rig: PipelineRig) -> None:
    build = restarted_at_input(
        rig,
        """
        import groovy.transform.Field

        @Field Map ofTheScript = [n: 1]
        inTheBinding = 'bound'
        def local = [list: [1, 2], nested: [who: 'me']]
        def same = local.list
        def twice = { n -> n * local.list.size() }
        counter.next()
        env.SET = 'set'
        withEnv(['INSIDE=inside']) {
            for (name in local.nested.keySet()) {
                try {
                    input 'Go?'
                    same << 3
                    echo "${name} ${local} ${twice(2)} ${ofTheScript} ${inTheBinding} ${env.SET} ${env.INSIDE}"
                    echo "counted ${counter.next()}"
                    error 'thrown'
                } catch (AbortException e) {
                    echo "caught ${e.message}"
                }
            }
        }
        """,
    )

    assert "who [list:[1, 2, 3], nested:[who:me]] 6 [n:1] bound set inside\n" in build.log
    assert "counted 2\n" in build.log
    assert "caught thrown\n" in build.log
    assert build.result == "SUCCESS"


def test_what_is_not_saved_is_gone_after_the_restart(rig: PipelineRig) -> None:
    jenkinsfile = """
        import org.demo.Tally

        def tally = new Tally()
        tally.add()
        def before = System.identityHashCode(tally)
        input 'Go?'
        echo "${tally.says()}, ${before == System.identityHashCode(tally) ? 'the same' : 'a copy'}"
        """

    restarted = restarted_at_input(rig, jenkinsfile)
    through = rig.run(jenkinsfile, inputs={"Go?": Approve()})

    assert "own 1, of the class 0, a copy\n" in restarted.log
    assert "own 1, of the class 1, the same\n" in through.log


def test_what_cannot_be_saved_ends_the_build(rig: PipelineRig) -> None:
    with rig.start("def found = ('abc' =~ /b/)\nwaitUntil { false }") as running:
        wait_for(running, "Will try again after 0.25 sec")
        running.restart()
        build = running.wait()

    assert "\njava.io.NotSerializableException: java.util.regex.Matcher\n" in build.log
    assert build.result == "FAILURE"


def test_a_command_runs_on_and_its_output_is_complete(rig: PipelineRig, tmp_path: Path) -> None:
    go = tmp_path / "go"

    with rig.start(
        """
        node {
            def text = sh script: '''
                echo before
                echo started >&2
                until [ -e "$GO" ]; do sleep 0.05; done
                echo after
            ''', returnStdout: true
            echo "got ${text.split()}"
        }
        """,
        environment={"GO": str(go)},
    ) as running:
        wait_for(running, "started")
        running.restart()
        wait_for(running, "Ready to run at ")
        go.touch()
        build = running.wait()

    assert "got [before, after]\n" in build.log
    assert (build.result, build.survivors) == ("SUCCESS", ())


def test_branches_of_a_parallel_step_keep_their_values(rig: PipelineRig) -> None:
    build = restarted_at_input(
        rig,
        """
        def values = parallel(
            ended: { [early: true] },
            waits: { def mine = 'mine'; input 'Go?'; mine }
        )
        echo "values ${values}"
        """,
    )

    assert "values [ended:[early:true], waits:mine]\n" in build.log


def test_a_body_that_runs_again_is_the_one_that_was_saved(rig: PipelineRig) -> None:
    build = restarted_at_input(
        rig,
        """
        def tries = []
        retry(2) {
            tries << tries.size()
            if (tries.size() == 1) { input 'Go?'; error 'once more' }
        }
        echo "tries ${tries}"
        """,
    )

    assert "ERROR: once more\nRetrying\n" in build.log
    assert "tries [0, 1]\n" in build.log


def test_a_declarative_pipeline_goes_on(rig: PipelineRig) -> None:
    build = restarted_at_input(
        rig,
        """
        pipeline {
            agent none
            environment { WHERE = 'here' }
            stages {
                stage('ask') {
                    input { message 'Go?'; submitterParameter 'WHO' }
                    steps { greet "${WHO}, ${env.WHERE}" }
                    post { success { echo 'asked' } }
                }
                stage('later') { steps { echo "later ${env.STAGE_NAME}" } }
            }
            post { always { echo "ended ${currentBuild.currentResult}" } }
        }
        """,
    )

    assert "hello alice, here\n" in build.log
    assert "asked\n" in build.log
    assert "later later\n" in build.log
    assert "ended SUCCESS\n" in build.log
    assert [stage.name for stage in build.stages] == ["ask", "later", "Declarative: Post Actions"]


def test_sleep_goes_by_the_clock(rig: PipelineRig) -> None:
    with rig.start("sleep 2\necho 'awake'") as running:
        wait_for(running, "Sleeping for 2 sec")
        running.restart()
        build = running.wait()

    after = build.log.split("Ready to run at ")[1]
    [left] = re.findall(r"Sleeping for .*|No need to sleep any longer", after)
    assert left != "Sleeping for 2 sec"
    assert build.log.count("awake\n") == 1


def test_an_abort_after_the_restart(rig: PipelineRig) -> None:
    with rig.start(
        "try { input 'Go?' } catch (e) { echo \"caught ${e.message}\"; throw e }", inputs={"Go?": Wait()}
    ) as running:
        wait_for(running, "Proceed or Abort")
        running.restart()
        running.abort()
        build = running.wait()

    assert "caught Aborted by admin\n" in build.log
    assert build.log.count("\nAborted by admin\n") == 1
    assert build.result == "ABORTED"


def test_a_build_may_be_restarted_twice(rig: PipelineRig) -> None:
    with rig.start("def n = 1\ninput 'Go?'\necho \"n ${n}\"", inputs={"Go?": Wait()}) as running:
        wait_for(running, "Proceed or Abort")
        running.restart()
        running.restart()
        running.answer("Go?", Approve())
        build = running.wait()

    assert build.log.count("Ready to run at ") == 2
    assert "n 1\n" in build.log
