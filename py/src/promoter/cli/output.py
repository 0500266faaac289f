"""What people and programs get to see. Everything goes through here, and nothing with a secret in it."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from promoter.credentials.redaction import SECRETS
from promoter.errors import Interrupted, PromoterError, WrongUsage
from promoter.model.result import DescribeResult, HistoryEntry, HistoryResult, PromotionResult, Result, RollbackResult

_KIBI = 1024


def say(line: str) -> None:
    """Show people a line, on standard error."""
    _print(SECRETS.redact(line), sys.stderr)


def _print(text: str, stream: TextIO | None) -> None:
    """Print what has no secret any more; what is done is done, whether anybody still reads of it or not."""
    if stream is None:  # closed by whoever started us
        return
    with suppress(OSError, ValueError):
        stream.write(f"{text}\n")
        stream.flush()


def show(result: Result, *, as_json: bool) -> None:
    """Show a result on standard output."""
    if as_json:
        show_json(result.to_dict())
    else:
        _print(SECRETS.redact("\n".join(map(_visible, _words(result)))), sys.stdout)


def _visible(line: str) -> str:
    """Write control characters out: a reason that somebody gave must not pass for lines of ours."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)


def show_json(document: dict[str, Any]) -> None:
    """Show a document on standard output."""
    _print(to_json(document), sys.stdout)


def error_document(error: PromoterError | Interrupted) -> dict[str, Any]:
    """Return an error as programs read it."""
    about = {"kind": error.kind, "message": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
    return {"error": about}


def to_json(document: dict[str, Any]) -> str:
    """Write a document as JSON, without secrets."""
    return json.dumps(_redacted(document), indent=2)


def write_result(path: str, document: dict[str, Any]) -> None:
    """Write a document to a file.

    Raises:
        WrongUsage: the file cannot be written.

    """
    try:
        Path(path).write_text(f"{to_json(document)}\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"The result cannot be written to {path}: {getattr(error, 'strerror', None) or error}.",
            "Name a file in a directory that is there.",
        ) from error


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Redact texts one by one: in the JSON as a whole, a secret such as 1234 would take the place of a number."""
    if isinstance(value, str):
        return SECRETS.redact(value)
    if isinstance(value, dict):
        return {name: _redacted(inner) for name, inner in value.items()}
    return [_redacted(inner) for inner in value] if isinstance(value, list | tuple) else value


def size(count: int) -> str:
    """Write a number of bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < _KIBI:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIBI
    return f"{value:.1f} GiB"


def _words(result: Result) -> list[str]:
    if isinstance(result, PromotionResult):
        return _promotion(result)
    if isinstance(result, HistoryResult):
        return _history(result)
    if isinstance(result, DescribeResult):
        return _description(result)
    return _rollback(result)


def _promotion(result: PromotionResult) -> list[str]:
    blobs = result.blobs
    moved = (
        f"{blobs.uploaded} uploaded ({size(result.bytes_uploaded)}), {blobs.mounted} mounted, {blobs.present} present"
    )
    lines = [
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        f"  source     {result.source}",
        f"  platforms  {', '.join(result.platforms)}" if result.platforms else "",
        f"  blobs      {blobs.total}: {moved}" if blobs.total else "",
        f"  replaces   {result.previous_digest}" if result.previous_digest and result.status != "unchanged" else "",
        f"  kept as    {result.kept}" if result.kept else "",
        f"  record     {result.record}" if result.record else "",
        f"  build      {result.build.name} ({result.build.phase})" if result.build else "",
        "" if result.verified else "  verified   no: the destination may not be looked at from here",
        f"  took       {result.duration_seconds:.1f} s",
    ]
    return [line for line in lines if line]


def _history(result: HistoryResult) -> list[str]:
    if not result.entries:
        return [f"{result.image} is {result.digest}; no promotion is recorded for it."]
    return [line for entry in result.entries for line in _entry(entry)]


def _entry(entry: HistoryEntry) -> tuple[str, str]:
    why = f": {entry.reason}" if entry.reason else ""
    return (
        f"{'*' if entry.current else ' '} {entry.at}  {entry.action}  {entry.digest}",
        f"    from {entry.source or entry.previous_digest}, asked for by {entry.requested_by}{why}",
    )


def _description(result: DescribeResult) -> list[str]:
    promoted = result.promoted
    let_in = (
        f"{promoted.action} {promoted.at} by {promoted.requested_by}, from {promoted.source}"
        if promoted
        else "no record"
    )
    return [
        result.image,
        f"  digest      {result.digest}",
        f"  media type  {result.media_type}",
        f"  platforms   {', '.join(result.platforms) or 'unknown'}",
        f"  size        {size(result.size)}",
        f"  let in      {let_in}",
        *(f"  restorable  {digest}" for digest in result.restorable),
    ]


def _rollback(result: RollbackResult) -> list[str]:
    return [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        f"  replaces   {result.previous_digest}",
        *([f"  kept as    {result.kept}"] if result.kept else []),
    ]
