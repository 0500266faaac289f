"""Approval: who may give it, for what, and what is recorded of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.images import Image, make_image
from tests.support.promoter import Outcome
from tests.support.shop import Shop, writes

OTHER = f"sha256:{'a' * 64}"


@pytest.fixture
def image(shop: Shop) -> Image:
    """What is to be approved, at stage."""
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    return image


@pytest.fixture
def asked(shop: Shop, image: Image) -> Shop:
    """The shop, whose route asks for one approval; zoe asks for the promotion."""
    ask(shop)
    shop.promoter.environment["USER"] = "zoe"
    return shop


def ask(shop: Shop, *by: str, **approval: object) -> None:
    """Let the route ask for approval by these people."""
    gates = {"approval": {"by": by or ("alice", "bob", "carol"), **approval}}
    shop.routes = [{"from": "stage", "to": "prod", "gates": gates}]


def approve(shop: Shop, image: Image, *approvals: str, flags: tuple[str, ...] = ()) -> Outcome:
    """Promote with these approvals of an image."""
    given = (part for approval in approvals for part in ("--approval", approval))
    return shop.promote(*given, f"--approved-digest={image.digest}", *flags)


@contextmanager
def nothing_changes(shop: Shop) -> Iterator[None]:
    """See that neither registry is written to."""
    with shop.stage.registry.recording() as stage, shop.prod.registry.recording() as prod:
        yield
    assert writes(stage) + writes(prod) == []


def refused(shop: Shop, image: Image, *approvals: str, flags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Promote with approvals that do not do; return the error."""
    with nothing_changes(shop):
        outcome = approve(shop, image, *approvals, flags=flags)
    assert outcome.exit_code == 3
    return outcome.error


def test_approved(asked: Shop, image: Image) -> None:
    result = approve(asked, image, "alice: tested on the  \n stage").result

    assert (result["status"], result["gates"], result["open_gates"]) == (
        "promoted",
        ["approved by alice: tested on the stage"],
        [],
    )
    assert result["approval"] is None
    assert asked.prod.digest() == image.digest
    [entry] = asked.history()
    assert (entry["approved_by"], entry["requested_by"]) == ("alice: tested on the stage", "zoe")


def test_what_is_recorded_is_shown_to_people(asked: Shop, image: Image) -> None:
    approve(asked, image, "alice: a, b", "bob")
    name = asked.image(asked.prod)

    history = asked.promoter.run("history", name, json=False).stdout
    described = asked.promoter.run("describe", name, json=False).stdout

    assert '    approved by alice: "a, b", bob\n' in history
    assert "by zoe, from" in described
    assert ', approved by alice: "a, b", bob\n' in described


def test_several_approvals(asked: Shop, image: Image) -> None:
    ask(asked, approvers=2)
    error = refused(asked, image, "alice")
    assert "open is: approval by 1 more of bob, carol." in error["message"]
    assert f"--approved-digest {image.digest}" in error["remedy"]
    assert approve(asked, image, "alice", "bob: it is time").result["gates"] == [
        "approved by alice",
        "approved by bob: it is time",
    ]


def test_not_approved(asked: Shop, image: Image) -> None:
    with nothing_changes(asked):
        outcome = asked.promote()
    assert outcome.exit_code == 3
    assert "may not become" in outcome.error["message"]
    assert "open is: approval by 1 of alice, bob, carol." in outcome.error["message"]


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        ("mallory: please", "mallory is not listed"),
        ("Alice", "Alice is not listed"),
        ("alice:please", "alice:please is not listed"),
        ("zoe", "zoe asks for it"),
    ],
)
def test_who_cannot_approve(asked: Shop, image: Image, approval: str, said: str) -> None:
    error = refused(asked, image, "bob", approval)
    assert f"for {asked.prod}:1.0: {said}." in error["message"]
    assert error["remedy"] == "Have it approved by 1 of alice, bob, carol."


