"""What people wrote, where it becomes part of a line of ours."""

from __future__ import annotations


def in_a_line(text: str) -> str:
    """Return a text in one line and without control characters, so that nothing in it passes for a line of ours."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
