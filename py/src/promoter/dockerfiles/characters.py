"""Characters as BuildKit, which is written in Go, has them.

Text is decoded with `surrogateescape`: what is no UTF-8 stays as it is, and is refused where it would matter.
"""

from __future__ import annotations

import re

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" + (
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's `unicode.IsSpace` is true for; Python's `str.strip` takes more away."""

BOOLEANS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
"""What Go's `strconv.ParseBool` takes."""

_ASCII_SPACES = b"\t\n\v\f\r "
_ASCII = range(128)
_INTEGER = re.compile(r"([+-]?)0*([0-9]{1,19})")


def decode(raw: bytes) -> str:
    """Return bytes as text from which `encode` makes the same bytes again."""
    return raw.decode(errors="surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes that `decode` made the text of."""
    return text.encode(errors="surrogateescape")


def without_indent(raw: bytes) -> bytes:
    """Return a line without the spaces in front."""
    raw = raw.lstrip(_ASCII_SPACES)
    if raw and raw[0] not in _ASCII:
        return encode(decode(raw).lstrip(SPACES))
    return raw


def lower(text: str) -> str:
    """Return the text in lower case, each character by itself: Python makes two of one İ."""
    return text.replace("İ", "i").lower()


def integer(text: str) -> int | None:
    """Return what Go's `strconv.Atoi` makes of the text; nothing if it takes it for no number."""
    match = _INTEGER.fullmatch(text)
    number = int(match[1] + match[2]) if match else None
    return number if number is not None and -(2**63) <= number < 2**63 else None
