"""What is left of a run of skopeo: nothing."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promoter import interrupts
from promoter.credentials.sources import Credential
from promoter.errors import Interrupted, TimedOut
from promoter.http.deadline import Deadline
from promoter.http.trust import Trust
from promoter.model.reference import parse_reference
from promoter.skopeo import End, copy
from tests.unit.conftest import QUICK

IMAGE = parse_reference(f"registry.example.com/shop/web@sha256:{'a' * 64}")
END = End(IMAGE, Credential("env:TOKEN", "alice", "s3cret-of-skopeo"), Trust())
STAYS = 'trap "" TERM; for _ in $(seq 600); do sleep 0.1; done'


@pytest.fixture
def interruptible(handlers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let signals interrupt the test, and none of them any other."""
    monkeypatch.setattr(interrupts, "_gate", None)
    interrupts.install()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


Replace = Callable[[str], None]


@pytest.fixture
def replace_skopeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Put a shell script in skopeo's place."""

    def replace(script: str) -> None:
        program = tmp_path / "bin" / "skopeo"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return replace


def run(deadline: Deadline | None = None) -> list[str]:
    """Run skopeo, and return what is said to people."""
    said: list[str] = []
    copy(END, END, deadline or Deadline(30), QUICK, say=said.append, say_more=said.append)
    return said


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("step", [(tempfile, "mkdtemp"), (shutil, "rmtree")], ids=["making", "removing"])
def test_a_signal_while_the_private_directory_is_made_or_removed_leaves_no_credential(
    step: tuple[Any, str], temporary: Path, replace_skopeo: Replace, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name = step
    real = getattr(module, name)

    def interrupted(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the real one's
        outcome = real(*arguments, **options) if name == "mkdtemp" else None
        signal.raise_signal(signal.SIGTERM)
        return outcome if name == "mkdtemp" else real(*arguments, **options)

    replace_skopeo("exit 0")
    monkeypatch.setattr(module, name, interrupted)
    with pytest.raises(Interrupted):
        run()
    assert list(temporary.iterdir()) == []


def test_a_skopeo_that_stays_is_killed_when_the_time_is_over(
    temporary: Path, replace_skopeo: Replace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promoter.processes._GRACE_SECONDS", 0.2)
    replace_skopeo(STAYS)
    begun = time.monotonic()
    with pytest.raises(TimedOut, match=f"while copying to {IMAGE.registry}"):
        run(Deadline(0.2))
    assert time.monotonic() - begun < 30
    assert list(temporary.iterdir()) == []


def test_a_copy_that_is_tried_again_is_told(temporary: Path, replace_skopeo: Replace) -> None:
    replace_skopeo('[ -e "$0.tried" ] || { : > "$0.tried"; echo "connection reset" >&2; exit 1; }')
    assert run() == [
        "connection reset",
        f"skopeo could not copy {IMAGE}: connection reset; trying again in 0.0 s, attempt 2 of 4",
    ]
