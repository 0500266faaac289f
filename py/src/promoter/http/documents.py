"""Answers that are read as a whole: JSON, and the pages that stand in its place."""

from __future__ import annotations

from collections.abc import Iterator

from promoter.http.connection import ConnectionFailed, Response

_LARGEST = 64 * 1024 * 1024
"""Bytes. No object is larger than 1.5 MiB (etcd's limit), most are 10 KiB; a list may be of all there are."""


def read_text(response: Response) -> str:
    """Return an answer's body; what is not UTF-8 is replaced.

    Raises:
        ConnectionFailed: it broke off, or was broken off for being larger than any answer that is meant.
        TimedOut: the deadline has passed.

    """
    return b"".join(_bounded(response)).decode("utf-8", "replace")


def _bounded(response: Response) -> Iterator[bytes]:
    seen = 0
    for chunk in response.chunks():
        seen += len(chunk)
        if seen > _LARGEST:
            raise ConnectionFailed(
                f"{response.host} gives no answer that can be used: it is longer than {_LARGEST} bytes.",
                "Look at what answers under this host name, and at what is in front of it.",
                sent=True,
            )
        yield chunk
