"""What people wrote, where it becomes part of a line of ours."""

from __future__ import annotations

_LONGEST = 200
"""How many characters of a text are repeated: enough to know it by."""


def in_a_line(text: str) -> str:
    """Return a text in one line and without control characters, so that nothing in it passes for a line of ours."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def shortened(text: str) -> str:
    """Return a text, or how it begins and how long it is."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def quoted(text: str) -> str:
    """Return a text in quotes; of a long one, how it begins and how long it is."""
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST] + '…'!r} ({len(text)} characters)"
