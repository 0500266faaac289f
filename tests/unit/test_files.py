"""Files that people name: whatever they are, reading them ends."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from promoter import files
from promoter.files import read_bounded


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    content = os.urandom(3 * 1024 * 1024)
    (tmp_path / "file").write_bytes(content)
    assert read_bounded(str(tmp_path / "file"), len(content)) == content


def test_a_file_that_is_larger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 101)
    with pytest.raises(ValueError, match="it has more than 100 bytes"):
        read_bounded(str(tmp_path / "file"), 100)


def test_what_has_no_end_is_refused() -> None:
    with pytest.raises(ValueError, match="it has more than 16777216 bytes"):
        read_bounded("/dev/zero", 16 * 1024 * 1024)


def test_a_pipe_is_read_to_its_end_however_late_it_is_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("w") as opened:  # waits for the reader
            opened.write("one ")
            opened.flush()
            opened.write("two")

    writer = Thread(target=write)
    writer.start()
    assert read_bounded(str(pipe), 100) == b"one two"
    writer.join()


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PATIENCE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TimeoutError, match="nothing was written to it for"):
        read_bounded(str(tmp_path / "pipe"), 100)


@pytest.mark.parametrize("path", ["/nowhere", "/"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(OSError, match=r"No such file|Is a directory"):
        read_bounded(path, 100)
