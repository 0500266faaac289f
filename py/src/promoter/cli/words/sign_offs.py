"""What people read of sign-offs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.cli.words.promotion import promotion_words
from promoter.model.base import Model
from promoter.model.sign_offs import AwaitSignOffsResult, SignOff, SignOffResult


def _signed(result: SignOffResult) -> list[str]:
    lines = [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        *sign_off_words(result.sign_off),
        f"  record     {result.sign_off.record}" if result.sign_off.record else "",
        f"  stream tag {result.stream_tag}" if result.stream_tag else "",
    ]
    return [line for line in lines if line]


def _awaited(result: AwaitSignOffsResult) -> list[str]:
    return [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        *(line for sign_off in result.sign_offs for line in sign_off_words(sign_off)),
        *([f"  missing    {', '.join(result.missing)}"] if result.missing else []),
        *(promotion_words(result.promotion) if result.promotion else []),
    ]


def sign_off_words(sign_off: SignOff) -> list[str]:
    """Return a sign-off in lines for people."""
    why = f": {sign_off.reason}" if sign_off.reason else ""
    lines = [
        f"  {sign_off.verdict:10} by {sign_off.application}, {sign_off.at}, {sign_off.signed_by or 'unknown'}{why}",
        f"{'':13}{sign_off.link}" if sign_off.link else "",
    ]
    return [line for line in lines if line]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    SignOffResult: _signed,
    AwaitSignOffsResult: _awaited,
}
