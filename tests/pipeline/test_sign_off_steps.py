"""The steps that sign an image off, and that wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipeline.conftest import Helper, scripted
from tests.support.waiting import wait_until

DIGEST, OTHER = (f"sha256:{digit * 64}" for digit in "12")
VERIFIED: Mapping[str, Any] = {"status": "verified", "image": "h/stage/web:1", "digest": DIGEST, "missing": []}
WAITING: Mapping[str, Any] = {**VERIFIED, "status": "waiting", "missing": ["billing"]}
REJECTED: Mapping[str, Any] = {**VERIFIED, "status": "rejected"}
AWAIT = "awaitSignOffs(image: 'stage/web:1', applications: ['billing', 'shop'])"
LOOK = {"image": "stage/web:1", "applications": ["billing", "shop"], "dryRun": True}
LAST = {**LOOK, "dryRun": False, "timeout": "2m"}


def failed(kind: str, code: int) -> dict[str, Any]:
    """Return the result of a command that failed."""
    return {"error": {"kind": kind, "message": "By billing.", "remedy": "Ask them.", "exit_code": code}}


def test_sign_off_is_sent_and_described(helper: Helper) -> None:
    verdict = {"application": "billing", "verdict": "rejected"}
    helper.answer("sign-off", {"status": "signed-off", "image": "h/stage/web:1", "digest": DIGEST, "sign_off": verdict})
    sign = "signOffImage(image: 'stage/web:1', application: 'billing', rejected: true, link: 'https://ci/7')"
    run = helper.run(scripted(f"echo {sign}.sign_off.verdict"), user="alice")
    assert run.result == "SUCCESS", run.log
    [call] = helper.calls
    parameters = {"image": "stage/web:1", "application": "billing", "rejected": True, "link": "https://ci/7"}
    assert (call.command, call.parameters, call.started_by) == ("sign-off", parameters, "alice")
    assert run.description == f"h/stage/web:1 signed-off: {DIGEST} (rejected by billing)"


def test_what_all_have_verified_is_tagged_at_once(helper: Helper) -> None:
    helper.answer("await-sign-offs", VERIFIED)
    run = helper.run(scripted(f"echo {AWAIT}.digest", agent=False))
    assert run.result == "SUCCESS", run.log
    assert [call.parameters for call in helper.calls] == [LOOK, LAST]
    assert run.description == f"h/stage/web:1 verified: {DIGEST}"


def test_no_agent_is_held_between_two_looks(helper: Helper) -> None:
    helper.answer("await-sign-offs", WAITING, VERIFIED)
    body = "awaitSignOffs(image: 'stage/web:1', applications: ['billing', 'shop'], label: 'small') { echo 'prepared' }"
    run = helper.run(scripted(body, agent=False))
    assert run.result == "SUCCESS", run.log
    assert [call.parameters for call in helper.calls] == [LOOK, LOOK, LAST]
    assert [step.name for step in run.steps if step.name in {"node", "sleep"}] == ["node", "sleep", "node", "node"]
    assert {call["label"] for call in run.calls("node")} == {"small"}
    assert run.log.splitlines().count("prepared") == 3
    assert f"h/stage/web:1 waiting: {DIGEST} (not by billing)" in run.log


def test_rejection_fails_the_build(helper: Helper) -> None:
    helper.answer("await-sign-offs", REJECTED, failed("refused", 3))
    run = helper.run(scripted(AWAIT, agent=False))
    assert (run.result, run.description) == ("FAILURE", "refused: By billing.")
    assert [call.parameters for call in helper.calls] == [LOOK, LAST]


def test_wait_has_an_end(helper: Helper) -> None:
    helper.answer("await-sign-offs", WAITING)
    body = AWAIT.replace(")", ", timeoutMinutes: 0.02)")
    run = helper.run(scripted(body, agent=False))
    assert (run.result, run.description) == ("SUCCESS", f"h/stage/web:1 waiting: {DIGEST} (not by billing)"), run.log
    *looks, last = (call.parameters for call in helper.calls)
    assert all(look == LOOK for look in looks)
    assert last == {**LAST, "timeout": "20s"}


@pytest.mark.parametrize("minutes", ["0", "'0'"])
def test_wait_of_no_time_looks_and_ends(helper: Helper, minutes: str) -> None:
    helper.answer("await-sign-offs", WAITING, failed("timed-out", 8))
    run = helper.run(scripted(AWAIT.replace(")", f", timeoutMinutes: {minutes})"), agent=False))
    assert (run.result, run.description) == ("FAILURE", "timed-out: By billing.")
    assert [call.parameters for call in helper.calls] == [LOOK, {**LAST, "timeout": "20s"}]


def test_dry_run_looks_once(helper: Helper) -> None:
    helper.answer("await-sign-offs", VERIFIED)
    run = helper.run(scripted(f"echo {AWAIT.replace(')', ', dryRun: true)')}.status", agent=False))
    assert run.result == "SUCCESS", run.log
    assert [call.parameters for call in helper.calls] == [LOOK]


def test_tag_that_becomes_another_image_fails_the_build(helper: Helper) -> None:
    helper.answer("await-sign-offs", WAITING, {**VERIFIED, "digest": OTHER})
    run = helper.run(scripted(AWAIT, agent=False))
    assert run.result == "FAILURE"
    assert f"ERROR: refused: h/stage/web:1 is {OTHER} now, and was {DIGEST}" in run.log
    assert len(helper.calls) == 2


def test_agent_that_would_be_held_is_refused(helper: Helper) -> None:
    run = helper.run(scripted(AWAIT))
    assert run.result == "FAILURE"
    assert "ERROR: wrong-usage: This step takes agents itself, or waits for people" in run.log
    assert not helper.calls


def test_registry_that_is_away_while_it_is_waited_is_looked_at_again(helper: Helper) -> None:
    helper.answer("await-sign-offs", WAITING, failed("unreachable", 6))
    with helper.start(scripted(AWAIT, agent=False)) as running:
        wait_until(lambda: "Sleeping for 10 sec" in running.log, "the build to wait again")
        running.abort()
        run = running.wait()
    assert "unreachable: By billing. Ask them. Looking again later." in run.log
    assert [call.parameters for call in helper.calls] == [LOOK, LOOK]


@pytest.mark.parametrize("answer", [failed("not-found", 4), 137])
def test_later_look_that_fails_otherwise_ends_the_wait(helper: Helper, answer: dict[str, Any] | int) -> None:
    helper.answer("await-sign-offs", WAITING, answer)
    assert helper.run(scripted(AWAIT, agent=False)).result == "FAILURE"
    assert len(helper.calls) == 2


@pytest.mark.parametrize("answer", [failed("not-found", 4), failed("unreachable", 6), 137])
def test_look_that_fails_ends_the_wait(helper: Helper, answer: dict[str, Any] | int) -> None:
    helper.answer("await-sign-offs", answer)
    assert helper.run(scripted(AWAIT, agent=False)).result == "FAILURE"
    assert len(helper.calls) == 1
