"""The forms that numbers and tables have in front of people."""

from __future__ import annotations

from collections.abc import Iterable

_KIBI = 1024


def size(count: int) -> str:
    """Write a number of bytes for people."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < _KIBI:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIBI
    return f"{value:.1f} GiB"


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Align the columns of a table with spaces."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def counted(counts: Iterable[tuple[str, int]]) -> str:
    """Write how many there are of each, where there are any."""
    return ", ".join(f"{count} {status}" for status, count in counts if count)
