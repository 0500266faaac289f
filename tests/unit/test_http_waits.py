"""What people are told while something is tried again, and how long the waits are."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from promoter.errors import PassingFailure, TimedOut, Unreachable
from promoter.http.backoff import wait_after
from promoter.http.connection import ConnectionFailed
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience, TryAgain
from promoter.http.waits import Lulls, Waits
from tests.support.waiting import wait_until
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import ScriptedServer, no_answer, reply

FAILED = PassingFailure("it is down", "wait")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_wait_is_said_with_its_reason(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503), no_answer, reply())
    client = make_client(QUICK)
    client.request("PUT", server.url())
    assert client.said == [
        f"{server.host} answered 503; trying again in 0.0 s, attempt 2 of 4",
        f"{server.host} gives no answer that can be read: the connection was closed without an answer;"
        " trying again in 0.0 s, attempt 3 of 4",
    ]


def test_nothing_is_said_where_nothing_is_waited_for(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(reply(503))
    clients = [make_client(Patience(attempts=1)), make_client(Patience(attempts=2, first_wait=50), seconds=20)]
    for client in clients:
        assert client.request("PUT", server.url()).status == 503
        assert client.said == []


def test_threads_that_wait_for_the_same_say_it_once(
    closed_port: int, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(Patience(attempts=2, first_wait=60, spread=0), seconds=600)
    together = threading.Barrier(6)
    monkeypatch.setattr(client.deadline, "pause", lambda _seconds: together.wait())

    def ask() -> None:
        with suppress(ConnectionFailed):
            client.request("GET", f"https://localhost:{closed_port}/")

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.said == [
        f"https://localhost:{closed_port} could not be reached: Connection refused;"
        " trying again in 60.0 s, attempt 2 of 2"
    ]


def test_another_reason_and_another_wait_are_said() -> None:
    said: list[str] = []
    waits = Waits(said.append)
    waits.begin("a is down", 60, 2, 6)
    waits.begin("a is down", 60, 2, 6)
    waits.begin("b is down", 0, 2, 6)
    waits.begin("b is down", 0, 3, 6)
    assert said == [
        "a is down; trying again in 60.0 s, attempt 2 of 6",
        "b is down; trying again in 0.0 s, attempt 2 of 6",
        "b is down; trying again in 0.0 s, attempt 3 of 6",
    ]


def test_a_password_in_a_url_is_not_said(closed_port: int, make_client: ClientFactory) -> None:
    client = make_client(QUICK)
    with pytest.raises(Unreachable) as caught:
        client.request("GET", f"https://alice:secret@localhost:{closed_port}/")
    assert len(client.said) == QUICK.attempts - 1
    assert "secret" not in " ".join([*client.said, caught.value.message, caught.value.remedy])


PATIENCE = Patience(first_wait=0.5, longest_wait=10, spread=0.5)


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 0.5, 0.75), (2, 1, 1.5), (5, 8, 12), (6, 10, 15), (60, 10, 15)]
)
def test_waits_differ_within_bounds(attempts: int, least: float, most: float) -> None:
    waits = [wait_after(FAILED, attempts, PATIENCE, luck) for luck in (0, 0.5, 1)]
    assert waits == [least, (least + most) / 2, most]


@pytest.mark.parametrize(("asked", "least", "most"), [("0", 0, 0), ("4", 4, 6), ("86400", 10, 15)])
def test_what_is_asked_for_is_the_least(
    server: ScriptedServer, make_client: ClientFactory, asked: str, least: float, most: float
) -> None:
    server.will(reply(429, Retry_After=asked))
    with pytest.raises(TryAgain) as caught:
        make_client().attempt("GET", server.url())
    assert [wait_after(caught.value, 1, PATIENCE, luck) for luck in (0, 1)] == [least, most]


def test_luck_is_drawn(server: ScriptedServer, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for luck in (0.0, 1.0):
        monkeypatch.setattr("promoter.http.backoff.random", lambda luck=luck: luck)
        server.will(reply(503), reply())
        client = make_client(Patience(attempts=2, first_wait=0.1, spread=1))
        client.request("GET", server.url())
        said += [line.partition(" again in ")[2] for line in client.said]
    assert said == ["0.1 s, attempt 2 of 2", "0.2 s, attempt 2 of 2"]


class TestLulls:
    @pytest.mark.parametrize("status", [429, 503])
    def test_others_leave_a_crowded_server_in_peace(
        self, server: ScriptedServer, make_client: ClientFactory, status: int
    ) -> None:
        lulls = Lulls()
        server.will(reply(status, Retry_After="1"), reply(), reply())
        client = make_client(Patience(attempts=2, spread=0), lulls=lulls)
        first = threading.Thread(target=client.request, args=("GET", server.url()))
        first.start()
        wait_until(lambda: lulls.count == 1, "the lull to begin")
        end = time.monotonic() + lulls.remaining(server.host)
        assert client.request("GET", server.url()).status == 200
        assert time.monotonic() >= end
        first.join()

    def test_another_server_is_not_waited_for(
        self, server: ScriptedServer, other_server: ScriptedServer, make_client: ClientFactory
    ) -> None:
        lulls = Lulls()
        lulls.begin(server.host, 60)
        other_server.will(reply())
        begun = time.monotonic()
        assert make_client(lulls=lulls).request("GET", other_server.url()).status == 200
        assert time.monotonic() - begun < 30

    def test_a_lull_beyond_the_deadline_is_not_kept_to(
        self, server: ScriptedServer, make_client: ClientFactory
    ) -> None:
        lulls = Lulls()
        lulls.begin(server.host, 60)
        server.will(reply())
        assert make_client(seconds=20, lulls=lulls).request("GET", server.url()).status == 200

    def test_complaints_of_the_same_moment_count_once(self) -> None:
        lulls = Lulls()
        for seconds in (30, 60, 10):
            lulls.begin("a", seconds)
        lulls.begin("b", 0)
        lulls.begin("b", 0)
        assert lulls.count == 3
        assert 30 < lulls.remaining("a") <= 60
        assert lulls.remaining("b") == lulls.remaining("c") == 0


def test_a_pause_ends_when_the_way_out_begins() -> None:
    deadline = Deadline(60)
    ended: list[TimedOut] = []

    def wait() -> None:
        try:
            deadline.pause(50)
        except TimedOut as over:
            ended.append(over)

    thread = threading.Thread(target=wait)
    thread.start()
    while not ended:
        deadline.leave(10)
        thread.join(0.01)
    deadline.pause(0)
    assert deadline.remaining <= 10
