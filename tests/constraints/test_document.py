"""The commands in docs/constraints.md are commands."""

from __future__ import annotations

import re
import shlex

import pytest

from promoter.cli.arguments import parse
from tests.support.repository import ROOT

TEXT = (ROOT / "docs/constraints.md").read_text()
COMMANDS = [shlex.split(line) for line in re.findall(r"^    promoter (.+)$", TEXT, re.MULTILINE)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_each_command_is_one(arguments: list[str]) -> None:
    assert parse(arguments).request is not None
