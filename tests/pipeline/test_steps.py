"""The steps, on their own: what each sends, gives back, and does when things go wrong."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Unpack

import pytest

from tests.support.pipeline import PipelineRig, PipelineRun, Settings

ROOT = Path(__file__).parents[2]
SCRIPTED = "@Library('image-promoter') _\nnode {{\n{body}\n}}\n"
DECLARATIVE = (
    "@Library('image-promoter') _\n"
    "pipeline {{\n agent any\n stages {{ stage('s') {{ steps {{ script {{\n{body}\n}} }} }} }}\n}}\n"
)


class Helper:
    """A helper that notes its request and answers as it is told: the steps alone are looked at here."""

    def __init__(self, directory: Path) -> None:
        self.request = directory / "seen.json"
        self._script = directory / "bin" / "promoter"
        self._script.parent.mkdir()
        self._rig = PipelineRig(directory / "jenkins", {"image-promoter": ROOT})
        self.answer(0, '{"status": "promoted", "destination": "h/p:1", "digest": "sha256:1", "blobs": {"total": 3}}')

    def answer(self, exit_code: int, result: str | None) -> None:
        """Set what comes back."""
        write = f"printf '%s' '{result}' > \"$5\"" if result is not None else "true"
        self._script.write_text(
            f'#!/bin/sh\ncp "$3" {self.request}\necho "$1" >> {self.request}\n{write}\nexit {exit_code}\n'
        )
        self._script.chmod(self._script.stat().st_mode | stat.S_IXUSR)

    def run(self, text: str, **settings: Unpack[Settings]) -> PipelineRun:
        """Run a Jenkinsfile with this helper on the PATH."""
        settings["environment"] = {"PATH": f"{self._script.parent}:/usr/bin:/bin"}
        return self._rig.run(text, **settings)


@pytest.fixture
def helper(tmp_path: Path) -> Helper:
    """A helper of the test's own."""
    return Helper(tmp_path)


@pytest.mark.parametrize("form", [SCRIPTED, DECLARATIVE], ids=["scripted", "declarative"])
def test_promote_image_gives_back_plain_maps_that_survive_a_restart(helper: Helper, form: str) -> None:
    body = "def r = promoteImage(source: 'a', destination: 'b')\nsleep 0\necho \"total ${r.blobs.total}, ${r.status}\""
    run = helper.run(form.format(body=body))
    assert run.result == "SUCCESS", run.log
    assert "total 3, promoted" in run.log
    assert run.description == "h/p:1 promoted: sha256:1"


def test_promote_image_sends_its_parameters_as_they_are(helper: Helper) -> None:
    body = (
        "def tag = 'v 1'\npromoteImage(source: \"e/a:${tag}\", destination: '$(rm -rf x)', dryRun: true, reason: null)"
    )
    assert helper.run(SCRIPTED.format(body=body)).result == "SUCCESS"
    sent = '{"source":"e/a:v 1","destination":"$(rm -rf x)","dryRun":true,"reason":null}'
    assert helper.request.read_text() == f"{sent}promote\n"


def test_a_refusal_fails_the_build_with_cause_and_remedy(helper: Helper) -> None:
    helper.answer(
        3, '{"error": {"kind": "refused", "message": "It is taken.", "remedy": "Take another.", "exit_code": 3}}'
    )
    run = helper.run(SCRIPTED.format(body="promoteImage(source: 'a', destination: 'b')"))
    assert run.result == "FAILURE"
    assert "ERROR: refused: It is taken. Take another." in run.log


def test_a_helper_that_dies_fails_the_build_with_its_exit_code(helper: Helper) -> None:
    helper.answer(137, None)
    run = helper.run(SCRIPTED.format(body="promoteImage(source: 'a', destination: 'b')"))
    assert run.result == "FAILURE"
    assert "promoter promote ended with exit code 137 and left no result" in run.log


def test_a_failure_can_be_caught_and_leaves_nothing_behind(helper: Helper) -> None:
    helper.answer(9, '{"error": {"kind": "k", "message": "m.", "remedy": "r.", "exit_code": 9}}')
    body = "try { promoteImage(source: 'a', destination: 'b') } catch (e) { echo \"caught ${e.message}\" }"
    run = helper.run(SCRIPTED.format(body=body))
    assert run.result == "SUCCESS"
    assert "caught k: m. r." in run.log
    assert not list(run.workspace.rglob("*.json"))


