"""What people read of a release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from promoter.cli.words.forms import columns, counted
from promoter.cli.words.promotion import moved
from promoter.model.base import Model
from promoter.model.failure import Failure
from promoter.model.release import ReleasedTag, ReleaseResult


def release_words(result: ReleaseResult) -> list[str]:
    """Show what failed first, and what was so already last: there may be hundreds."""
    counts = Counter(tag.status for tag in result.tags)
    going = sorted((tag for tag in result.tags if not tag.error), key=lambda tag: tag.status == "unchanged")
    estimate = result.estimated_seconds
    return [
        *failures((f"{tag.status}: {tag.destination}", tag.error) for tag in result.tags if tag.error),
        *columns((f"{tag.status}:", tag.destination, tag.digest or "", _open_gates(tag)) for tag in going),
        f"{result.status}: release {result.release_id}",
        f"  digest     {result.digest}",
        f"  tags       {counted(counts.items())}",
        *([f"  blobs      {moved(result.blobs, result.bytes_uploaded)}"] if result.blobs.total else []),
        *([f"  estimated  {estimate:.0f} s to bring the bytes"] if estimate is not None else []),
        f"  took       {result.duration_seconds:.1f} s",
    ]


def failures(failed: Iterable[tuple[str, Failure]]) -> list[str]:
    """Show what failed, with each cause once, below all that it kept back."""
    causes: dict[tuple[str, str], list[str]] = {}
    for line, failure in failed:
        causes.setdefault((f"  {failure.kind}: {failure.message}", f"  {failure.remedy}"), []).append(line)
    return [line for cause, lines in causes.items() for line in (*lines, *cause)]


def _open_gates(tag: ReleasedTag) -> str:
    return f"open: {', '.join(tag.open_gates)}" if tag.open_gates else ""


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {ReleaseResult: release_words}
