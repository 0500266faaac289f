"""What people read of rollbacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import columns, counted
from promoter.cli.words.release import failures
from promoter.model.base import Model
from promoter.model.rollback import ReleaseRollbackResult, RollbackResult


def _rollback(result: RollbackResult) -> list[str]:
    return [
        f"{result.status}: {result.image}",
        f"  digest     {result.digest}",
        f"  replaces   {result.previous_digest}",
        *([f"  kept as    {result.kept}"] if result.kept else []),
        *([f"  record     {result.record}"] if result.record else []),
    ]


def _release_rollback(result: ReleaseRollbackResult) -> list[str]:
    going = [tag for tag in result.tags if not tag.error]
    return [
        *failures((f"{tag.status}: {tag.image}", tag.error) for tag in result.tags if tag.error),
        *columns((f"{tag.status}:", tag.image, tag.digest or "") for tag in going),
        f"{result.status}: rollback of release {result.release_id}",
        f"  tags       {counted(Counter(tag.status for tag in result.tags).items())}",
    ]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    RollbackResult: _rollback,
    ReleaseRollbackResult: _release_rollback,
}
