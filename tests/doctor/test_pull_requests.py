"""The section `pull-requests`: the API and its token."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doctor.conftest import examine
from tests.support.github import GitHub
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority

SUBJECT = "pull requests"


@pytest.fixture
def github(ca: CertificateAuthority) -> Iterator[GitHub]:
    """The API, which has a prefix as GitHub Enterprise's has."""
    with GitHub(ca, "/api/v3") as running:
        yield running


@pytest.fixture
def section(routed: Shop, github: GitHub) -> dict[str, Any]:
    """The section, with a token that may see nothing."""
    token = f"token-{uuid.uuid4()}"
    github.add_token(token, "promoter-bot")
    routed.promoter.environment["GITHUB_TOKEN"] = token
    made = {"api": github.url, "ca": str(github.ca), "credentials": "env:GITHUB_TOKEN"}
    routed.sections["pull-requests"] = made
    return made


def test_an_api_that_works_is_found_to(routed: Shop, github: GitHub, section: dict[str, Any]) -> None:
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "is trusted")
    assert examination.one(SUBJECT, "knows the token from env:GITHUB_TOKEN; it is promoter-bot's")["status"] == "ok"
    assert {one.partition(" ")[0] for one in github.requests} == {"GET"}
    assert routed.promoter.environment["GITHUB_TOKEN"] not in examination.outcome.stdout + examination.outcome.stderr


def test_the_token_of_an_app_is_nobodys(routed: Shop, github: GitHub, section: dict[str, Any]) -> None:
    said = b'{"message": "Resource not accessible by integration"}'
    github.answer_next(404)  # the look at the server itself, without the token
    github.answer_next(403, {}, said)
    assert examine(routed).one(SUBJECT, "it does not say whose it is")["status"] == "ok"


@pytest.mark.parametrize(
    ("settings", "words", "kind"),
    [
        ({"credentials": "env:NOT_SET"}, "env:NOT_SET is not set", "not-permitted"),
        ({"credentials": "env:HOME"}, "answered 401 when asked to say whose the token is", "not-permitted"),
        ({"api": "https://localhost:1"}, "could not be reached", "unreachable"),
        ({"api": "http://localhost:1"}, "is no URL, or none that is safe", "wrong-usage"),
        ({"api": "http://bot:pa55word@localhost:1"}, "is no URL, or none that is safe", "wrong-usage"),
        ({"ca": None}, "not trusted", "unreachable"),
    ],
)
def test_what_cannot_work_fails(
    settings: dict[str, Any], words: str, kind: str, routed: Shop, section: dict[str, Any]
) -> None:
    section |= settings
    examination = examine(routed)
    found = examination.one(SUBJECT, words)
    assert found["kind"] == kind
    assert examination.failed == [found["message"]]
    assert examination.outcome.exit_code == found["exit_code"]
    assert "pa55word" not in examination.outcome.stdout + examination.outcome.stderr
