"""What docs/releases.md shows is what the promoter takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from promoter.cli.arguments import parse
from promoter.release.listing import read_pairs
from promoter.release.record import COMMON, OWN
from tests.support.repository import ROOT

TEXT = (ROOT / "docs/releases.md").read_text()
COMMANDS = [shlex.split(line) for line in re.findall(r"^    promoter (.+)$", TEXT, re.MULTILINE)]
BLOCKS = dict(re.findall(r"^```(\w*)\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_each_command_is_one(arguments: list[str]) -> None:
    assert parse(arguments).request is not None


@pytest.mark.parametrize(
    ("form", "name", "pairs"),
    [
        (
            "",
            "release.txt",
            [
                ("stage/web:1.4.2", "production"),
                ("stage/api:2.0.1", "production"),
                ("stage/api:2.0.1", "production/api:latest"),
                ("stage/cron:1.0", "production"),
            ],
        ),
        (
            "yaml",
            "release.yaml",
            [
                ("stage/web:1.4.2", "production"),
                ("stage/api:2.0.1", "production"),
                ("stage/api:2.0.1", "registry.example.com/shop/api:latest"),
            ],
        ),
    ],
)
def test_each_file_is_one(tmp_path: Path, form: str, name: str, pairs: list[tuple[str, str]]) -> None:
    file = tmp_path / name
    file.write_text(BLOCKS[form])
    assert [(pair.source, pair.destination) for pair in read_pairs([str(file)])] == pairs


def test_what_the_job_takes_is_what_is_shown() -> None:
    shown = set(re.findall(r"--param (\w+)=", BLOCKS["sh"]))
    template = (ROOT / "resources/openshift/release-job.yaml").read_text()
    assert shown <= set(re.findall(r"- name: ([A-Z_]+)$", template, re.MULTILINE))


def test_fields_of_the_statement_are_all_named() -> None:
    records = TEXT.partition("## Records")[2]
    assert {*COMMON, *OWN, "release", "promotions"} <= set(re.findall(r"`(\w+)`", records))