@pytest.mark.parametrize("requester", ["alice", "ALICE", " Alice ", "jenkins-shop-7, Alice"])
def test_who_asks_cannot_approve(asked: Shop, image: Image, requester: str) -> None:
    error = refused(asked, image, "alice", flags=(f"--requested-by={requester}",))
    assert "alice asks for it" in error["message"]
    assert "1 of bob, carol" in error["remedy"]


@pytest.mark.parametrize("flags", [(), ("--requested-by=bob",)], ids=["for herself", "for somebody else"])
def test_who_runs_it_cannot_approve(asked: Shop, image: Image, flags: tuple[str, ...]) -> None:
    asked.promoter.environment["PROMOTER_REQUESTED_BY"] = "Alice"
    assert "alice asks for it" in refused(asked, image, "alice", flags=flags)["message"]


@pytest.mark.parametrize("again", ["alice", "alice: once more", "Alice"])
def test_one_person_approves_once(asked: Shop, image: Image, again: str) -> None:
    ask(asked, approvers=2)
    assert "has approved it already" in refused(asked, image, "alice", again)["message"]


def test_too_few_people_can_approve(asked: Shop, image: Image) -> None:
    ask(asked, "alice", "bob", approvers=2)
    error = refused(asked, image, flags=("--requested-by=Bob", "--until-approval"))
    assert "it takes 2, and besides who asks for it (Bob) the route lists alice." in error["message"]


def test_the_tag_has_moved_since(asked: Shop, image: Image) -> None:
    newer = asked.stage.push(make_image(seed="built since"))
    error = refused(asked, image, "alice")
    assert error["message"] == f"Approved was {image.digest}, but {asked.stage}:1.0 is {newer} now."


@pytest.mark.parametrize("was", ["nothing", OTHER])
def test_the_destination_has_moved_since(asked: Shop, image: Image, was: str) -> None:
    standing = asked.prod.push(make_image(seed="of somebody else"))
    error = refused(asked, image, "alice", flags=("--force", f"--approved-replacing={was}"))
    assert error["message"] == f"Approved was to replace {was}, but {asked.prod}:1.0 is {standing} now."
    assert approve(asked, image, "alice", flags=("--force", f"--approved-replacing={standing}")).exit_code == 0


def test_the_destination_has_gone_since(asked: Shop, image: Image) -> None:
    error = refused(asked, image, "alice", flags=(f"--approved-replacing={OTHER}",))
    assert error["message"] == f"Approved was to replace {OTHER}, but {asked.prod}:1.0 is nothing now."
    assert approve(asked, image, "alice", flags=("--approved-replacing=nothing",)).exit_code == 0


# What is asked before anything is changed


def test_until_approval_says_what_is_to_be_approved(asked: Shop, image: Image) -> None:
    standing = asked.prod.push(make_image(seed="before"))
    ask(asked, approvers=2, timeout="90m")
    flags = ("--until-approval", "--force", "--requested-by=Carol")

    with nothing_changes(asked):
        result = asked.promote(*flags).result
        once_bob_has = approve(asked, image, "bob", flags=flags).result

    moved = (result["digest"], result["previous_digest"])
    assert (result["status"], moved) == ("awaiting-approval", (image.digest, standing))
    assert result["approval"] == {"by": ["alice", "bob"], "needed": 2, "timeout_seconds": 5400, "requested_by": "Carol"}
    assert (result["open_gates"], result["verified"]) == (["approval by 2 of alice, bob"], None)
    assert (once_bob_has["approval"]["by"], once_bob_has["approval"]["needed"]) == (["alice"], 1)


def test_until_approval_goes_on_once_it_is_there(asked: Shop, image: Image) -> None:
    assert approve(asked, image, "alice", flags=("--until-approval",)).result["status"] == "promoted"
    assert asked.prod.digest() == image.digest


def test_until_approval_goes_on_where_none_is_asked_for(asked: Shop, image: Image) -> None:
    asked.routes = []
    assert asked.promote("--until-approval").result["status"] == "promoted"


