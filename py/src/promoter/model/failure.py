"""What went wrong with something, as results and the error document say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promoter.errors import Interrupted, PartlyDone, PromoterError
from promoter.model.base import Model


class Failure(Model):
    """What went wrong, and what to do about it.

    Args:
        kind: the kind of failure, such as `not-found`.
        message: what happened, and to which image or service.
        remedy: what to do next.
        exit_code: the exit code that goes with it.

    """

    kind: str
    message: str
    remedy: str
    exit_code: int

    @classmethod
    def of(cls, error: PromoterError | Interrupted) -> Failure:
        """State an error."""
        return cls(kind=error.kind, message=error.message, remedy=error.remedy, exit_code=error.exit_code)


def failure_of(failed: Sequence[tuple[str, Failure]], total: int, what: str) -> Failure | None:
    """Return what went wrong with several things on the whole: the first failure if all failed, or that some did.

    Args:
        failed: the names of those that failed, and why.
        total: how many things there are.
        what: what they are, as in `tags`.

    """
    if not failed or len(failed) == total:
        return failed[0][1] if failed else None
    return Failure.of(
        PartlyDone(
            f"{len(failed)} of {total} {what} failed: {', '.join(name for name, _ in failed)}.",
            "Each has its error; mend what they name, and run this again: what is there is left.",
        )
    )


class Several(Model):
    """What became of several things.

    Args:
        error: what went wrong on the whole, whose exit code is the command's; absent if nothing did.

    """

    error: Failure | None = None

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        return self.error.exit_code if self.error else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name; `error` is among them only if something went wrong, as with every command."""
        values = super().to_dict()
        return values if self.error else {name: value for name, value in values.items() if name != "error"}
