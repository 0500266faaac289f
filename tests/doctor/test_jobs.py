"""Routes through a Jenkins job: the controller, the user, the job, and the webhook's token."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doctor.conftest import Examination, examine
from tests.jenkins.conftest import JOB, LEAST, PARAMETERS, USER
from tests.support.jenkins import Controller, Permission
from tests.support.jenkins.jobs import Definition
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority

SUBJECT = "route from stage to prod"


@pytest.fixture
def jenkins(ca: CertificateAuthority) -> Iterator[Controller]:
    """Production's controller, with the job."""
    with Controller(ca) as controller:
        controller.add_folder("team")
        controller.add_job(JOB, parameters=PARAMETERS)
        yield controller


@pytest.fixture
def token(routed: Shop, jenkins: Controller) -> str:
    """The API token of a user who may do no more than a promotion needs."""
    made = f"token-{uuid.uuid4()}"
    jenkins.add_user(USER, token=made, permissions=LEAST)
    routed.promoter.environment["JENKINS_TOKEN"] = made
    return made


@pytest.fixture
def section(routed: Shop, jenkins: Controller, token: str) -> dict[str, Any]:
    """The section `job` of the shop's route."""
    made = {
        "url": jenkins.url,
        "ca": str(jenkins.ca),
        "name": JOB,
        "user": USER,
        "credentials": "env:JENKINS_TOKEN",
    }
    routed.routes[0] |= {"through": "job", "job": made}
    return made


@pytest.fixture
def webhook(routed: Shop, section: dict[str, Any]) -> dict[str, Any]:
    """The section `generic-webhook` in its place."""
    del routed.routes[0]["job"]
    routed.promoter.environment["HOOK_TOKEN"] = f"hook-{uuid.uuid4()}"
    section["token"] = "env:HOOK_TOKEN"
    routed.routes[0] |= {"through": "generic-webhook", "generic-webhook": section}
    return section


def failure(routed: Shop, words: str) -> dict[str, Any]:
    """Return the only failure, which has these words."""
    examination = examine(routed)
    found = examination.one(SUBJECT, words)
    assert examination.failed == [found["message"]]
    assert examination.outcome.exit_code == found["exit_code"]
    return found


def statuses(examination: Examination) -> set[str]:
    return {finding["status"] for finding in examination.about(SUBJECT) if "ends in" not in finding["message"]}


def test_a_job_that_works_is_found_to(routed: Shop, section: dict[str, Any], token: str) -> None:
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "is trusted")
    assert examination.one(SUBJECT, f"takes env:JENKINS_TOKEN for {USER}'s")
    assert examination.one(SUBJECT, f"The job {JOB} takes what is sent")
    unseen = examination.one(SUBJECT, f"Whether env:JENKINS_TOKEN may build {JOB} cannot be seen")
    assert (unseen["status"], "Job/Build" in unseen["remedy"]) == ("warning", True)
    assert statuses(examination) == {"ok", "warning"}
    assert token not in examination.outcome.stdout + examination.outcome.stderr


def test_nothing_is_started(routed: Shop, section: dict[str, Any], jenkins: Controller) -> None:
    examine(routed)
    assert jenkins.builds(JOB) == []
    assert jenkins.queue.waiting() == []
    assert [one.path for one in jenkins.requests if one.method != "GET"] == []


def test_a_controller_that_is_away_fails(routed: Shop, section: dict[str, Any]) -> None:
    section["url"] = "https://localhost:1"
    assert failure(routed, "could not be reached")["kind"] == "unreachable"


def test_a_controller_that_is_not_trusted_fails(
    routed: Shop, section: dict[str, Any], ca: CertificateAuthority
) -> None:
    del section["ca"]
    assert "not trusted" in failure(routed, "certificate")["message"]


def test_a_url_without_its_prefix_is_no_jenkins(routed: Shop, section: dict[str, Any]) -> None:
    section["url"] = section["url"].removesuffix("/jenkins")
    assert "prefix" in failure(routed, "There is no Jenkins")["remedy"]


def test_a_url_that_is_not_safe_fails(routed: Shop, section: dict[str, Any]) -> None:
    section["url"] = "http://jenkins.example.com"
    assert failure(routed, "none that is safe")["kind"] == "wrong-usage"


def test_a_token_that_is_not_accepted_fails(routed: Shop, section: dict[str, Any]) -> None:
    routed.promoter.environment["JENKINS_TOKEN"] = "another token"
    assert "no valid API token" in failure(routed, "401")["remedy"]


