"""Request files: a command's parameters as JSON."""

from __future__ import annotations

import json

import pytest

from promoter.errors import WrongUsage
from promoter.model.reading import read_request
from promoter.model.request import Common, PromoteRequest, ReceiveRequest, RollbackRequest

ENDS = {"source": "dev/web:1", "destination": "prod"}


def read(text: str, model: type[Common] = PromoteRequest) -> Common:
    return read_request(model, text, "request.json", "promote")


def refused(text: str, model: type[Common] = PromoteRequest) -> WrongUsage:
    with pytest.raises(WrongUsage) as caught:
        read(text, model)
    return caught.value


def misfit(given: dict[str, object], model: type[Common] = PromoteRequest) -> str:
    message = refused(json.dumps(given), model).message
    assert message.startswith("The parameters of promote do not fit: ")
    assert "request.json" not in message, "steps write it, and nobody else has heard of it"
    return message


def test_names_are_in_camel_case() -> None:
    text = json.dumps(
        {
            **ENDS,
            "sourceCredentials": "env:TOKEN",
            "sourceTlsVerify": False,
            "destinationCa": "ca.pem",
            "dryRun": True,
            "force": False,
            "mountFrom": ["base/java", "base/node"],
            "promotionId": "42",
            "requestedBy": "alice",
            "timeout": "5m",
        }
    )
    assert read(text) == PromoteRequest(
        source="dev/web:1",
        destination="prod",
        source_credentials="env:TOKEN",
        source_tls_verify=False,
        destination_ca="ca.pem",
        dry_run=True,
        mount_from=("base/java", "base/node"),
        promotion_id="42",
        requested_by="alice",
        timeout="5m",
    )


def test_null_counts_as_left_out() -> None:
    text = json.dumps({**ENDS, "force": None, "mountFrom": None, "timeout": None, "reason": None})
    assert read(text) == PromoteRequest(source="dev/web:1", destination="prod")


def test_parameters_that_may_be_left_out_all_may() -> None:
    assert read("{}", ReceiveRequest) == ReceiveRequest()


UNFIT = {
    "unknown": ({"sorce": "x"}, "sorce is not known (did you mean source?)"),
    "unknown, like no other": ({"colour": "red"}, "colour is not known."),
    "underscores": ({"dry_run": True}, "dry_run is not known (did you mean dryRun?)"),
    "underscores as well": ({"dryRun": False, "dry_run": True}, "dry_run is not known (did you mean dryRun?)"),
    "hyphens": ({"dry-run": True}, "dry-run is not known (did you mean dryRun?)"),
    "truth as text": ({"dryRun": "true"}, "dryRun is text, where true or false is expected (write it without quotes)"),
    "truth as number": ({"dryRun": 1}, "dryRun is a number, where true or false is expected"),
    "text as number": ({"timeout": 60}, "timeout is a number, where text is expected (put it in quotes)"),
    "text as list": ({"reason": ["a"]}, "reason is a list, where text is expected"),
    "list as text": ({"mountFrom": "base"}, "mountFrom is text, where a list is expected (put it in brackets)"),
    "list of numbers": ({"mountFrom": [1]}, "mountFrom.0 is a number, where text is expected"),
    "null where it must be": ({"source": None}, "source is missing"),
    "long": ({"reason": "x" * 70_000}, "reason has more than 65536 characters"),
    "long in a list": ({"approval": ["bob", "alice: " + "x" * 70_000]}, "approval has more than 65536 characters"),
    "half a character": ({"source": "\ud800"}, "the whole has half a character in it"),
}


@pytest.mark.parametrize(("change", "message"), UNFIT.values(), ids=UNFIT.keys())
def test_what_does_not_fit_is_named(change: dict[str, object], message: str) -> None:
    assert message in misfit({**ENDS, **change})


def test_what_there_is_is_named_if_something_else_was_given() -> None:
    remedy = refused(json.dumps({**ENDS, "colour": "red"})).remedy
    assert " promote takes source, destination, reason, " in remedy
    assert " takes " not in refused(json.dumps({**ENDS, "force": 1})).remedy


def test_what_does_not_fit_is_not_repeated_without_end() -> None:
    message = misfit({f"{number}{'x' * 70_000}": 1 for number in range(30)})
    assert f"; 17{'x' * 198}… (70002 characters) is not known; and 12 more." in message


def test_what_is_missing_is_named() -> None:
    assert misfit({}, RollbackRequest).endswith(": image is missing.")


NO_REQUEST = {
    "empty": "",
    "not JSON": "source: dev/web:1",
    "cut short": '{"source": "dev/web:1"',
    "a list": json.dumps([ENDS]),
    "a text": '"dev/web:1"',
    "null": "null",
    "duplicate": '{"source": "dev/web:1", "source": "dev/web:2", "destination": "prod"}',
    "byte order mark": "\ufeff" + json.dumps(ENDS),
    "nested too deeply": "[" * 100_000,
}


@pytest.mark.parametrize("text", NO_REQUEST.values(), ids=NO_REQUEST.keys())
def test_what_is_no_object_is_refused(text: str) -> None:
    assert "request.json is no request" in refused(text).message


def test_where_it_is_no_json_is_told() -> None:
    assert "line 2, column 2: this is no JSON" in refused('{"source": "dev/web:1"\n "destination": "prod"}').message


def test_a_duplicate_is_named() -> None:
    assert "stands twice" in refused(NO_REQUEST["duplicate"]).message
