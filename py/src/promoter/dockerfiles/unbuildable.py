"""What BuildKit does not build, and why."""

from __future__ import annotations


class Unbuildable(Exception):
    """BuildKit refuses the Dockerfile.

    Args:
        why: what is wrong, without an end.

    `line` is where, counted from 1; nothing if it is wrong as a whole.

    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.line: int | None = None


class AtLine:
    """A context that adds a line to what is raised inside and has none; cheap, because each instruction needs it."""

    __slots__ = ("_line",)

    def __init__(self, line: int) -> None:
        self._line = line

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Add the line."""
        if isinstance(error, Unbuildable) and error.line is None:
            error.line = self._line