def test_without_a_token_nothing_may_be_seen(routed: Shop, section: dict[str, Any]) -> None:
    del section["credentials"]
    assert "`credentials`" in failure(routed, "who has not logged in")["remedy"]


def test_a_token_without_a_user_is_nobodys(routed: Shop, section: dict[str, Any]) -> None:
    del section["user"]
    assert "`user`" in failure(routed, "takes env:JENKINS_TOKEN for nobody's")["remedy"]


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (Permission.READ, "Overall/Read is missing"),
        (Permission.JOB_READ, f"There is no job {JOB}"),
    ],
)
def test_a_right_that_is_missing_is_named(
    *, lacking: Permission, words: str, routed: Shop, section: dict[str, Any], jenkins: Controller, token: str
) -> None:
    jenkins.add_user(USER, token=token, permissions=LEAST - {lacking})
    failure(routed, words)


def test_a_job_that_is_not_there_fails(routed: Shop, section: dict[str, Any]) -> None:
    section["name"] = "team/other"
    assert failure(routed, "There is no job team/other")["kind"] == "not-found"


@pytest.mark.parametrize(
    ("settings", "words", "kind"),
    [
        ({"disabled": True}, "is disabled", "refused"),
        ({"parameters": ()}, "It takes none at all", "wrong-usage"),
        (
            {"parameters": [one for one in PARAMETERS if one != "IMAGE_DIGEST"]},
            "does not take IMAGE_DIGEST:",
            "wrong-usage",
        ),
        (
            {"parameters": [Definition(one, "Boolean" if one == "GIT_COMMIT" else "String") for one in PARAMETERS]},
            "takes GIT_COMMIT as true or false",
            "wrong-usage",
        ),
    ],
)
def test_a_job_that_cannot_be_started_fails(
    *, settings: dict[str, Any], words: str, kind: str, routed: Shop, section: dict[str, Any], jenkins: Controller
) -> None:
    jenkins.add_job(JOB, **{"parameters": PARAMETERS, **settings})
    assert failure(routed, words)["kind"] == kind
    assert [one.method for one in jenkins.requests if one.method != "GET"] == []


def test_all_that_is_sent_is_looked_for(routed: Shop, section: dict[str, Any], jenkins: Controller) -> None:
    jenkins.add_job(JOB, parameters=["OTHER"])
    named = re.search(r"does not take (.*): Jenkins", failure(routed, "does not take")["message"])
    assert named
    assert set(named[1].split(", ")) == set(PARAMETERS) - {"REQUESTED_BY"}


def test_a_choice_is_taken_for_whatever_it_offers(routed: Shop, section: dict[str, Any], jenkins: Controller) -> None:
    choice = Definition("PROD_PROJECT_NAME", "Choice", "shop", ("shop", "other"))
    jenkins.add_job(JOB, parameters=[*(one for one in PARAMETERS if one != choice.name), choice])
    assert examine(routed).one(SUBJECT, "takes what is sent")["status"] == "ok"


def test_a_job_that_is_not_told_who_asks_is_a_warning(
    routed: Shop, section: dict[str, Any], jenkins: Controller
) -> None:
    jenkins.add_job(JOB, parameters=[one for one in PARAMETERS if one != "REQUESTED_BY"])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "does not take REQUESTED_BY")["status"] == "warning"


def test_a_webhook_that_works_is_found_to(
    routed: Shop, webhook: dict[str, Any], jenkins: Controller, token: str
) -> None:
    jenkins.add_user(USER, token=token, permissions=LEAST - {Permission.JOB_BUILD})
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "The generic webhook's token is in env:HOOK_TOKEN")
    assert examination.one(SUBJECT, f"The job {JOB} takes what is sent")
    assert statuses(examination) == {"ok"}
    assert {one.method for one in jenkins.requests} == {"GET"}
    assert routed.promoter.environment["HOOK_TOKEN"] not in examination.outcome.stdout + examination.outcome.stderr


def test_a_webhook_that_cannot_be_followed_is_a_warning(routed: Shop, webhook: dict[str, Any]) -> None:
    del webhook["credentials"]
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    found = examination.one(SUBJECT, "its builds are not followed")
    assert (found["status"], "`user` and `credentials`" in found["remedy"]) == ("warning", True)


@pytest.mark.parametrize(
    ("source", "words"), [("env:NOT_SET", "env:NOT_SET is not set"), ("anonymous", "The generic webhook has no token")]
)
def test_a_webhook_without_its_token_fails(source: str, words: str, routed: Shop, webhook: dict[str, Any]) -> None:
    webhook["token"] = source
    failure(routed, words)
