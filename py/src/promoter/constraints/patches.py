"""Patches as `git apply` takes them: what changes in the text of one file; its mode and its line ends stay."""

from __future__ import annotations

from difflib import diff_bytes, unified_diff

_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def patch(path: str, before: bytes, after: bytes) -> bytes:
    """Return the patch that makes a file's content another; nothing if it is the same.

    Args:
        path: relative to the repository, with slashes.
        before: the content as it is.
        after: the content as it is to be.

    """
    if before == after:
        return b""
    old, new = _quoted("a/" + path), _quoted("b/" + path)
    lines = diff_bytes(unified_diff, _lines(before), _lines(after), old, new)
    body = b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in lines)
    return b"diff --git " + old + b" " + new + b"\n" + body


def _lines(content: bytes) -> list[bytes]:
    """Split where git does: at line feeds alone; a carriage return is part of its line."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _quoted(path: str) -> bytes:
    """Write a path as git does: in C's manner where it is more than plain (git-config(1), core.quotePath)."""
    name = path.encode("utf-8", "surrogateescape")
    if all(byte in _PLAIN for byte in name):
        return name
    return b'"' + b"".join(bytes([byte]) if byte in _PLAIN else b"\\%03o" % byte for byte in name) + b'"'
