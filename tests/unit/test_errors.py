"""The kinds of failure, and their exit codes."""

from __future__ import annotations

import re
import signal

import pytest

from promoter import errors
from promoter.cli.output import error_document
from promoter.errors import Interrupted, PromoterError
from promoter.http.connection import ConnectionFailed, NotTrusted
from tests.support.repository import ROOT

KINDS = {
    errors.WrongUsage: (2, "wrong-usage"),
    errors.Refused: (3, "refused"),
    errors.NotFound: (4, "not-found"),
    errors.NotPermitted: (5, "not-permitted"),
    errors.Unreachable: (6, "unreachable"),
    errors.VerificationFailed: (7, "verification-failed"),
    errors.TimedOut: (8, "timed-out"),
    errors.DownstreamFailed: (9, "downstream-failed"),
    errors.PartlyDone: (10, "partly-done"),
}


@pytest.mark.parametrize(("error", "about"), KINDS.items(), ids=lambda value: getattr(value, "__name__", None))
def test_every_kind_has_its_exit_code(error: type[PromoterError], about: tuple[int, str]) -> None:
    assert (error.exit_code, error.kind) == about


def test_no_kind_is_without_an_exit_code() -> None:
    assert set(PromoterError.__subclasses__()) == set(KINDS)


@pytest.mark.parametrize("error", [errors.PassingFailure, ConnectionFailed, NotTrusted, errors.PerhapsTriggered])
def test_what_keeps_a_service_out_of_reach_is_unreachable(error: type[PromoterError]) -> None:
    assert (error.exit_code, error.kind) == (6, "unreachable")


def test_the_readme_says_what_each_exit_code_means() -> None:
    section = (ROOT / "README.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([0-9, ]+) \|", section, re.MULTILINE)
    interruptions = {Interrupted(number).exit_code for number in (signal.SIGINT, signal.SIGTERM)}
    known = {0, PromoterError.exit_code, *interruptions, *(error.exit_code for error in KINDS)}
    assert {int(code) for row in rows for code in row.split(", ")} == known


@pytest.mark.parametrize("error", KINDS)
def test_an_error_as_json(error: type[PromoterError]) -> None:
    assert error_document(error("what happened", "what to do")) == {
        "error": {
            "kind": error.kind,
            "message": "what happened",
            "remedy": "what to do",
            "exit_code": error.exit_code,
        }
    }


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_as_json(number: int, code: int) -> None:
    about = error_document(Interrupted(number))["error"]
    assert (about["kind"], about["exit_code"]) == ("interrupted", code)


def test_an_interruption_is_no_exception_that_is_handled_like_others() -> None:
    assert not issubclass(Interrupted, Exception)


def test_an_error_is_its_message() -> None:
    assert str(errors.NotFound("there is none", "look again")) == "there is none"
