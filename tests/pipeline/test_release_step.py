"""The step that promotes a release: on this agent, or in shards on several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipeline.conftest import FORMS, REFUSED, Form, Helper, scripted

TAGS = [{"status": status, "destination": f"h/p/{number}:1"} for number, status in enumerate(["promoted"] * 2)]
PROMOTED: Mapping[str, Any] = {
    "status": "promoted",
    "release_id": "r1",
    "tags": [*TAGS, {"status": "unchanged", "destination": "h/p/9:1"}],
}
STAGED: Mapping[str, Any] = {"status": "staged", "release_id": "r1", "tags": [{"status": "staged"}]}
PARTLY: Mapping[str, Any] = {
    **PROMOTED,
    "status": "partly-done",
    "error": {"kind": "partly-done", "message": "1 of 3 failed.", "remedy": "Mend it.", "exit_code": 10},
}
PAIRS = "images: ['dev/web:1=production', 'release.txt']"
IMAGES = ["dev/web:1=production", "release.txt"]


@FORMS
def test_release_runs_on_this_agent(helper: Helper, form: Form) -> None:
    helper.answer("release", PROMOTED)
    body = f"echo promoteRelease({PAIRS}, reason: 'r', keepGoing: true).release_id"
    run = helper.run(form(body), plugins=["lock"])
    assert run.result == "SUCCESS", run.log
    [call] = helper.calls
    assert (call.command, call.parameters) == ("release", {"images": IMAGES, "reason": "r", "keepGoing": True})
    assert run.description == "release r1 promoted: 2 promoted, 1 unchanged"
    assert [call["resource"] for call in run.calls("lock")] == ["promotion of releases"]


@FORMS
def test_each_shard_has_an_agent_and_the_whole_comes_last(helper: Helper, form: Form) -> None:
    helper.answer("release", STAGED, STAGED, STAGED, PROMOTED)
    body = f"promoteRelease({PAIRS}, shards: 3, label: 'big') {{ echo \"prepared\" }}"
    run = helper.run(form(body, agent=False), plugins=["lock"])
    assert run.result == "SUCCESS", run.log
    *shards, whole = (call.parameters for call in helper.calls)
    assert sorted(shard["shard"] for shard in shards) == ["1/3", "2/3", "3/3"]
    assert [{**shard, "shard": ""} for shard in shards] == [{"images": IMAGES, "shard": ""}] * 3
    assert whole == {"images": IMAGES}
    assert [call["label"] for call in run.calls("node")] == ["big"] * 4
    assert run.log.splitlines().count("prepared") == 4
    assert run.description == "release r1 promoted: 2 promoted, 1 unchanged"


def test_only_what_flips_takes_a_turn(helper: Helper) -> None:
    helper.answer("release", STAGED, STAGED, PROMOTED)
    run = helper.run(scripted(f"promoteRelease({PAIRS}, shards: 2, turn: 'production')", agent=False), plugins=["lock"])
    assert run.result == "SUCCESS", run.log
    assert [step.name for step in run.steps if step.name in {"node", "lock"}] == ["node", "node", "lock", "node"]
    assert [call["resource"] for call in run.calls("lock")] == ["promotion of production"]


def test_shard_that_fails_keeps_the_tags_from_flipping(helper: Helper) -> None:
    helper.answer("release", REFUSED)
    run = helper.run(scripted(f"promoteRelease({PAIRS}, shards: 2)", agent=False))
    assert run.result == "FAILURE"
    assert all("shard" in call.parameters for call in helper.calls)
    assert "refused: It is taken." in run.log


def test_dry_run_looks_once_and_waits_for_nobody(helper: Helper) -> None:
    helper.answer("release", {**PROMOTED, "status": "planned"})
    body = f"promoteRelease({PAIRS}, shards: 2, dryRun: true)"
    run = helper.run(scripted(body, agent=False), plugins=["lock"])
    assert run.result == "SUCCESS", run.log
    assert [call.parameters for call in helper.calls] == [{"images": IMAGES, "dryRun": True}]
    assert list(run.calls("lock")) == []


def test_agent_that_would_wait_for_others_is_refused(helper: Helper) -> None:
    run = helper.run(scripted(f"promoteRelease({PAIRS}, shards: 2)"))
    assert run.result == "FAILURE"
    assert "ERROR: wrong-usage: This step takes agents itself" in run.log
    assert not helper.calls


def test_block_prepares_this_agent_too(helper: Helper) -> None:
    helper.answer("release", PROMOTED)
    run = helper.run(scripted(f"promoteRelease({PAIRS}) {{ echo 'prepared' }}"))
    assert run.result == "SUCCESS", run.log
    assert run.log.splitlines().count("prepared") == 1


@pytest.mark.parametrize(
    ("answer", "said"), [(REFUSED, "refused: It is taken."), (PARTLY, "partly-done: 1 of 3 failed.")]
)
def test_release_that_failed_fails_the_build(helper: Helper, answer: Mapping[str, Any], said: str) -> None:
    helper.answer("release", answer)
    run = helper.run(scripted(f"promoteRelease({PAIRS})"))
    assert (run.result, run.description) == ("FAILURE", said)
