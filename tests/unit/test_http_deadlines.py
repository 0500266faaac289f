"""Servers that are never silent for long, and never done: the deadline is the end of them, too."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from promoter.errors import TimedOut
from promoter.http.trust import Trust
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.plain import PlainServer
from tests.unit.scripted import Exchange, ScriptedServer, reply

SECONDS = 0.3
"""What the clients have, or have left once there is an answer; the servers drip for a minute."""
TIMED_OUT = rf"Timed out after {SECONDS} s while talking to localhost"


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Let the test fail if it took until the server had done."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 30


HEAD = b"HTTP/1.1 200 OK\r\n"
HEADS = {
    "in its first line": (b"HTTP/1.1 200 ", b"O"),
    "in a field": (HEAD + b"X: ", b"x"),
    "field by field": (HEAD, b"X: x\r\n"),
    "with interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
BODIES = {
    "of a known length": (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
    "up to the connection's end": (HEAD + b"\r\n", b"x"),
    "in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "in a chunk's length": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "in a trailer": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n"),
}


@pytest.mark.parametrize(("beginning", "drop"), HEADS.values(), ids=HEADS.keys())
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_head_that_drips(
    server: ScriptedServer, make_client: ClientFactory, method: str, beginning: bytes, drop: bytes
) -> None:
    server.will(server.dripping(beginning, drop))
    with pytest.raises(TimedOut, match=TIMED_OUT):
        make_client(QUICK, seconds=SECONDS).request(method, server.url())


@pytest.mark.parametrize(("beginning", "drop"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_drips(server: ScriptedServer, make_client: ClientFactory, beginning: bytes, drop: bytes) -> None:
    server.will(server.dripping(beginning, drop))
    client = make_client(QUICK)
    response = client.request("GET", server.url())
    client.deadline.leave(SECONDS)
    with pytest.raises(TimedOut, match="while talking to localhost"):
        response.read()


def test_a_silence_in_a_body(server: ScriptedServer, make_client: ClientFactory) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(BODIES["of a known length"][0])
        exchange.wfile.flush()
        server.silence(exchange)

    server.will(answer)
    client = make_client(QUICK)
    response = client.request("GET", server.url())
    client.deadline.leave(SECONDS)
    with pytest.raises(TimedOut, match="while talking to localhost"):
        response.read()


def test_a_handshake_that_drips(make_client: ClientFactory) -> None:
    a_long_record = b"\x16\x03\x03\x40\x00"
    with PlainServer(a_long_record, drop=b"x") as plain, pytest.raises(TimedOut):
        make_client(QUICK, SECONDS, Trust(verify=False)).request("GET", f"https://{plain.address}/")


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address where a connection is neither taken nor refused: more wait already than may."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_a_connection_that_is_not_taken(deaf: str, make_client: ClientFactory) -> None:
    with pytest.raises(TimedOut):
        make_client(QUICK, SECONDS).request("GET", f"https://{deaf}/")


def test_a_proxy_that_takes_no_connection(
    deaf: str, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", deaf)
    with pytest.raises(TimedOut):
        make_client(QUICK, SECONDS).request("GET", "https://registry.example.com/")


def test_a_body_that_is_made_slowly(server: ScriptedServer, make_client: ClientFactory) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(1200):
            time.sleep(0.05)
            yield b"x"

    with pytest.raises(TimedOut, match=TIMED_OUT):
        make_client(QUICK, SECONDS).request("PUT", server.url(), {"Content-Length": "1200"}, body)


def test_a_body_that_nobody_wants_fails_nobody(server: ScriptedServer, make_client: ClientFactory) -> None:
    server.will(server.dripping(BODIES["of a known length"][0]), reply())
    client = make_client(QUICK)
    response = client.request("GET", server.url())
    client.deadline.leave(SECONDS)
    response.drain()
    client.deadline.allow(30)
    assert client.request("GET", server.url()).status == 200
    assert server.connections == 2
