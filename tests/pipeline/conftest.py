"""What the tests of steps share: a helper that answers as it is told, and Jenkinsfiles of both kinds around a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Unpack

import pytest

from tests.support.pipeline import PipelineRig, PipelineRun, RunningPipeline, Settings
from tests.support.repository import ROOT

LIBRARY = "@Library('image-promoter') _\n"
PROMOTED: Mapping[str, Any] = {
    "status": "promoted",
    "destination": "h/p:1",
    "digest": "sha256:1",
    "blobs": {"total": 3},
}
REFUSED: Mapping[str, Any] = {
    "error": {"kind": "refused", "message": "It is taken.", "remedy": "Take another.", "exit_code": 3}
}

NEVER = -1
"""The answer of a helper that waits until it is stopped."""


class Form(Protocol):
    """Writes a pipeline around a body, on an agent or not."""

    def __call__(self, body: str, *, agent: bool = True) -> str: ...


def scripted(body: str, *, agent: bool = True) -> str:
    """Write a scripted pipeline."""
    return f"{LIBRARY}node {{\n{body}\n}}\n" if agent else f"{LIBRARY}{body}\n"


def declarative(body: str, *, agent: bool = True) -> str:
    """Write a declarative pipeline, with the body in a script block."""
    where = "any" if agent else "none"
    return (
        f"{LIBRARY}pipeline {{\n agent {where}\n stages {{ stage('s') {{ steps {{ script {{\n{body}\n}} }} }} }}\n}}\n"
    )


FORMS = pytest.mark.parametrize("form", [scripted, declarative], ids=["scripted", "declarative"])


@dataclass(frozen=True)
class Call:
    """One start of the helper: its command, its parameters, who the steps say started the build, and what it saw.

    `files` are the names in the directory that it ran in.
    """

    command: str
    parameters: Mapping[str, Any]
    started_by: str
    files: list[str]


class Helper:
    """A helper that notes how it is called and answers as it is told, by command: the steps alone are looked at."""

    def __init__(self, directory: Path) -> None:
        self._calls = directory / "calls"
        self._answers = directory / "answers"
        script = directory / "bin" / "promoter"
        for folder in (self._calls, self._answers, script.parent):
            folder.mkdir()
        script.write_text(f"""#!/bin/sh
cd {directory} || exit 99
call=$(mktemp -d calls/$(date +%s%N).XXXXXX)
cp "$3" "$call/request.json"
ls -A "$OLDPWD" > "$call/files"
echo "$1" > "$call/command"
printf '%s' "$PROMOTER_REQUESTED_BY" > "$call/started_by"
answer=answers/$1-$(cat calls/*/command | grep -cx "$1")
[ -f "$answer" ] || answer=answers/$1
tail -n +2 "$answer" | grep . > "$5" || rm "$5"
code=$(head -n 1 "$answer")
while [ "$code" = {NEVER} ]; do sleep 1; done
exit "$code"
""")
        script.chmod(0o755)
        self._path = f"{script.parent}:/usr/bin:/bin"
        self._rig = PipelineRig(directory / "jenkins", {"image-promoter": ROOT})

    def answer(self, command: str, *results: Mapping[str, Any] | int) -> None:
        """Set what the calls of a command get, one after the other and the last for all that follow.

        A number is an exit code without a result, or NEVER; a result, or its `error`, may name its exit code.
        """
        for number, result in enumerate(results, start=1):
            code = result if isinstance(result, int) else result.get("error", result).get("exit_code", 0)
            text = f"{code}\n" if isinstance(result, int) else f"{code}\n{json.dumps(result)}\n"
            for name in (f"{command}-{number}", command):
                (self._answers / name).write_text(text)

    def run(self, text: str, **settings: Unpack[Settings]) -> PipelineRun:
        """Run a Jenkinsfile with this helper on the PATH."""
        return self.start(text, **settings).wait()

    def start(self, text: str, **settings: Unpack[Settings]) -> RunningPipeline:
        """Start a Jenkinsfile with this helper on the PATH."""
        settings["environment"] = {"PATH": self._path}
        return self._rig.start(text, **settings)

    @property
    def calls(self) -> list[Call]:
        """How it was called, in order."""
        return [
            Call(
                (call / "command").read_text().strip(),
                json.loads((call / "request.json").read_text()),
                (call / "started_by").read_text(),
                (call / "files").read_text().splitlines(),
            )
            for call in sorted(self._calls.iterdir())
        ]


@pytest.fixture
def helper(tmp_path: Path) -> Helper:
    """A helper of the test's own; a promotion goes well unless it is told otherwise."""
    made = Helper(tmp_path)
    made.answer("promote", PROMOTED)
    made.answer("receive", PROMOTED)
    return made
