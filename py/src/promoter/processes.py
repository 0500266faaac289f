"""Programs that are run: in a directory of their own, for no longer than there is time, and never left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import IncrementalNewlineDecoder
from pathlib import Path
from select import select
from threading import Timer
from typing import IO, NamedTuple

from promoter.errors import WrongUsage
from promoter.interrupts import deferred_signals

_GRACE_SECONDS = 5.0
_SECONDS_TO_TELL = 30.0
_LAST_LINES = 20
_LONGEST_LINE = 4096
_STEP_SECONDS = 0.5

_running: set[subprocess.Popen[bytes]] = set()
"""What runs, whichever thread has started it."""


class Ended(NamedTuple):
    """How a program ended.

    Args:
        status: its exit status; 0 if it did what it was to do.
        last_lines: the last that it printed, on standard output and standard error together.

    """

    status: int
    last_lines: tuple[str, ...]


@contextmanager
def private_directory() -> Iterator[Path]:
    """Make a directory that nobody else can look into, and remove it with all that is in it, whatever arrives."""
    with ExitStack() as stack:
        with deferred_signals():
            directory = tempfile.TemporaryDirectory(prefix="promoter-")
            stack.callback(_remove, directory)
        yield Path(directory.name)


def _remove(directory: tempfile.TemporaryDirectory[str]) -> None:
    with deferred_signals():
        directory.cleanup()


def run(
    command: list[str],
    environment: Mapping[str, str],
    seconds: float,
    say: Callable[[str], None],
    directory: Path | None = None,
) -> Ended:
    """Run a program to its end, or until the time is over.

    Args:
        command: the program and its arguments.
        environment: all that it sees of ours.
        seconds: after how long it is ended.
        say: gets each line that it prints, as it comes.
        directory: where it runs; here, if left out.

    """
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with _started(command, environment, directory) as process:
        timer = Timer(seconds, _end, [process])
        timer.daemon = True  # a signal may arrive while it starts
        try:
            timer.start()
            for line in _lines(process.stdout):
                last.append(line.rstrip())
                say(last[-1])
            process.wait()
        finally:
            timer.cancel()
    return Ended(process.returncode, tuple(last))


def end_all() -> None:
    """End all programs that run, those of other threads too: no signal reaches these. They are waited for there."""
    running = tuple(_running)
    for process in running:
        process.terminate()
    for process in running:
        _end(process)


def ask_version(
    program: str, environment: Mapping[str, str], oldest: tuple[int, int], remedy: str, directory: Path | None = None
) -> str:
    """Ask a program for its version, such as `1.9.3`.

    Args:
        program: which; its answer begins `PROGRAM version`.
        environment: all that it sees of ours.
        oldest: the version that it must have at least.
        remedy: what to do if it has not.
        directory: where it runs; here, if left out.

    Raises:
        WrongUsage: it is too old, cannot be run, or something else has its name.

    """
    said: list[str] = []
    try:
        ended = run([program, "--version"], environment, _SECONDS_TO_TELL, said.append, directory)
    except OSError:  # it is no program after all
        ended = Ended(1, ())
    if ended.status and said:
        raise WrongUsage(f"{program} cannot be run: {said[-1]}", remedy)
    match = re.search(rf"^{program} version (([0-9]+)\.([0-9]+)[^\s(]*)", "\n".join(said), re.MULTILINE)
    if match is None:
        raise WrongUsage(f"{shutil.which(program)} does not tell its version as {program} does.", remedy)
    if (int(match[2]), int(match[3])) < oldest:
        raise WrongUsage(f"{program} is too old: it is {match[1]}.", remedy)
    return match[1]


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], directory: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process, in a session of its own: what a terminal sends to all is for us to pass on. End it at exit."""
    with ExitStack() as stack:
        with deferred_signals():
            process = subprocess.Popen(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                env=environment,
                start_new_session=True,
            )
            _running.add(process)
            stack.callback(_stop, process)
        yield process


def _lines(output: IO[bytes] | None) -> Iterator[str]:
    """Yield the lines as they come; one that is too long in pieces, since it could have no end.

    They are waited for in steps: a signal that arrives in the moment before a wait is seen when it ends.
    """
    decoder = IncrementalNewlineDecoder(getincrementaldecoder("utf-8")("replace"), translate=True)
    rest = ""
    while output:
        if not select([output], [], [], _STEP_SECONDS)[0]:
            continue
        piece = output.read(_LONGEST_LINE)
        *lines, rest = (rest + decoder.decode(piece or b"", final=not piece)).split("\n")
        yield from lines
        if rest and (not piece or len(rest) >= _LONGEST_LINE):
            yield rest
            rest = ""
        if not piece:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process if it still runs, wait for it, and end what it has started and left behind."""
    if process.stdout:
        process.stdout.close()
    if process.poll() is None:
        _end(process)
    _kill_all(process)
    process.wait()
    _running.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and make it if it does not; what it has left behind may still hold its output open."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _kill_all(process)


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # nothing is left
        os.killpg(process.pid, signal.SIGKILL)
