"""What people read of what was promoted to a tag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.model.base import Model
from promoter.model.history import HistoryEntry, HistoryResult


def _history(result: HistoryResult) -> list[str]:
    if not result.entries:
        return [f"{result.image} is {result.digest}; no promotion is recorded for it."]
    return [line for entry in result.entries for line in _entry(entry)]


def _entry(entry: HistoryEntry) -> list[str]:
    why = f": {entry.reason}" if entry.reason else ""
    return [
        f"{'*' if entry.current else ' '} {entry.at}  {entry.action}  {entry.digest}",
        f"    from {_origin(entry)}, asked for by {entry.requested_by}{why}",
        *([f"    signed off by {entry.signed_off_by}"] if entry.signed_off_by else []),
        *([f"    approved by {entry.approved_by}"] if entry.approved_by else []),
        *([f"    inconsistent, overridden by {_override(entry)}"] if entry.override else []),
    ]


def let_in(promoted: HistoryEntry | None) -> str:
    """Tell what let an image in, as far as it is recorded."""
    if promoted is None:
        return "no record"
    signed = f", signed off by {promoted.signed_off_by}" if promoted.signed_off_by else ""
    approved = f", approved by {promoted.approved_by}" if promoted.approved_by else ""
    overridden = f", inconsistent, overridden by {_override(promoted)}" if promoted.override else ""
    said = f"{signed}{approved}{overridden}"
    return f"{promoted.action} {promoted.at} by {promoted.requested_by}, from {_origin(promoted)}{said}"


def _origin(entry: HistoryEntry) -> str:
    """Return where the digest came from; a rollback has no source, but what the tag was before."""
    return entry.source or entry.previous_digest or "unknown"


def _override(entry: HistoryEntry) -> str:
    return f"{entry.requested_by}: {entry.override}"


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {HistoryResult: _history}
