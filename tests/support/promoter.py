"""The real `promoter` command, run as people run it: a process of its own, with little in its environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from tests.support.waiting import wait_until

Ended = TypeVar("Ended")
COMMAND = Path(sys.executable).with_name("promoter")
LONGEST_RUN_SECONDS = 120
# Runs a command as a user who is in no passwd file. The files of whoever runs the tests are that user's.
ARBITRARY_USER = ("unshare", "--user", "--map-user=12345", "--map-group=0")
_STOP_SECONDS = 10
_LITTLE_SECONDS = (2, 8, 40)
_HURRIED = """
from promoter.cli.main import start
from promoter.http.patience import Patience

attempts, _, *others = Patience.__new__.__defaults__
Patience.__new__.__defaults__ = (attempts, 0.001, *others)
raise SystemExit(start())
"""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict[str, Any]:
        """The result, from standard output."""
        document = self._document()
        assert "error" not in document, document
        return document

    @property
    def error(self) -> dict[str, Any]:
        """The error, from standard output; it has the exit code that the process had."""
        document = self._document()
        assert "error" in document, document
        error: dict[str, Any] = document["error"]
        assert error["exit_code"] == self.exit_code
        return error

    def _document(self) -> dict[str, Any]:
        assert self.stdout, self.stderr
        document: dict[str, Any] = json.loads(self.stdout)
        return document


@dataclass(frozen=True)
class Child:
    """A process below a running command, as /proc shows it."""

    pid: int
    arguments: list[str]
    environment: dict[str, str]

    def is_running(self) -> bool:
        """Tell whether the process is still there; one that has ended and is waited for is not."""
        return _state(self.pid) not in {None, "Z"}


class Running:
    """A command under way, whose stderr goes to this file; a `with` ends it for certain, and closes the file."""

    def __init__(self, process: subprocess.Popen[str], stderr: BinaryIO) -> None:
        self._process = process
        self._stderr = stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._stderr.close()

    @property
    def arguments(self) -> list[str]:
        """The command line that everybody on the machine can see."""
        return _strings(self._process.pid, "cmdline")

    def children(self) -> list[Child]:
        """Return the processes that the command has started, and theirs."""
        return list(_below(self._process.pid))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command alone."""
        self._process.send_signal(number)

    def wait_until_said(self, words: str) -> None:
        """Return once the words are on its standard error; raise TimeoutError if they do not come."""
        wait_until(lambda: words in self._said(), f"the command to say {words!r}")

    def outcome(self, seconds: float = LONGEST_RUN_SECONDS) -> Outcome:
        """Wait for the end; raises subprocess.TimeoutExpired if it does not come in time."""
        stdout, _ = self._process.communicate(timeout=seconds)
        return Outcome(self._process.returncode, stdout, self._said())

    def _said(self) -> str:
        """Read without moving the place where the command writes: it is the same file, opened once."""
        file = self._stderr.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")


class Promoter:
    """The command in a directory of its own.

    `environment` is all that it sees of ours; `temporary` is its TMPDIR, empty at first. `prefix` is what runs it
    instead of the test itself, such as `unshare` with its flags; `command` is its name there.
    """

    def __init__(self, directory: Path, prefix: Sequence[str] = (), command: str | Path = COMMAND) -> None:
        self.directory = directory
        self.prefix = tuple(prefix)
        self._command = [str(command)]
        self.temporary = directory / "tmp"
        self.temporary.mkdir(parents=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "TMPDIR": str(self.temporary)}

    def run(self, *arguments: str | Path, json: bool = True) -> Outcome:
        """Run a command to its end, with `--json` unless its words for people are wanted."""
        with self.start(*arguments, json=json) as running:
            return running.outcome()

    def start(self, *arguments: str | Path, json: bool = True) -> Running:
        """Start a command; to be used in a `with`."""
        command = [*self.prefix, *self._command, *map(str, arguments), *(["--json"] if json else [])]
        with ExitStack() as stack:
            stderr = stack.enter_context(tempfile.TemporaryFile())  # in no directory that a test may look into
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
            stack.pop_all()
        return Running(process, stderr)

    def hurry(self) -> None:
        """Let the command try again sooner from now on, as often as ever: its first wait is a millisecond."""
        self._command = [sys.executable, "-P", "-c", _HURRIED]

    def hide_skopeo(self) -> None:
        """Let the command find no other program from now on."""
        empty = self.directory / "no-programs"
        empty.mkdir()
        self.environment["PATH"] = str(empty)

    def replace_skopeo(self, script: str) -> None:
        """Let the command find this shell script under skopeo's name."""
        programs = self.directory / "programs"
        programs.mkdir()
        (programs / "skopeo").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "skopeo").chmod(0o755)
        self.environment["PATH"] = f"{programs}:{self.environment['PATH']}"


def in_little_time(run: Callable[[int], Ended], enough: Callable[[Ended], bool]) -> Ended:
    """Run what ends because its time is over; return how it ended.

    How far it comes by then depends on the machine.

    Args:
        run: runs it with so many seconds (`--timeout`).
        enough: tells whether it came to what the test is about; if not, it is run once more, with more time.

    """
    for seconds in _LITTLE_SECONDS:
        outcome = run(seconds)
        if enough(outcome):
            return outcome
    raise AssertionError(f"{_LITTLE_SECONDS[-1]} s were not enough: {outcome}")


def _below(parent: int) -> Iterator[Child]:
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        children: list[str] = []
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
            children = task.read_text().split()
        for pid in map(int, children):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                pairs = (entry.partition("=") for entry in _strings(pid, "environ"))
                yield Child(pid, _strings(pid, "cmdline"), {name: value for name, _, value in pairs})
                yield from _below(pid)


def _strings(pid: int, file: str) -> list[str]:
    return Path(f"/proc/{pid}/{file}").read_text().rstrip("\0").split("\0")


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None
