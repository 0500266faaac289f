"""Doing the same to many things at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

WORKERS = 8
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


def each(function: Callable[[Item], Outcome], items: Iterable[Item]) -> list[Outcome]:
    """Return what the function gives for each item, in their order, with up to eight calls under way.

    Raises:
        Exception: the first one that a call raised.

    """
    todo = list(items)
    if len(todo) < 2:  # noqa: PLR2004 - a pool for one is a detour
        return [function(item) for item in todo]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, and an unchanged image needs none

    with ThreadPoolExecutor(min(WORKERS, len(todo))) as pool:
        return list(pool.map(function, todo))
