"""docs/coming-from.md, read: its configuration, and what each row of its tables says to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.repository import ROOT

TEXT = (ROOT / "docs" / "coming-from.md").read_text()
CONFIGURATION = re.findall(r"^```yaml\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)[0]
_TABLE_HEAD = ("| you wrote |", "| --- |")
_CELL_END = re.compile(r" (?<!\\)\| ")


def _rows() -> Iterator[tuple[str, list[str]]]:
    for line in TEXT.splitlines():
        if line.startswith("|") and not line.startswith(_TABLE_HEAD):
            before, now, _ = _CELL_END.split(line.removeprefix("| ").removesuffix(" |"))
            yield before.replace("\\|", "|"), re.findall(r"`(.+?)`", now)


ROWS = list(_rows())
"""What was written before, as the document has it, and the commands that are written now."""

tested: list[str] = []
"""What was written before in the rows that tests have taken by `instead_of`."""


def instead_of(before: str) -> pytest.MarkDecorator:
    """Give a test the `commands` of the one row whose first column has this in it."""
    [(whole, commands)] = [row for row in ROWS if before in row[0]]
    tested.append(whole)
    return pytest.mark.parametrize("commands", [commands], ids=[before])
