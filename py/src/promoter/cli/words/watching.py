"""What people read of a look at watched tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import counted
from promoter.model.base import Model
from promoter.model.watching import WatchResult


def _watched(result: WatchResult) -> list[str]:
    """Count what came of the tags, each of which was told of already; nothing where nothing was to be done."""
    if not result.tags:
        return []
    counts = Counter(tag.status for tag in result.tags)
    counts.update(unchanged=result.unchanged, absent=result.absent)
    return [f"watched tags: {counted(counts.items())}"]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {WatchResult: _watched}
