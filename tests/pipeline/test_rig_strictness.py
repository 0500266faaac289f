"""What the rig refuses, each time beside something close to it that it lets pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pipeline import Approve, PipelineRig, PipelineRun, UsernamePassword

CASES = Path(__file__).parent / "rig_cases"
NAMES = sorted(path.stem for path in (CASES / "fails").iterdir())


def run(tmp_path: Path, jenkinsfile: Path) -> PipelineRun:
    rig = PipelineRig(tmp_path, {"greetings": CASES / "library"}, implicit=["greetings"])
    return rig.run(
        jenkinsfile,
        credentials={"token": "a secret value", "login": UsernamePassword("somebody", "a password")},
        inputs={"Gate": Approve(by="alice")},
    )


def expected(jenkinsfile: Path) -> str:
    first_line = jenkinsfile.read_text().splitlines()[0]
    return first_line.removeprefix("// expects: ").replace("\\n", "\n")


@pytest.mark.parametrize("name", NAMES)
def test_refuses(tmp_path: Path, name: str) -> None:
    jenkinsfile = CASES / "fails" / f"{name}.jenkinsfile"

    build = run(tmp_path, jenkinsfile)

    assert build.result == "FAILURE"
    assert expected(jenkinsfile) in build.log
    assert "a secret value" not in build.log


@pytest.mark.parametrize("name", NAMES)
def test_lets_pass(tmp_path: Path, name: str) -> None:
    build = run(tmp_path, CASES / "passes" / f"{name}.jenkinsfile")

    assert (build.result, build.violation) == ("SUCCESS", None), build.log


def test_a_broken_rule_cannot_be_caught(tmp_path: Path) -> None:
    build = PipelineRig(tmp_path).run(
        """
        try {
            input 'Go?'
        } catch (Throwable ignored) {
            currentBuild.description = 'caught'
        }
        echo 'went on'
        """
    )

    assert build.result == "FAILURE"
    assert build.violation is not None
    assert "Nobody answers the input 'Go?'" in build.violation
    assert "went on" not in build.log


def test_what_cannot_be_serialised_is_found_at_the_step_and_can_be_caught(tmp_path: Path) -> None:
    build = PipelineRig(tmp_path).run(
        """
        node {
            def found = ('abc' =~ /b/)
            echo 'reached'
            try {
                sh 'echo not reached'
            } catch (NotSerializableException e) {
                echo "caught ${e.message}"
            }
        }
        """
    )

    assert build.result == "SUCCESS"
    assert "reached\n" in build.log
    assert "caught java.util.regex.Matcher" in build.log
    assert "+ echo not reached" not in build.log
