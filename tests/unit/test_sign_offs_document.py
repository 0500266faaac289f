"""The commands in docs/sign-offs.md are commands."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from promoter.cli.arguments import parse
from tests.support.repository import ROOT

TEXT = (ROOT / "docs/sign-offs.md").read_text()
COMMANDS = [shlex.split(line) for line in re.findall(r"^    promoter (.+)$", TEXT, re.MULTILINE)]
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_each_command_is_one(arguments: list[str]) -> None:
    assert parse(arguments).request is not None


def test_the_pod_runs_one() -> None:
    [job] = [block for block in BLOCKS if block["kind"] == "Job"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    program, *arguments = container["command"]
    assert program == "promoter"
    assert parse(arguments).request is not None
