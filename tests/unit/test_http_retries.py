"""What is tried again, how often, and until when; and where redirects may lead."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from email.utils import format_datetime

import pytest

from promoter.errors import TimedOut, Unreachable
from promoter.http.backoff import retry_after
from promoter.http.client import RETRIED_STATUSES
from promoter.http.connection import ConnectionFailed
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience, TryAgain
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import Answer, ScriptedServer, chunked, cut_short, no_answer, reply

SOON = 30.0
"""Seconds; what is to be over soon is over in a fraction of it, and what waits when it should not takes longer."""


@pytest.fixture
def soon() -> Iterator[None]:
    """Let the test fail if it took long."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON


PASSING = {str(status): reply(status, b"busy") for status in sorted(RETRIED_STATUSES)} | {
    "no answer": no_answer,
    "error cut short": cut_short(b"bu", announced=4, status=503),
}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_failed_in_passing_is_tried_again(
    server: ScriptedServer, make_client: ClientFactory, method: str, failure: Answer
) -> None:
    server.will(failure, failure, reply(200, b"content"))
    assert make_client(QUICK).request(method, server.url(), body=b"sent").read() == b"content"
    assert [seen.body for seen in server.requests] == [b"sent"] * 3


def test_the_statuses_that_pass() -> None:
    assert set(RETRIED_STATUSES) == {429, 500, 502, 503, 504}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 301, 400, 401, 403, 404, 405, 409, 416, 501, 507])
def test_any_other_status_is_an_answer(server: ScriptedServer, make_client: ClientFactory, status: int) -> None:
    server.will(reply(status))
    assert make_client(QUICK).request("GET", server.url()).status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_patience_ends_with_the_last_answer(server: ScriptedServer, make_client: ClientFactory, attempts: int) -> None:
    server.will(*(reply(503, b"busy %d" % number) for number in range(1, 10)))
    response = make_client(Patience(attempts, first_wait=0.001)).request("GET", server.url())
    assert (response.status, response.read()) == (503, b"busy %d" % attempts)
    assert len(server.requests) == attempts


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_patience_ends_with_the_last_failure(server: ScriptedServer, make_client: ClientFactory, attempts: int) -> None:
    server.will(no_answer)
    with pytest.raises(ConnectionFailed):
        make_client(Patience(attempts, first_wait=0.001)).request("PUT", server.url())
    assert len(server.requests) == attempts


def test_the_connection_of_a_failed_attempt_is_kept(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503, b"busy"), reply(503, b"busy"), reply(200))
    make_client(QUICK).request("PUT", server.url()).read()
    assert server.connections == 1


def test_each_attempt_makes_its_body_anew(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503), no_answer, reply(201))
    make_client(QUICK).request("PUT", server.url(), {"Content-Length": "6"}, lambda: iter([b"one", b"two"]))
    assert [seen.body for seen in server.requests] == [b"onetwo"] * 3


def test_one_attempt_alone_tells_that_it_may_be_tried_again(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(429, b"busy"))
    with pytest.raises(TryAgain) as caught:
        make_client(QUICK).attempt("POST", server.url())
    assert caught.value.response.read() == b"busy"
    assert len(server.requests) == 1


def test_the_waits_double_up_to_the_longest(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503))
    begun = time.monotonic()
    make_client(Patience(5, first_wait=0.02, longest_wait=0.05)).request("GET", server.url()).read()
    assert 0.02 + 0.04 + 0.05 + 0.05 <= time.monotonic() - begun < SOON


def http_date(seconds: float) -> str:
    return format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["0", http_date(-60)], ids=["seconds", "date"])
def test_a_shorter_wait_that_is_asked_for_is_kept_to(
    server: ScriptedServer, make_client: ClientFactory, status: int, value: str
) -> None:
    server.will(reply(status, Retry_After=value), reply(200))
    assert make_client(Patience(2, first_wait=60)).request("GET", server.url()).status == 200


def test_a_longer_wait_that_is_asked_for_is_kept_to(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(429, Retry_After="1"), reply(200))
    begun = time.monotonic()
    assert make_client(Patience(2, first_wait=0.001)).request("GET", server.url()).status == 200
    assert time.monotonic() - begun >= 1


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("value", ["86400", http_date(86400), "soon"], ids=["seconds", "date", "neither"])
def test_nobody_is_waited_for_longer_than_the_longest_wait(
    server: ScriptedServer, make_client: ClientFactory, value: str
) -> None:
    server.will(reply(429, Retry_After=value), reply(200))
    assert make_client(QUICK).request("GET", server.url()).status == 200


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u00b2", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed Oct 21 07:28:00 2015", 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
    ],
)
def test_the_seconds_that_are_asked_for(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_the_seconds_up_to_a_date(form: str) -> None:
    in_a_minute = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    assert retry_after(in_a_minute.strftime(form)) == pytest.approx(60, abs=SOON)


@pytest.mark.usefixtures("soon")
def test_a_wait_beyond_the_deadline_is_not_begun(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503), reply(503), reply(503, b"last", Retry_After="50"), reply(200))
    response = make_client(Patience(9, first_wait=0.001), seconds=20).request("GET", server.url())
    assert (response.status, response.read()) == (503, b"last")


