"""HTTP/1.1 as bytes: a request's head out, an answer's head and body in (RFC 9112).

The standard library's client reads heads with its mail parser, and importing that takes longer than two registries take
to answer; so the little of the protocol that a client needs is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from io import BufferedReader
from typing import NamedTuple

CHUNK = 64 * 1024
"""How much of a body is handed on at a time: four TLS records. Larger buffers are mapped and unmapped each time."""
_LONGEST_LINE = 64 * 1024
_MOST_FIELDS = 200
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_COUNT = re.compile(r"[0-9]{1,18}")
_CHUNK_LENGTH = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*[;\r\n]")
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Malformed(Exception):
    """What arrived is not HTTP/1.1, or ended too early."""


class Headers:
    """An answer's header fields: names are compared without case, repeated fields are joined by commas."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def get(self, name: str, default: str = "") -> str:
        """Return a field's value."""
        return self._values.get(name.lower(), default)

    def add(self, name: str, value: str) -> None:
        """Take in a field."""
        key = name.lower()
        self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def count(self, name: str) -> int | None:
        """Return a field's value as a number of bytes; nothing where there is none, or it is something else."""
        value = self.get(name)
        return int(value) if _COUNT.fullmatch(value) else None

    @property
    def media_type(self) -> str:
        """The `Content-Type` without its parameters."""
        return self.get("Content-Type").partition(";")[0].strip().lower()


class Head(NamedTuple):
    """What comes before an answer's body; `persistent` if the connection may be used again after it."""

    status: int
    headers: Headers
    persistent: bool


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Write a request's head.

    Raises:
        UnicodeError: a part has a character that has no place in there.

    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    if any(character in line for line in lines for character in "\r\n\0"):
        raise UnicodeError("a line break in a request")
    return "\r\n".join(lines).encode("latin-1")


def read_head(stream: BufferedReader) -> Head:
    """Read an answer's head; interim answers (1xx) are passed over.

    Raises:
        Malformed: it is none.

    """
    while True:
        line = stream.readline(_LONGEST_LINE)
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise Malformed("the answer is not HTTP" if line else "the connection was closed without an answer")
        headers = _read_fields(stream)
        status = int(match[2])
        if status >= HTTPStatus.OK:
            break
    connection = headers.get("Connection").lower()
    return Head(status, headers, "keep-alive" in connection if match[1] == b"0" else "close" not in connection)


def _read_fields(stream: BufferedReader) -> Headers:
    headers = Headers()
    for _ in range(_MOST_FIELDS):
        line = stream.readline(_LONGEST_LINE)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not line.endswith(b"\n"):
            raise Malformed("a header field is broken off")
        headers.add(name, value.strip())
    raise Malformed("there are too many header fields")


def has_body(method: str, head: Head) -> bool:
    """Tell whether anything follows the head."""
    return method != "HEAD" and head.status not in _BODILESS and head.headers.get("Content-Length") != "0"


def read_body(stream: BufferedReader, head: Head) -> Iterator[bytes]:
    """Yield an answer's body, at most 64 KiB at a time.

    Raises:
        Malformed: it ended too early, or its framing is broken.

    """
    if head.headers.get("Transfer-Encoding").lower() == "chunked":
        return _chunked(stream)
    if not head.headers.get("Content-Length"):
        return iter(lambda: stream.read1(CHUNK), b"")
    length = head.headers.count("Content-Length")
    if length is None:
        raise Malformed("the length is no number")
    return _exactly(stream, length)


def is_delimited(head: Head) -> bool:
    """Tell whether a body's end can be seen otherwise than by the connection's end."""
    return "Content-Length" in head.headers or "Transfer-Encoding" in head.headers


def _exactly(stream: BufferedReader, length: int) -> Iterator[bytes]:
    while length:
        chunk = stream.read(min(length, CHUNK))
        if not chunk:
            raise Malformed(f"{length} bytes are missing")
        length -= len(chunk)
        yield chunk


def _chunked(stream: BufferedReader) -> Iterator[bytes]:
    while True:
        line = stream.readline(_LONGEST_LINE)
        match = _CHUNK_LENGTH.match(line)
        if match is None:
            raise Malformed("a chunk has no length")
        length = int(match[1], 16)
        if not length:
            _read_fields(stream)
            return
        yield from _exactly(stream, length)
        if stream.readline(_LONGEST_LINE) not in (b"\r\n", b"\n"):
            raise Malformed("a chunk is longer than it says")
