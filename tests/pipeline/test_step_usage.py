"""Steps that are called in ways that cannot be meant, with the real helper: what is said of them, and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pipeline.conftest import LIBRARY, scripted
from tests.support.pipeline import PipelineRig, PipelineRun
from tests.support.promoter import COMMAND
from tests.support.repository import ROOT

NO_NAMES = "are names with values, as in config: 'promotion.yaml'"
NO_COMMAND = "promoterCommand takes a command and a map"
NO_TURN = "takingTurns takes an image and a block"
NO_PLAN = "awaitApproval takes the result of promoteImage(dryRun: true)"
NO_AGENT = "This step needs an agent with the promoter helper"

ON_AN_AGENT: Mapping[str, str] = {
    "promoteImage()": "The parameters of promote do not fit: source is missing; destination is missing.",
    "promoteImage(null)": "source is missing; destination is missing.",
    "promoteImage([:])": "source is missing; destination is missing.",
    "promoteImage('a')": f"The parameters of promote {NO_NAMES}",
    "promoteImage(source: 'a')": "do not fit: destination is missing.",
    "promoteImage(sorce: 'a', destination: 'b')": "sorce is not known (did you mean source?).",
    "promoteImage(source: 'a', destination: 'b', colour: 1)": "colour is not known. Correct what is named; "
    "docs/cli.md, or the step's help, says what each is. promote takes source, destination, reason, ",
    "promoteImage(source: 5, destination: ['b'])": "source is a number, where text is expected (put it in quotes); "
    "destination is a list, where text is expected.",
    "promoteImage(source: '/', destination: 'production')": "There is no environment ''",
    "promoteImage(source: 'a', destination: { 'b' })": f"The parameters of promote {NO_NAMES}",
    "promoteImage(source: 'a', destination: 'b', dryRun: 'false')": "dryRun is text, where true or false is expected",
    "promoteRelease()": "The parameters of release do not fit: images is missing.",
    "promoteRelease('a')": f"The parameters of release {NO_NAMES}",
    "promoteRelease(images: 'a')": "images is text, where a list is expected (put it in brackets).",
    "promoteRelease(images: ['a=b'], shards: 'two')": "shards does not fit: write it as in `shards: 1`",
    "promoteRelease(images: ['a=b'], turn: 5)": "turn does not fit: write it as in `turn: 'releases'`",
    "tagImage()": "The parameters of tag do not fit: source is missing; destinations is missing.",
    "tagImage('a')": f"The parameters of tag {NO_NAMES}",
    "importImage()": "The parameters of import do not fit: reference is missing; destination is missing.",
    "importImage('a')": f"The parameters of import {NO_NAMES}",
    "importImage(bundle: 5)": "The parameters of import-bundle do not fit: bundle is a number, where text is expected",
    "exportImage()": "The parameters of export-bundle do not fit: images is missing.",
    "exportImage('a')": f"The parameters of export-bundle {NO_NAMES}",
    "startBuild()": "The parameters of start-build do not fit: buildConfig is missing.",
    "startBuild('a')": f"The parameters of start-build {NO_NAMES}",
    "publishImage()": "The parameters of publish do not fit: repository is missing; destination is missing.",
    "publishImage('a')": f"The parameters of publish {NO_NAMES}",
    "signOffImage()": "The parameters of sign-off do not fit: image is missing; application is missing.",
    "signOffImage('a')": f"The parameters of sign-off {NO_NAMES}",
    "checkConstraints()": "The parameters of constraints check do not fit: metadata is missing.",
    "checkConstraints('a')": f"The parameters of constraints check {NO_NAMES}",
    "promoterCommand()": NO_COMMAND,
    "promoterCommand('')": "There is no command ''.",
    "promoterCommand('describe')": "The parameters of describe do not fit: image is missing.",
    "promoterCommand('describe', 'a')": f"The parameters of describe {NO_NAMES}",
    "promoterCommand('describe', image: 'a')": NO_COMMAND,
    "takingTurns()": NO_TURN,
    "takingTurns('a')": NO_TURN,
    "takingTurns(null) { 1 }": NO_TURN,
    "takingTurns { 1 }": NO_TURN,
}
WITHOUT_AN_AGENT: Mapping[str, str] = {
    "promoteImage(source: 'a', destination: 'b')": NO_AGENT,
    "promoteRelease(images: ['a=b'])": NO_AGENT,
    "signOffImage(image: 'a', application: 'b')": NO_AGENT,
    "promoterCommand('describe', [image: 'a'])": NO_AGENT,
    "awaitApproval()": NO_PLAN,
    "awaitApproval(null)": NO_PLAN,
    "awaitApproval([:])": NO_PLAN,
    "awaitApproval('a')": NO_PLAN,
    "awaitApproval(destination: 'a', digest: 'b', approval: 'yes')": NO_PLAN,
    "approvePromotion()": "The parameters of promote do not fit: source is missing; destination is missing.",
    "approvePromotion('a')": f"The parameters of promote {NO_NAMES}",
    "approvePromotion { 1 }": f"The parameters of promote {NO_NAMES}",
    "approvePromotion(source: 'a', destination: 'b', label: 5)": "label does not fit: write it as in `label: 'skopeo'`",
    "approvePromotion(source: 'a', destination: 'b', supersede: 'false')": "write it as in `supersede: false`",
    "approvePromotion(source: 'a', destination: 'b', dryRun: 'false')": "dryRun is text, where true or false",
    "awaitSignOffs()": "The parameters of await-sign-offs do not fit: image is missing; applications is missing.",
    "awaitSignOffs('a')": f"The parameters of await-sign-offs {NO_NAMES}",
    "awaitSignOffs(image: 'a', applications: ['b'], timeoutMinutes: 'soon')": "as in `timeoutMinutes: 1440`",
    "awaitSignOffs(image: 'a', applications: ['b'], dryRun: 'false')": "dryRun is text, where true or false",
}


def run(directory: Path, text: str) -> PipelineRun:
    """Run a Jenkinsfile with the real helper on the PATH."""
    environment = {"PATH": f"{COMMAND.parent}:/usr/bin:/bin"}
    return PipelineRig(directory, {"image-promoter": ROOT}).run(text, environment=environment)


@pytest.mark.parametrize(
    ("calls", "agent"), [(ON_AN_AGENT, True), (WITHOUT_AN_AGENT, False)], ids=["on an agent", "without one"]
)
def test_each_call_is_refused_in_the_words_of_its_step(tmp_path: Path, calls: Mapping[str, str], agent: bool) -> None:
    body = "\n".join(
        f"try {{ {call}; echo 'call {number}: went well' }}\n"
        f'catch (e) {{ echo "call {number}: ${{e.class.simpleName}}: ${{e.message}}" }}'
        for number, call in enumerate(calls)
    )
    done = run(tmp_path, scripted(body, agent=agent))
    assert (done.result, done.violation) == ("SUCCESS", None), done.log
    said = dict(re.findall(r"^call (\d+): (.*)", done.log, re.MULTILINE))
    for number, (call, words) in enumerate(calls.items()):
        assert said[str(number)].startswith("AbortException: wrong-usage: "), call
        assert words in said[str(number)], call


@pytest.mark.parametrize("call", ["promoteImage('a')", "promoteImage(sorce: 'a', destination: 'b')"], ids=str)
def test_refusal_is_the_builds_description_and_names_no_file(tmp_path: Path, call: str) -> None:
    done = run(tmp_path, scripted(call))
    assert done.result == "FAILURE"
    assert str(done.description).startswith("wrong-usage: The parameters of promote ")
    assert not re.search(r"(error|wrong-usage).*request\.json", done.log)


@pytest.mark.parametrize("settings", ["('promotion.yaml')", "(config: { 'promotion.yaml' })", " { 1 }"])
def test_production_pipeline_without_named_settings_is_refused(tmp_path: Path, settings: str) -> None:
    done = run(tmp_path, f"{LIBRARY}productionPipeline{settings}")
    assert done.result == "FAILURE"
    assert str(done.description).startswith(f"wrong-usage: The parameters of productionPipeline {NO_NAMES}")


def test_several_values_without_names_are_no_call(tmp_path: Path) -> None:
    done = run(tmp_path, scripted("promoteImage('a', 'b')"))
    assert done.result == "FAILURE"
    assert "No such DSL method 'call' found" in done.log


def test_a_result_that_is_a_list_comes_back_as_one(tmp_path: Path) -> None:
    body = "writeFile(file: 'Dockerfile', text: 'FROM a AS b')\n"
    body += "def stages = promoterCommand('constraints parse', [file: 'Dockerfile'])\nsleep 0\n"
    done = run(tmp_path, scripted(f'{body}echo "${{stages.size()}}: ${{stages[0].base}} as ${{stages[0].name}}"'))
    assert (done.result, done.violation, done.description) == ("SUCCESS", None, None), done.log
    assert "\n1: a as b\n" in done.log


def test_production_pipeline_takes_its_time_limit_as_text(tmp_path: Path) -> None:
    done = run(tmp_path, f"{LIBRARY}productionPipeline(timeoutMinutes: '7')")
    assert [call["time"] for call in done.calls("timeout")] == [12]


def test_an_empty_setting_counts_as_left_out(tmp_path: Path) -> None:
    """A parameter of the build that nobody has filled in is an empty text; `node('')` would be any agent."""
    done = run(tmp_path, scripted("approvePromotion(source: 'a', destination: 'b', label: '')", agent=False))
    assert [call["label"] for call in done.calls("node")] == ["skopeo"]
