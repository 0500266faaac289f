"""What the rig's builds do to processes: live output, aborts and time-outs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pipeline import PipelineRig, RunningPipeline
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rig(tmp_path: Path) -> PipelineRig:
    return PipelineRig(tmp_path)


def wait_for_line(build: RunningPipeline, line: str) -> None:
    wait_until(lambda: line in build.log.splitlines(), f"the line {line!r} in the log")


def alive(pid: int) -> bool:
    """Tell whether the process runs; one that only waits for its parent to notice its end does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_lines_are_seen_as_they_come(rig: PipelineRig, tmp_path: Path) -> None:
    seen = tmp_path / "seen"

    def answer(line: str) -> None:
        if line == "now":
            seen.touch()

    build = rig.run(
        "node { sh 'echo now; until [ -e \"$SEEN\" ]; do sleep 0.05; done' }",
        environment={"SEEN": str(seen)},
        on_line=answer,
    )

    assert build.result == "SUCCESS"


def test_abort_ends_the_whole_process_tree_and_runs_what_must_run(rig: PipelineRig) -> None:
    with rig.start(
        """
        pipeline {
            agent any
            stages {
                stage('work') {
                    steps {
                        script {
                            try {
                                sh '''
                                    set +ex
                                    trap 'echo got TERM; exit 1' TERM
                                    sleep 300 & echo $! > pids
                                    setsid sleep 300 & echo $! >> pids
                                    env -i sleep 300 & echo $! >> pids
                                    echo working
                                    wait
                                    while :; do :; done
                                '''
                            } finally {
                                sh 'echo cleaned up'
                            }
                        }
                    }
                }
            }
            post { aborted { echo 'post ran' } }
        }
        """
    ) as running:
        wait_for_line(running, "working")
        running.abort()
        build = running.wait()

    assert build.result == "ABORTED"
    assert "process did not stop" not in build.log
    assert build.stage("work") == "ABORTED"
    assert "Aborted by admin\nSending interrupt signal to process\n" in build.log
    assert "got TERM\n" in build.log
    assert "cleaned up\n" in build.log
    assert "post ran\n" in build.log
    assert build.survivors == ()
    pids = [int(line) for line in (build.workspace / "pids").read_text().split()]
    wait_until(lambda: not any(map(alive, pids)), "the killed processes to end")


def test_a_process_that_ignores_the_signal_has_twenty_seconds(rig: PipelineRig) -> None:
    with rig.start("node { sh 'trap \"\" TERM; echo working; while :; do sleep 1; done' }") as running:
        wait_for_line(running, "working")
        running.abort()
        build = running.wait()

    assert build.result == "ABORTED"
    assert "After 20s process did not stop\n" in build.log
    assert any("script.sh.copy" in command for command in build.survivors), build.survivors


def test_a_timeout_ends_sh_and_the_build_can_go_on(rig: PipelineRig) -> None:
    build = rig.run(
        """
        import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

        node {
            sh 'true'  // the first one takes longer to start
            try {
                timeout(time: 1, unit: 'SECONDS') { sh 'sleep 300' }
            } catch (FlowInterruptedException e) {
                echo "${e.message} ${e.result == Result.ABORTED} ${e.actualInterruption}"
            }
            sh 'echo went on'
        }
        """
    )

    assert "Cancelling nested steps due to timeout\nSending interrupt signal to process\n" in build.log
    assert "Timeout has been exceeded true false\n" in build.log
    assert "went on\n" in build.log
    assert (build.result, build.survivors) == ("SUCCESS", ())


def test_an_abort_that_is_caught_lets_the_build_succeed(rig: PipelineRig) -> None:
    with rig.start("node { try { sh 'echo working; sleep 300' } catch (Throwable e) { echo e.message } }") as running:
        wait_for_line(running, "working")
        running.abort()
        build = running.wait()

    assert "[Pipeline] echo\nAborted by admin\n" in build.log
    assert build.result == "SUCCESS"


def test_what_sh_leaves_running_is_reported_and_killed(rig: PipelineRig) -> None:
    build = rig.run("node { sh 'nohup sleep 301 >/dev/null 2>&1 & echo $! > pid' }")

    assert build.result == "SUCCESS"
    assert build.survivors == ("sleep 301",)
    pid = int((build.workspace / "pid").read_text())
    wait_until(lambda: not alive(pid), "the killed process to end")


def test_a_build_that_takes_too_long_is_ended(rig: PipelineRig) -> None:
    running = rig.start("node { sh 'echo $$ > pid; echo working; sleep 300' }")
    wait_for_line(running, "working")
    pid = int((running.workspace / "pid").read_text())

    with pytest.raises(TimeoutError, match="still running after"):
        running.wait(0.1)

    wait_until(lambda: not alive(pid), "the killed process to end")


def test_nothing_outlives_a_caller_that_was_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    caller = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from tests.support.pipeline import PipelineRig;"
            "PipelineRig(Path(sys.argv[1])).run(sys.argv[2])",
            str(tmp_path),
            f"node {{ sh 'echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; sleep 300' }}",
        ],
        cwd=ROOT,
    )
    wait_until(pid_file.exists, "the shell to start")
    shell = int(pid_file.read_text())

    os.kill(caller.pid, signal.SIGKILL)
    caller.wait()

    wait_until(lambda: not alive(shell), "the shell to end")
