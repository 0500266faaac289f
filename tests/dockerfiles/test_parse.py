"""`promoter constraints parse` shows the stages of a Dockerfile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from promoter.cli.run import run

CONTENT = b"ARG TAG=1\nFROM --platform=linux/arm64 registry.example.com/a:$TAG AS Build\nFROM build\n"
STAGES = [
    {
        "index": 0,
        "name": "build",
        "base": "registry.example.com/a:1",
        "platform": "linux/arm64",
        "stage_ref": None,
    },
    {"index": 1, "name": None, "base": "build", "platform": None, "stage_ref": 0},
]


@pytest.fixture
def dockerfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a Dockerfile in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "Dockerfile"
    path.write_bytes(CONTENT)
    return path


def test_programs_get_a_list(dockerfile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = dockerfile.with_name("result.json")
    assert run(["constraints", "parse", "Dockerfile", "--json", "--result", str(result)]) == 0
    assert json.loads(capsys.readouterr().out) == STAGES
    assert json.loads(result.read_text()) == STAGES


def test_people_get_a_table(dockerfile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["constraints", "parse", "Dockerfile"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "0  registry.example.com/a:1  as build  for linux/arm64",
        "1  build (stage 0)",
    ]


def test_a_refused_file_is_wrong_usage(dockerfile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dockerfile.write_bytes(b"FROM a b\n")
    assert run(["constraints", "parse", "Dockerfile", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"] == "Dockerfile:1: FROM has one argument, or three: an image, AS and a name."


def test_a_link_is_followed(dockerfile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dockerfile.with_name("link").symlink_to("Dockerfile")
    assert run(["constraints", "parse", "link", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STAGES


@pytest.mark.parametrize("name", ["-", "missing", ".", "/dev/null", "a\0b"])
def test_what_is_no_file_is_wrong_usage(dockerfile: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run(["constraints", "parse", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "standard input is not read" in shown.err
