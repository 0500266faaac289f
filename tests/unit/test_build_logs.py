"""Logs in Jenkins, asked for again and again: what is said of them, and what that takes."""

from __future__ import annotations

import tracemalloc

import pytest

from promoter.http.build_log import ProgressiveLog
from tests.unit.conftest import ClientFactory
from tests.unit.scripted import Answer, Exchange, ScriptedServer

MEBI = 1024 * 1024


def log(size: int, *pieces: bytes, missing: int = 0) -> Answer:
    """Answer with a log up to this size; if anything is missing, the connection breaks off after the pieces."""

    def answer(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Content-Length", str(sum(map(len, pieces)) + missing))
        exchange.send_header("X-Text-Size", str(size))
        exchange.end_headers()
        for piece in pieces:
            exchange.wfile.write(piece)
        exchange.close_connection = bool(missing)

    return answer


def test_a_large_log_is_never_held_as_a_whole(server: ScriptedServer, make_client: ClientFactory) -> None:
    client, mebibyte = make_client(), (b"x" * 1023 + b"\n") * 1024
    server.will(log(32 * MEBI, *[mebibyte] * 32))
    lines = 0

    def count(_line: str) -> None:
        nonlocal lines
        lines += 1

    followed = ProgressiveLog(server.url("/log"), lambda url: client.send("GET", url), count)
    tracemalloc.start()
    followed.forward(ended=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 32 * 1024
    assert peak < 8 * MEBI


@pytest.mark.parametrize("arrived", [b"", b"one\r\ntw", b"one\r\ntwo\r\n"])
def test_lines_of_an_answer_that_broke_off_are_said_once(
    arrived: bytes, server: ScriptedServer, make_client: ClientFactory
) -> None:
    client, said = make_client(), list[str]()
    server.will(
        log(12, arrived, missing=5),
        log(8, b"one\r\ntwo\r\n"),
        log(14, b"three\r\n"),
        log(2, b"one\r\ntwo\r\nthree\r\n"),
    )
    followed = ProgressiveLog(server.url("/log"), lambda url: client.send("GET", url), said.append)
    for ended in (False, False, False, True):
        followed.forward(ended=ended)
    assert [line for line in said if line.startswith("| ")] == ["| one", "| two", "| three"]
    assert [request.path.partition("=")[2] for request in server.requests] == ["0", "0", "8", "14"]
