"""The tables, as Markdown, and the document they are written to."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench.measuring import Comparison
from tests.bench.peers import OURS
from tests.bench.results import Entry, Peak, Row, Wire
from tests.bench.tools import version

BEGIN, END = "<!-- measured: written by make bench -->", "<!-- end of what was measured -->"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


def single_table(comparisons: Sequence[Comparison]) -> str:
    """Write the table of single images."""
    rows = [
        (row.name, f"{row.our_seconds:.3f}", f"{row.peer_seconds:.3f}", f"{row.ratio:.2f}", f"{row.limit:.2f}")
        for row in comparisons
    ]
    return table(("one image", "ours (s)", "peer (s)", "ratio", "limit"), rows)


def ratio_table(rows: Sequence[Row]) -> str:
    """Write the table of releases beside the best peer of each."""
    return table(("release", "ours (s)", "best peer (s)", "which", "ratio", "limit"), map(_ratio_cells, rows))


def wire_table(rows: Sequence[Row]) -> str:
    """Write the table of what every tool took, and what it asked of the registries."""
    heads = ("release", "tool", "s", "runs", "requests", "uploads", "mounts", "MB up", "MB down", "manifests put")
    return table(heads, (cells for row in rows for cells in _wire_rows(row)))


def memory_table(peaks: Sequence[Peak]) -> str:
    """Write the table of memory."""
    rows = [(peak.work, f"{peak.kib / 1024:.1f}", f"{peak.limit_kib / 1024:.1f}") for peak in peaks]
    return table(("memory", "peak (MiB)", "limit (MiB)"), rows)


def machine() -> str:
    """Say what it was measured on and with."""
    peers = ", ".join(f"{name} {version(name)}" for name in ("skopeo", "crane", "regctl", "regsync"))
    return f"Measured with {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {peers}."


def write_document(document: Path, measured: str) -> None:
    """Replace what was measured in a document; the rest of it is for people.

    Raises:
        ValueError: it has no place for it.

    """
    head, begin, rest = document.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{document} has no lines `{BEGIN}` and `{END}`")
    document.write_text(f"{head}{BEGIN}\n\n{measured}\n\n{END}{tail}")


def _ratio_cells(row: Row) -> tuple[str, ...]:
    best = row.best_peer
    return (
        row.work,
        _seconds(row.entries[OURS]),
        _seconds(row.entries[best]) if best else "",
        best or "none",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.limit is None else f"{row.limit:.2f}",
    )


def _wire_rows(row: Row) -> Iterator[tuple[str, ...]]:
    for tool, entry in row.entries.items():
        counts = _counts(entry.wire) if entry.wire and not entry.failure else ("",) * 6
        yield (row.work, tool, _seconds(entry), str(len(entry.seconds)), *counts)


def _counts(wire: Wire) -> tuple[str, ...]:
    uploads = f"{wire.uploads} + {wire.other_uploads}" if wire.other_uploads else str(wire.uploads)
    up, down = (f"{count / 1_000_000:.1f}" for count in (wire.bytes_up, wire.bytes_down))
    return (str(wire.requests), uploads, str(wire.mounts), up, down, str(wire.manifest_puts))


def _seconds(entry: Entry) -> str:
    if entry.median is not None:
        return f"{entry.median:.2f}"
    said = entry.failure.splitlines()
    return f"failed: {said[0]}" if said else "not run"
