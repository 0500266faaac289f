"""HTTP/1.1 as bytes."""

from __future__ import annotations

from io import BufferedReader, BytesIO
from typing import cast

import pytest

from promoter.http.wire import Head, Malformed, has_body, is_delimited, read_body, read_head, request_head


def stream(content: bytes) -> BufferedReader:
    return BufferedReader(cast("BufferedReader", BytesIO(content)))


def head(*fields: str, status: str = "HTTP/1.1 200 OK") -> Head:
    return read_head(stream("\r\n".join([status, *fields, "", ""]).encode("latin-1")))


def body(content: bytes, *fields: str) -> bytes:
    return b"".join(read_body(stream(content), head(*fields)))


def test_a_request() -> None:
    written = request_head("GET", "/v2/?a=b", {"Host": "r.io", "Accept": "é"})
    assert written == b"GET /v2/?a=b HTTP/1.1\r\nHost: r.io\r\nAccept: \xe9\r\n\r\n"


@pytest.mark.parametrize("text", ["a\r\nX: b", "a\nb", "a\rb", "a\0b", "\u20ac"])
def test_what_has_no_place_in_a_request(text: str) -> None:
    for target, headers in ((f"/{text}", {}), ("/", {"X": text}), ("/", {f"X{text}": "a"})):
        with pytest.raises(UnicodeError):
            request_head("GET", target, headers)


STATUS_LINES = {
    "with a reason": ("HTTP/1.1 404 Not Found", 404),
    "without a reason": ("HTTP/1.1 204 ", 204),
    "without a space": ("HTTP/1.1 204", 204),
    "reason in Latin-1": ("HTTP/1.1 500 Interner Fehler: ä", 500),
    "HTTP/1.0": ("HTTP/1.0 200 OK", 200),
}


@pytest.mark.parametrize(("line", "status"), STATUS_LINES.values(), ids=STATUS_LINES.keys())
def test_a_status(line: str, status: int) -> None:
    assert head(status=line).status == status


def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    read = read_head(stream(interim + b"HTTP/1.1 201 Created\r\nLocation: b\r\n\r\n"))
    assert (read.status, read.headers["Location"], "Link" in read.headers) == (201, "b", False)


def test_header_fields() -> None:
    headers = head("Location: /a:b", "x-empty:", "X-Twice: one", "x-twice:two ", "X-Latin: é").headers
    assert headers["LOCATION"] == headers.get("location") == "/a:b"
    assert ("x-empty" in headers, headers["X-Empty"]) == (True, "")
    assert headers["X-Twice"] == "one, two"
    assert headers["X-Latin"] == "é"
    assert ("missing" in headers, headers.get("missing"), headers.get("missing", "none")) == (False, "", "none")


@pytest.mark.parametrize(
    ("value", "media_type"),
    [("Application/JSON; charset=utf-8", "application/json"), ("text/html", "text/html"), ("", "")],
)
def test_a_media_type(value: str, media_type: str) -> None:
    assert head(f"Content-Type: {value}").headers.media_type == media_type


NO_HEAD = {
    "nothing": b"",
    "HTML": b"<html>\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "cut short in its first line": b"HTTP/1.1 200 OK",
    "cut short behind its first line": b"HTTP/1.1 200 OK\r\n",
    "cut short in a field": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cut short behind a field": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
    "field without a colon": b"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
    "endless line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "endless fields": b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
    "interim answer alone": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("content", NO_HEAD.values(), ids=NO_HEAD.keys())
def test_what_is_no_head_of_an_answer(content: bytes) -> None:
    with pytest.raises(Malformed):
        read_head(stream(content))


@pytest.mark.parametrize(
    ("status", "fields", "persistent"),
    [
        ("HTTP/1.1 200 OK", [], True),
        ("HTTP/1.1 200 OK", ["Connection: keep-alive"], True),
        ("HTTP/1.1 200 OK", ["Connection: close"], False),
        ("HTTP/1.1 200 OK", ["connection: Close"], False),
        ("HTTP/1.0 200 OK", [], False),
        ("HTTP/1.0 200 OK", ["Connection: Keep-Alive"], True),
    ],
)
def test_whether_a_connection_may_be_kept(status: str, fields: list[str], persistent: bool) -> None:
    assert head(*fields, status=status).persistent is persistent


@pytest.mark.parametrize(
    ("method", "status", "fields", "answer"),
    [
        ("GET", 200, ["Content-Length: 5"], True),
        ("GET", 200, ["Transfer-Encoding: chunked"], True),
        ("GET", 200, [], True),
        ("PUT", 404, ["Content-Length: 5"], True),
        ("GET", 200, ["Content-Length: 0"], False),
        ("HEAD", 200, ["Content-Length: 5"], False),
        ("HEAD", 200, ["Transfer-Encoding: chunked"], False),
        ("DELETE", 204, [], False),
        ("GET", 304, ["Content-Length: 5"], False),
    ],
)
def test_whether_a_body_follows(method: str, status: int, fields: list[str], answer: bool) -> None:
    assert has_body(method, head(*fields, status=f"HTTP/1.1 {status} X")) is answer


BODIES = {
    "length": (b"content and more", ["Content-Length: 7"], b"content"),
    "to the end": (b"content", [], b"content"),
    "chunks": (b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"], b"onethree"),
    "upper case": (b"A\r\n0123456789\r\n0\r\n\r\n", ["Transfer-Encoding: Chunked"], b"0123456789"),
    "chunks with extensions and a trailer": (
        b"3;a=b\r\none\r\n0;c\r\nX-Sum: 1\r\n\r\n",
        ["Transfer-Encoding: chunked"],
        b"one",
    ),
    "chunks count more than a length": (
        b"3\r\none\r\n0\r\n\r\n",
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        b"one",
    ),
    "no chunks": (b"0\r\n\r\n", ["Transfer-Encoding: chunked"], b""),
}


@pytest.mark.parametrize(("content", "fields", "read"), BODIES.values(), ids=BODIES.keys())
def test_a_body(content: bytes, fields: list[str], read: bytes) -> None:
    assert body(content, *fields) == read


BROKEN = {
    "too short": (b"cont", ["Content-Length: 7"]),
    "length is no number": (b"content", ["Content-Length: seven"]),
    "length is negative": (b"content", ["Content-Length: -7"]),
    "two lengths": (b"content", ["Content-Length: 7", "Content-Length: 5"]),
    "no chunk": (b"", ["Transfer-Encoding: chunked"]),
    "chunk without length": (b"one\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"]),
    "chunk of negative length": (b"-3\r\n\r\n", ["Transfer-Encoding: chunked"]),
    "length in another spelling": (b"0x3\r\none\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"]),
    "length without end": (b"content", ["Content-Length: " + "9" * 5000]),
    "chunk is too short": (b"5\r\none", ["Transfer-Encoding: chunked"]),
    "chunk is too long": (b"3\r\nthree\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"]),
    "no last chunk": (b"3\r\none\r\n", ["Transfer-Encoding: chunked"]),
    "cut short in the last chunk": (b"3\r\none\r\n0\r\n", ["Transfer-Encoding: chunked"]),
}


@pytest.mark.parametrize(("content", "fields"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_body(content: bytes, fields: list[str]) -> None:
    with pytest.raises(Malformed):
        body(content, *fields)


@pytest.mark.parametrize(
    ("fields", "answer"), [(["Content-Length: 5"], True), (["Transfer-Encoding: chunked"], True), ([], False)]
)
def test_whether_the_end_of_a_body_can_be_seen(fields: list[str], answer: bool) -> None:
    assert is_delimited(head(*fields)) is answer