@pytest.mark.usefixtures("soon")
def test_a_failure_whose_wait_would_go_beyond_the_deadline_is_the_last(
    server: ScriptedServer, make_client: ClientFactory
) -> None:
    server.will(no_answer)
    with pytest.raises(ConnectionFailed):
        make_client(Patience(9, first_wait=50), seconds=20).request("GET", server.url())
    assert len(server.requests) == 1


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_silence_until_the_deadline_is_a_time_out(
    server: ScriptedServer, make_client: ClientFactory, method: str
) -> None:
    server.will(reply(), server.silence)
    client = make_client(QUICK)
    client.request("GET", server.url()).read()
    client.deadline.leave(0.3)
    with pytest.raises(TimedOut, match="Timed out after 30 s while talking to localhost"):
        client.request(method, server.url())


def test_nothing_is_sent_after_the_deadline(server: ScriptedServer, make_client: ClientFactory) -> None:
    with pytest.raises(TimedOut):
        make_client(QUICK, seconds=0).request("GET", server.url())
    assert server.connections == 0


def test_a_deadline_counts_down() -> None:
    deadline = Deadline(60)
    assert 30 < deadline.require("waiting") <= 60
    assert Deadline(-1).remaining < 0
    with pytest.raises(TimedOut, match="Timed out after 0 s while waiting"):
        Deadline(0).require("waiting")


def test_a_deadline_is_put_back_after_one_of_several_things() -> None:
    deadline = Deadline(60)
    with deadline.restored():
        deadline.allow(600)
    assert 30 < deadline.remaining <= 60
    with deadline.restored():
        deadline.leave(0)
    assert 30 < deadline.remaining <= 60


def test_a_deadline_allows_for_what_must_be_finished() -> None:
    over, distant = Deadline(-1), Deadline(600)
    for deadline in (over, distant):
        deadline.allow(60)
    assert 30 < over.remaining <= 60
    assert 570 < distant.remaining <= 600


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_redirect_is_followed(
    server: ScriptedServer, other_server: ScriptedServer, make_client: ClientFactory, method: str, status: int
) -> None:
    server.will(reply(status, Location=other_server.url("/there?signed=yes")))
    response = make_client().follow(method, server.url("/here"), {"Accept": "all"})
    assert (response.status, response.url) == (200, other_server.url("/there?signed=yes"))
    (seen,) = other_server.requests
    assert (seen.method, seen.path, seen.headers["Accept"]) == (method, "/there?signed=yes", "all")


def test_an_authorization_is_not_shown_to_another_host(
    server: ScriptedServer, other_server: ScriptedServer, make_client: ClientFactory
) -> None:
    server.will(reply(307, Location=other_server.url("/there")))
    other_server.will(reply(307, Location=server.url("/back")), reply())
    server.will(reply(307, Location=other_server.url("/there")), reply())
    make_client().follow("GET", server.url("/here"), {"Authorization": "Bearer token"})
    seen = [*server.requests, *other_server.requests]
    assert {request.path: request.headers["Authorization"] for request in seen} == {
        "/here": "Bearer token",
        "/there": None,
        "/back": None,
    }


@pytest.mark.parametrize("location", ["/there", "there", "https://{host}/there", "//{host}/there"])
def test_an_authorization_is_kept_on_the_same_host(
    server: ScriptedServer, make_client: ClientFactory, location: str
) -> None:
    server.will(reply(307, Location=location.format(host=server.host)), reply())
    make_client().follow("GET", server.url("/here"), {"Authorization": "Bearer token"})
    assert [(seen.path, seen.headers["Authorization"]) for seen in server.requests] == [
        ("/here", "Bearer token"),
        ("/there", "Bearer token"),
    ]


def test_a_redirect_with_a_body_leaves_the_client_usable(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(307, b"<a href>", Location="/there"), chunked(b"content"))
    assert make_client().follow("GET", server.url("/here"), {}).read() == b"content"


@pytest.mark.parametrize(
    "location",
    ["http://{host}/there", "ftp://{host}/there", "https://[::1/", "https://{host}0/", "/here"],
    ids=["no TLS", "another protocol", "no URL", "no such port", "in a circle"],
)
def test_a_redirect_that_is_not_followed(server: ScriptedServer, make_client: ClientFactory, location: str) -> None:
    server.will(reply(307, Location=location.format(host=server.host)))
    with pytest.raises(
        Unreachable, match=rf"{server.host} (redirects without end, or to a place without TLS|names an address that)"
    ):
        make_client().follow("GET", server.url("/here"), {})
    assert {seen.path for seen in server.requests} == {"/here"}
    assert len(server.requests) <= 5


def test_a_redirect_to_nowhere(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(307))
    with pytest.raises(Unreachable, match="redirects without end"):
        make_client().follow("GET", server.url(), {})
