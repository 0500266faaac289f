"""What people and programs get to see. Everything goes through here, and nothing with a secret in it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from promoter.cli.words import words_of
from promoter.credentials.redaction import SECRETS
from promoter.errors import Interrupted, PromoterError, WrongUsage
from promoter.model.base import Document, Model


def say(line: str) -> None:
    """Show people a line, on standard error."""
    with suppress(OSError, ValueError):  # a command goes on, whether anybody reads of it or not
        _print(_visible(SECRETS.redact(line), kept="\n\t"), sys.stderr)


def _print(text: str, stream: TextIO | None) -> None:
    """Print what has no secret any more."""
    if stream is None:
        raise ValueError("it is closed")  # by whoever started us
    stream.write(f"{text}\n")
    stream.flush()


def _print_result(text: str) -> None:
    try:
        _print(text, sys.stdout)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongUsage(
            f"Standard output cannot be written: {why}; what the command has done stays done.",
            "Only what it had to show is lost: give it a standard output that can be written, or --result FILE.",
        ) from error


def show(result: Model, *, as_json: bool, in_a_line: bool = False) -> None:
    """Show a result on standard output, if there is anything to say; see `show_json`.

    Raises:
        WrongUsage: standard output cannot be written.

    """
    if as_json:
        show_json(result.to_document(), in_a_line=in_a_line)
    elif words := words_of(result):
        _print_result(SECRETS.redact("\n".join(map(_visible, words))))


def _visible(line: str, kept: str = "") -> str:
    """Write control characters out, but for those kept: what somebody else wrote must not pass for lines of ours."""
    return "".join(one if one.isprintable() or one in kept else ascii(one)[1:-1] for one in line)


def show_json(document: Document, *, in_a_line: bool = False) -> None:
    """Show a document on standard output, in one line if it is one of many.

    Raises:
        WrongUsage: standard output cannot be written.

    """
    _print_result(to_json(document, indent=None if in_a_line else 2))


def error_document(error: PromoterError | Interrupted) -> dict[str, Any]:
    """Return an error as programs read it."""
    from promoter.model.failure import Failure  # noqa: PLC0415 - mostly there is none

    return {"error": Failure.of(error).to_dict()}


def to_json(document: Document, indent: int | None = 2) -> str:
    """Write a document as JSON, without secrets."""
    return json.dumps(_redacted(document), indent=indent)


def write_result(path: str, document: Document) -> None:
    """Write a document to a file, as a whole: whoever reads it meanwhile gets this document or the one before.

    Raises:
        WrongUsage: the file cannot be written.

    """
    try:
        _replace(Path(path), f"{to_json(document)}\n")
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"The result cannot be written to {path}: {getattr(error, 'strerror', None) or error}.",
            "Name a file in a directory that is there and may be written to.",
        ) from error


def _replace(path: Path, text: str) -> None:
    if path.is_symlink() or (path.exists() and not path.is_file()):  # such as /dev/stdout, which must stay what it is
        path.write_text(text, encoding="utf-8")
        return
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Redact texts one by one: in the JSON as a whole, a secret such as 1234 would take the place of a number."""
    if isinstance(value, str):
        return SECRETS.redact(value)
    if isinstance(value, dict):
        return {name: _redacted(inner) for name, inner in value.items()}
    return [_redacted(inner) for inner in value] if isinstance(value, list | tuple) else value
