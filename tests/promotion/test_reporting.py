"""What the pull request that proposed an image hears of its promotion: real commands, a stub of GitHub's API."""

from __future__ import annotations

import json
import signal
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from promoter.model.request import PromoteRequest
from promoter.promotion.promote import promote
from tests.openshift.conftest import secret_forms
from tests.support.faults import FaultyProxy
from tests.support.github import GitHub
from tests.support.images import make_image
from tests.support.promoter import Outcome, Running, in_little_time
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

REPOSITORY = "team/shop"
SHA = "4f2a9c" + "0" * 34
BUILD = "https://jenkins.example.com/job/shop/job/PR-7/3/"


@dataclass
class Proposal:
    """A commit of a pull request, and the shop whose promotions report to it."""

    shop: Shop
    github: GitHub
    token: str

    @property
    def section(self) -> dict[str, Any]:
        section: dict[str, Any] = self.shop.sections["pull-requests"]
        return section

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return self.github.statuses(REPOSITORY, SHA)

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The states and descriptions, oldest first."""
        return [(status["state"], status["description"]) for status in self.statuses]

    def promote(self, *flags: str | Path, commit: str = f"{REPOSITORY}@{SHA}") -> Outcome:
        return self.shop.promote(f"--report-to={commit}", *flags)

    def start_waiting(self, *arguments: str) -> Running:
        """Start awaiting sign-offs of what is in prod; to be used in a `with`."""
        self.shop.configure()
        image = self.shop.image(self.shop.prod)
        return self.shop.promoter.start("await-sign-offs", image, *arguments, f"--report-to={REPOSITORY}@{SHA}")

    def wait_until_heard(self, state: str, description: str) -> None:
        wait_until(lambda: (state, description) in self.heard, f"{state}: {description}")


@pytest.fixture
def github(ca: CertificateAuthority) -> Iterator[GitHub]:
    """The API."""
    with GitHub(ca) as running:
        yield running


@pytest.fixture
def proposal(shop: Shop, github: GitHub) -> Proposal:
    """A commit, and a token that may write its status and no other."""
    token = f"ghp_{uuid.uuid4().hex}"
    github.add_commit(REPOSITORY, SHA)
    github.add_token(token, "promoter-bot", writes=[REPOSITORY], sees=["team/other"])
    shop.promoter.environment["GITHUB_TOKEN"] = token
    section = {"api": github.url, "ca": str(github.ca), "credentials": "env:GITHUB_TOKEN"}
    shop.sections["pull-requests"] = section
    return Proposal(shop, github, token)


# What is heard


@pytest.mark.statement("P21")
def test_a_promotion_is_pending_and_then_a_success(proposal: Proposal) -> None:
    image, shop = make_image(seed=proposal.shop.name), proposal.shop
    shop.stage.push(image)
    shop.promoter.environment["BUILD_URL"] = BUILD

    outcome = proposal.promote()

    assert outcome.exit_code == 0
    destination = shop.image(shop.prod)
    assert proposal.heard == [
        ("pending", f"promoting to {destination}"),
        ("success", f"promoted to {destination}: {image.digest}"),
    ]
    assert {(one["context"], one["target_url"]) for one in proposal.statuses} == {("image-promoter", BUILD)}
    assert proposal.github.requests == [f"POST /repos/{REPOSITORY}/statuses/{SHA}"] * 2
    assert "hear" not in outcome.stderr


@pytest.mark.statement("P21")
def test_a_promotion_that_is_refused_is_a_failure(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.stage.push(make_image(seed=shop.name))
    taken = shop.prod.push(make_image(seed="another"))

    assert proposal.promote().exit_code == 3

    state, description = proposal.heard[-1]
    assert (state, len(proposal.heard)) == ("failure", 2)
    assert f"{shop.prod}:1.0 is taken" in description
    assert shop.prod.digest() == taken


@pytest.mark.statement("P21")
def test_what_is_there_already_is_a_success(proposal: Proposal) -> None:
    shop = proposal.shop
    digest = shop.stage.push(make_image(seed=shop.name))
    shop.promote()
    assert proposal.promote().result["status"] == "unchanged"
    assert proposal.heard[-1] == ("success", f"is in {shop.image(shop.prod)} already: {digest}")


def test_an_image_that_is_not_there_is_an_error(proposal: Proposal) -> None:
    assert proposal.promote().exit_code == 4
    assert [state for state, _ in proposal.heard] == ["pending", "error"]


def test_a_time_out_is_an_error_that_is_still_heard(proposal: Proposal, before_prod: FaultyProxy) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    hold = before_prod.when("PUT", "/manifests/").hold()
    outcome = in_little_time(lambda seconds: proposal.promote(f"--timeout={seconds}s"), lambda _: hold.reached.is_set())
    hold.release()
    assert outcome.exit_code == 8
    assert proposal.heard[-1] == ("error", f"timed out while promoting to {proposal.shop.image(proposal.shop.prod)}")


def test_an_interruption_is_an_error(proposal: Proposal, before_prod: FaultyProxy) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    hold = before_prod.when("PATCH", "/blobs/uploads/").hold()
    with proposal.shop.start_promotion(f"--report-to={REPOSITORY}@{SHA}") as running:
        hold.wait_until_reached()
        assert proposal.heard[-1][0] == "pending"
        running.send(signal.SIGTERM)
        hold.release()
        assert running.outcome().exit_code == 143
    assert proposal.heard[-1] == ("error", f"interrupted while promoting to {proposal.shop.image(proposal.shop.prod)}")
    assert proposal.shop.prod.digest() is None


def test_the_configuration_says_how_it_is_called(proposal: Proposal) -> None:
    proposal.section["context"] = "production"
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    proposal.promote()
    assert {status["context"] for status in proposal.statuses} == {"production"}
    assert not [status for status in proposal.statuses if "target_url" in status]


def test_a_long_description_is_cut(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.stage.push(make_image(seed=shop.name))
    tag = "t" * 120
    assert shop.promote(f"--report-to={REPOSITORY}@{SHA}", tag=tag).exit_code == 0
    description = proposal.heard[-1][1]
    assert (len(description), description[-1]) == (140, "…")


def test_an_api_with_a_prefix(shop: Shop, ca: CertificateAuthority) -> None:
    shop.stage.push(make_image(seed=shop.name))
    with GitHub(ca, "/api/v3") as enterprise:
        enterprise.add_commit(REPOSITORY, SHA)
        enterprise.add_token("a-token", "bot", writes=[REPOSITORY])
        shop.promoter.environment["GITHUB_TOKEN"] = "a-token"
        shop.sections["pull-requests"] = {
            "api": f"{enterprise.url}/",
            "ca": str(enterprise.ca),
            "credentials": "env:GITHUB_TOKEN",
        }
        assert shop.promote(f"--report-to={REPOSITORY}@{SHA}").exit_code == 0
        assert len(enterprise.statuses(REPOSITORY, SHA)) == 2


@pytest.mark.statement("P21")
def test_what_still_waits_for_an_approval_is_pending(proposal: Proposal) -> None:
    shop = proposal.shop
    digest = shop.stage.push(make_image(seed=shop.name))
    gates = {"approval": {"by": ["alice", "bob"]}}
    shop.routes.append({"from": "stage", "to": "prod", "gates": gates})
    assert proposal.promote("--until-approval", "--requested-by=bob").result["status"] == "awaiting-approval"
    assert proposal.heard[-1] == ("pending", "waiting for approval by 1 of alice")
    proposal.promote("--requested-by=bob", "--approval=alice", f"--approved-digest={digest}")
    assert proposal.heard[-1] == ("success", f"promoted to {shop.image(shop.prod)}: {digest}")


# Sign-offs


@pytest.mark.statement("P21")
def test_it_is_heard_who_is_waited_for_until_all_have_verified(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.prod.push(make_image(seed=shop.name))
    with proposal.start_waiting("billing", "shop") as running:
        proposal.wait_until_heard("pending", "waiting for billing, shop")
        shop.run("sign-off", shop.image(shop.prod), "billing")
        proposal.wait_until_heard("pending", "waiting for shop")
        shop.run("sign-off", shop.image(shop.prod), "shop")
        assert running.outcome().result["status"] == "verified"
    assert proposal.heard == [
        ("pending", "waiting for billing, shop"),
        ("pending", "waiting for shop"),
        ("success", "verified by billing, shop"),
    ]


@pytest.mark.statement("P21")
def test_a_rejection_is_a_failure_that_says_why(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.prod.push(make_image(seed=shop.name))
    shop.run("sign-off", shop.image(shop.prod), "billing", "--rejected", "--reason=invoices are empty")
    with proposal.start_waiting("billing", "shop") as running:
        assert running.outcome().exit_code == 3
    assert proposal.heard == [
        ("pending", "waiting for billing, shop"),
        ("failure", "rejected by billing: invoices are empty"),
    ]


def test_who_did_not_sign_in_time_is_heard(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.prod.push(make_image(seed=shop.name))
    shop.run("sign-off", shop.image(shop.prod), "billing")

    def wait(seconds: int) -> Outcome:
        with proposal.start_waiting("billing", "shop", f"--timeout={seconds}s") as running:
            return running.outcome()

    outcome = in_little_time(wait, lambda outcome: "waiting for shop (1 of 2 verified)" in outcome.stderr)
    assert outcome.exit_code == 8
    assert proposal.heard[-1] == ("error", "timed out while waiting for shop")


def test_a_look_at_the_sign_offs_is_not_heard_of(proposal: Proposal) -> None:
    shop = proposal.shop
    shop.prod.push(make_image(seed=shop.name))
    with proposal.start_waiting("billing", "--dry-run") as running:
        assert running.outcome().result["status"] == "waiting"
    assert proposal.github.requests == []


# What is not sent


def test_nothing_is_sent_for_a_promotion_that_reports_to_nothing(proposal: Proposal) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    assert proposal.shop.promote().exit_code == 0
    assert proposal.github.requests == []


def test_nothing_is_sent_in_a_dry_run(proposal: Proposal) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    assert proposal.promote("--dry-run").result["status"] == "planned"
    assert proposal.github.requests == []


@pytest.mark.parametrize(
    "commit",
    [
        "",
        "team/shop",
        f"shop@{SHA}",
        f"team/shop@{SHA[:-1]}",
        f"team/shop/more@{SHA}",
        f"team/..@{SHA}",
        f"https://bot:pa55word@github.com/team/shop@{SHA}",
        f"team/shop@{SHA}\n",
    ],
)
def test_a_commit_that_is_none_is_refused(proposal: Proposal, commit: str) -> None:
    outcome = proposal.promote("--dry-run", commit=commit)
    assert outcome.exit_code == 2
    assert "OWNER/REPOSITORY@SHA" in outcome.error["remedy"]
    assert "pa55word" not in outcome.stdout + outcome.stderr
    assert proposal.github.requests == []


@pytest.mark.parametrize(
    "api",
    [
        None,
        "http://localhost:1",
        "https://bot:pa55word@localhost:1",
        "https://localhost:1/?token=pa55word",
        "https://[::1",
        "localhost:1",
    ],
)
def test_without_a_place_to_report_to_nothing_is_promoted(proposal: Proposal, api: str | None) -> None:
    shop = proposal.shop
    shop.stage.push(make_image(seed=shop.name))
    if api is None:
        shop.sections.clear()
    else:
        proposal.section["api"] = api
    with shop.prod.registry.recording() as prod, shop.stage.registry.recording() as stage:
        outcome = proposal.promote()
    assert outcome.error["kind"] == "wrong-usage"
    assert "pa55word" not in outcome.stdout + outcome.stderr
    assert [*prod.requests, *stage.requests] == []


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        ("401", "is no valid token there"),
        ("403", "the right to write commit statuses"),
        ("404", "Check owner, repository and `api`"),
        ("422", "See that the commit has been pushed there"),
    ],
)
def test_a_status_that_is_not_taken_is_said_and_fails_nothing(proposal: Proposal, answer: str, remedy: str) -> None:
    shop = proposal.shop
    shop.stage.push(make_image(seed=shop.name))
    commit = f"{REPOSITORY}@{SHA}"
    if answer == "401":
        shop.promoter.environment["GITHUB_TOKEN"] = "ghp_of-nobody"
    if answer == "403":
        commit = f"team/other@{SHA}"
    if answer == "404":
        commit = f"team/unknown@{SHA}"
    if answer == "422":
        commit = f"{REPOSITORY}@{'0' * 40}"

    outcome = proposal.promote(commit=commit)

    assert outcome.exit_code == 0
    assert f"answered {answer} when asked to give {commit} the status pending" in outcome.stderr
    assert remedy in outcome.stderr
    assert outcome.stderr.count("the pull request does not hear of it") == 2
    assert proposal.statuses == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"credentials": "env:NOT_SET"}, "env:NOT_SET is not set"),
        ({"ca": None}, "not trusted"),
        ({"ca": "missing.pem"}, "missing.pem cannot be used"),
    ],
)
def test_an_api_that_cannot_be_used_fails_nothing(proposal: Proposal, settings: dict[str, Any], words: str) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    proposal.section.update(settings)
    outcome = proposal.promote()
    assert outcome.exit_code == 0
    assert words in outcome.stderr
    assert proposal.github.requests == []


def test_an_api_that_stumbles_is_asked_again(proposal: Proposal) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    proposal.github.answer_next(502, times=2)
    outcome = proposal.promote()
    assert [state for state, _ in proposal.heard] == ["pending", "success"]
    assert (len(proposal.github.requests), "does not hear" in outcome.stderr) == (4, False)


def test_an_api_that_is_silent_keeps_nothing_up_for_long(proposal: Proposal, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, said = proposal.shop, list[str]()
    shop.stage.push(make_image(seed=shop.name))
    monkeypatch.setattr("promoter.promotion.reporting._LONGEST_SECONDS", 1.0)
    monkeypatch.setenv("GITHUB_TOKEN", proposal.token)
    request = PromoteRequest(
        source=shop.image(shop.stage), destination=shop.image(shop.prod), report_to=f"{REPOSITORY}@{SHA}"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proposal.section["api"] = f"https://localhost:{silent.getsockname()[1]}"
        with shop.places(said.append) as places:
            assert promote(request, places).status == "promoted"
    assert len([line for line in said if "gave no answer that helps within 1 s" in line]) == 2


def test_a_certificate_that_is_not_verified_is_said_once(proposal: Proposal, tmp_path: Path) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    proposal.section.update({"ca": str(CertificateAuthority(tmp_path / "other").certificate), "tls-verify": False})
    outcome = proposal.promote()
    assert len(proposal.statuses) == 2
    assert outcome.stderr.count(f"TLS is not verified for {urlsplit(proposal.github.url).netloc}:") == 1


def test_a_token_does_not_go_along_with_a_redirect(proposal: Proposal, ca: CertificateAuthority) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    with GitHub(ca) as elsewhere:
        target = {"Location": f"{elsewhere.url}/repositories/1/statuses/{SHA}"}
        proposal.github.answer_next(307, target, times=2)
        outcome = proposal.promote()
        assert elsewhere.requests == []
    assert (outcome.exit_code, "leads elsewhere" in outcome.stderr) == (0, True)


def test_too_many_requests_are_no_missing_right(proposal: Proposal) -> None:
    proposal.shop.stage.push(make_image(seed=proposal.shop.name))
    proposal.github.answer_next(403, {"X-RateLimit-Remaining": "0"}, b'{"message": "API rate limit exceeded"}', times=2)
    outcome = proposal.promote()
    assert "API rate limit exceeded" in outcome.stderr
    assert "the right to" not in outcome.stderr


def test_no_secret_is_heard_or_shown(proposal: Proposal, puller: str) -> None:
    shop = proposal.shop
    shop.stage.push(make_image(seed=shop.name))
    shop.prod.push(make_image(seed="another"))
    echo = json.dumps({"message": f"no token is {proposal.token}"}).encode()
    proposal.github.answer_next(401, {}, echo)
    shop.promoter.environment["PULLER"] = puller

    outcome = proposal.promote("--verbose", f"--reason={puller}")

    assert "no token is ****" in outcome.stderr
    texts = (outcome.stdout, outcome.stderr, json.dumps(proposal.statuses))
    for secret in (proposal.token, puller):
        assert [form for form in secret_forms(secret) for text in texts if form in text] == []