def test_dry_run_shows_open_gates(asked: Shop, image: Image) -> None:
    with nothing_changes(asked):
        result = asked.promote("--dry-run", "--until-approval").result
    assert (result["status"], result["gates"], result["verified"]) == ("planned", [], None)
    assert result["open_gates"] == ["approval by 1 of alice, bob, carol"]
    assert result["approval"]["by"] == ["alice", "bob", "carol"]
    words = asked.promoter.run("promote", asked.image(asked.stage), "prod", "--dry-run", json=False).stdout
    assert "  open gate  approval by 1 of alice, bob, carol\n" in words


def test_dry_run_shows_met_gates(asked: Shop, image: Image) -> None:
    with nothing_changes(asked):
        result = approve(asked, image, "alice: yes", flags=("--dry-run",)).result
    assert (result["status"], result["gates"], result["open_gates"]) == ("planned", ["approved by alice: yes"], [])


def test_what_is_there_already_takes_no_approval(asked: Shop, image: Image) -> None:
    approve(asked, image, "alice")
    for flags in ((), ("--until-approval",), ("--approval=mallory", f"--approved-digest={image.digest}")):
        assert asked.promote(*flags).result["status"] == "unchanged"


def test_what_is_there_already_is_not_what_was_approved(asked: Shop, image: Image) -> None:
    approve(asked, image, "alice")
    outcome = asked.promote("--approval=alice", f"--approved-digest={OTHER}")
    assert outcome.exit_code == 3
    assert outcome.error["message"] == f"Approved was {OTHER}, but {asked.stage}:1.0 is {image.digest} now."


def test_a_taken_tag_is_refused_before_anybody_is_asked(asked: Shop, image: Image) -> None:
    asked.prod.push(make_image(seed="of somebody else"))
    outcome = asked.promote("--until-approval")
    assert (outcome.exit_code, "is taken" in outcome.error["message"]) == (3, True)


# What cannot be


def test_approval_where_none_is_asked_for(asked: Shop, image: Image) -> None:
    asked.routes = []
    outcome = approve(asked, image, "alice")
    assert outcome.exit_code == 2
    assert "asks for none: nothing would have checked it" in outcome.error["message"]
    assert asked.prod.tags() == set()


def test_what_was_approved_elsewhere_is_compared_even_so(asked: Shop, image: Image) -> None:
    asked.routes = []
    assert "Approved was" in asked.promote(f"--approved-digest={OTHER}").error["message"]
    assert asked.promote(f"--approved-digest={image.digest}").result["status"] == "promoted"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--approval=alice",), "does not say of what"),
        (("--approval=", f"--approved-digest={OTHER}"), "names nobody"),
        (("--approval=: why", f"--approved-digest={OTHER}"), "names nobody"),
        (("--approval=alice", "--approved-digest=latest"), "'latest' is not a digest"),
        (("--approved-digest=nothing",), "'nothing' is not a digest"),
        (("--approved-replacing=1.0",), "'1.0' is not a digest"),
    ],
)
def test_what_cannot_be_approved(asked: Shop, flags: tuple[str, ...], said: str) -> None:
    with asked.stage.registry.recording() as stage, asked.prod.registry.recording() as prod:
        outcome = asked.promote(*flags)
    assert outcome.exit_code == 2
    assert said in outcome.error["message"]
    assert (stage.requests, prod.requests) == ([], [])


@pytest.mark.statement("F7")
def test_no_secret_gets_into_what_is_recorded(asked: Shop, image: Image, puller: str) -> None:
    outcome = approve(asked, image, f"alice: the token is {puller}")

    assert outcome.result["gates"] == ["approved by alice: the token is ****"]
    assert asked.history()[0]["approved_by"] == "alice: the token is ****"
    manifest = asked.prod.resolve(outcome.result["record"].rpartition("@")[2])
    assert manifest
    statement = asked.prod.registry.blob_file(json.loads(manifest.content)["layers"][0]["digest"]).read_text()
    assert puller not in outcome.stdout + outcome.stderr + statement
