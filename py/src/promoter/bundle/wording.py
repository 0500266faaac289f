"""How messages name several things."""

from __future__ import annotations

from collections.abc import Iterable

_FEW = 3


def some(names: Iterable[str]) -> str:
    """Name the first few of several, and count the others."""
    known = sorted(names)
    more = f" and {len(known) - _FEW} more" if len(known) > _FEW else ""
    return f"{', '.join(known[:_FEW])}{more}"