def test_tag_image_gives_back_the_tags_and_describes_the_build(helper: Helper) -> None:
    tags = ", ".join(f'{{"status": "tagged", "destination": "p/w:{tag}", "digest": "sha256:1"}}' for tag in "ab")
    helper.answer(0, f'{{"promotion_id": "42", "tags": [{tags}]}}')
    run = helper.run(
        SCRIPTED.format(body="echo tagImage(source: 's/w:1', destinations: ['p/w:a', 'p/w:b']).tags[1].digest")
    )
    assert run.result == "SUCCESS", run.log
    assert helper.request.read_text() == '{"source":"s/w:1","destinations":["p/w:a","p/w:b"]}tag\n'
    assert run.description == "p/w:a tagged: sha256:1, p/w:b tagged: sha256:1"


def test_import_image_describes_the_build(helper: Helper) -> None:
    helper.answer(0, '{"status": "imported", "destination": "p/w:1", "digest": "sha256:1"}')
    run = helper.run(SCRIPTED.format(body="echo importImage(reference: 'quay.io/w:1', destination: 'p').digest"))
    assert run.result == "SUCCESS", run.log
    assert helper.request.read_text() == '{"reference":"quay.io/w:1","destination":"p"}import\n'
    assert run.description == "p/w:1 imported: sha256:1"


def test_start_build_gives_back_the_build_and_describes_ours(helper: Helper) -> None:
    build = '{"name": "web-7", "phase": "Complete", "log": null}'
    helper.answer(0, f'{{"status": "built", "build": {build}, "digest": "sha256:1", "tags": []}}')
    run = helper.run(SCRIPTED.format(body="echo startBuild(buildConfig: 's/web', tag: ['s/web:ready']).build.name"))
    assert run.result == "SUCCESS", run.log
    assert helper.request.read_text() == '{"buildConfig":"s/web","tag":["s/web:ready"]}start-build\n'
    assert run.description == "web-7 Complete sha256:1"


def test_start_build_of_what_pushes_nothing_has_no_digest(helper: Helper) -> None:
    helper.answer(0, '{"status": "built", "build": {"name": "job-7", "phase": "Complete"}, "digest": null, "tags": []}')
    run = helper.run(SCRIPTED.format(body="startBuild(buildConfig: 's/job')"))
    assert (run.result, run.description) == ("SUCCESS", "job-7 Complete"), run.log


def test_a_dry_run_of_start_build_has_no_build(helper: Helper) -> None:
    helper.answer(0, '{"status": "planned", "build_config": "s/web", "build": null, "digest": null, "tags": []}')
    run = helper.run(SCRIPTED.format(body="startBuild(buildConfig: 's/web', dryRun: true)"))
    assert run.result == "SUCCESS", run.log
    assert run.description == "s/web planned"


def test_promoter_command_runs_any_command(helper: Helper) -> None:
    run = helper.run(SCRIPTED.format(body="echo promoterCommand('describe', [image: 'e/a:1']).digest"))
    assert run.result == "SUCCESS", run.log
    assert helper.request.read_text() == '{"image":"e/a:1"}describe\n'


def test_two_promotions_at_once_do_not_meet(helper: Helper) -> None:
    one = "promoteImage(source: 'a', destination: 'b')"
    run = helper.run(SCRIPTED.format(body=f"parallel(a: {{ {one} }}, b: {{ {one} }})"))
    assert run.result == "SUCCESS", run.log
    scripts = {call["script"] for call in run.calls("sh")}
    assert len(run.calls("sh")) == 2
    assert len(scripts) == 1, "the script is constant; where the files are is in the environment"


def test_a_step_outside_a_node_says_what_it_needs(helper: Helper) -> None:
    run = helper.run("@Library('image-promoter') _\npromoteImage(source: 'a', destination: 'b')")
    assert run.result == "FAILURE"
    assert "Required context class hudson.FilePath is missing" in run.log


def test_production_pipeline_declares_its_parameters_and_passes_them_on(helper: Helper) -> None:
    run = helper.run("@Library('image-promoter') _\nproductionPipeline(config: 'c.yaml', force: true)")
    assert run.result == "SUCCESS", run.log
    sent = helper.request.read_text()
    assert sent.endswith("receive\n")
    for part in ('"imageName":""', '"imageDigest":null', '"config":"c.yaml"', '"force":true', '"promotionId":null'):
        assert part in sent


def test_production_pipeline_refuses_what_a_webhook_sends_besides(helper: Helper) -> None:
    run = helper.run(
        "@Library('image-promoter') _\nproductionPipeline()",
        parameters={"IMAGE_NAME": "web", "PS4": "$(touch pwned)"},
        job_parameters=["PS4"],
    )
    assert run.result == "FAILURE"
    assert "ERROR: refused: parameters that this pipeline does not take: PS4." in run.log
    assert not helper.request.exists()


def test_every_step_has_its_help() -> None:
    steps = {path.stem for path in (ROOT / "vars").glob("*.groovy")}
    assert steps == {path.stem for path in (ROOT / "vars").glob("*.txt")}
