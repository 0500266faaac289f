"""Timing whole processes, in pairs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from statistics import median
from tempfile import TemporaryFile
from typing import IO

LONGEST_SECONDS = 120.0
_SAMPLE_SECONDS = 0.02
_SAID_CHARACTERS = 2000

Processes = Callable[[int], Iterable[int]]
"""Which processes are watched, from the ID of the program's own."""


@dataclass(frozen=True)
class Command:
    """A program with all that it needs.

    Args:
        words: the command line.
        environment: its whole environment; ours if there is none.
        lines: the file that is its standard input, if it has one.

    """

    words: Sequence[str]
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    lines: Path | None = None


@dataclass(frozen=True)
class Sample:
    """One run of a program: its wall time, and the most memory that its watched processes held at a time."""

    seconds: float
    peak_kib: int


@dataclass(frozen=True)
class Comparison:
    """The same work done by two programs, several times in turn.

    Args:
        name: the work.
        ours: the samples of promoter.
        peer: the samples of the peer.
        limit: the ratio of the medians to stay below.

    """

    name: str
    ours: tuple[Sample, ...]
    peer: tuple[Sample, ...]
    limit: float

    @property
    def our_seconds(self) -> float:
        """Our median."""
        return median(sample.seconds for sample in self.ours)

    @property
    def peer_seconds(self) -> float:
        """The peer's median."""
        return median(sample.seconds for sample in self.peer)

    @property
    def ratio(self) -> float:
        """Our median in units of the peer's."""
        return self.our_seconds / self.peer_seconds


def run(command: Command, watched: Processes | None = None) -> Sample:
    """Run a program to its end.

    Watching the memory of its processes costs a little time. The peak is the highest sum of the high-water marks
    (VmHWM) of those that were there together: sampled late, it loses nothing but what is allocated at the very end.

    Raises:
        RuntimeError: it failed, with the end of what it said, or took longer than LONGEST_SECONDS.

    """
    begun = time.perf_counter()
    with _started(command) as (process, output):
        peak = _wait(process, watched)
        seconds = time.perf_counter() - begun
        if process.returncode:
            output.seek(0)
            said = output.read().strip()[-_SAID_CHARACTERS:]
            raise RuntimeError(f"{Path(command.words[0]).name} ended with {process.returncode}\n{said}")
    return Sample(seconds, peak)


def alone(pid: int) -> Iterator[int]:
    """Give the process itself."""
    yield pid


def together(pid: int) -> Iterator[int]:
    """Give the process and all that are below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended meanwhile
            for child in children.read_text().split():
                yield from together(int(child))


def compare(
    name: str, ours: Callable[[int], Command], peer: Callable[[int], Command], times: int, limit: float
) -> Comparison:
    """Run both in turn, each first every other time; each gets the number of the run, to find its own fresh place."""
    programs = {"ours": ours, "peer": peer}
    samples: dict[str, list[Sample]] = {"ours": [], "peer": []}
    order = list(programs)
    for number in range(times):
        for program in order:
            samples[program].append(run(programs[program](number)))
        order.reverse()
    return Comparison(name, tuple(samples["ours"]), tuple(samples["peer"]), limit)


@contextmanager
def _started(command: Command) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Start a program, its output in a file; no process of its is there afterwards, whatever happens."""
    with Path(command.lines or os.devnull).open() as lines, TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command.words,
            env=command.environment,
            stdin=lines,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process, output
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[str], watched: Processes | None) -> int:
    """Wait for the end on a descriptor: `Popen.wait` would only look 20 times a second."""
    deadline = time.monotonic() + LONGEST_SECONDS
    peak = 0
    ending = os.pidfd_open(process.pid)
    try:
        while not select([ending], [], [], _SAMPLE_SECONDS if watched else LONGEST_SECONDS)[0]:
            if time.monotonic() >= deadline:
                raise RuntimeError(f"longer than {LONGEST_SECONDS:.0f} s")
            if watched:
                peak = max(peak, sum(map(_high_water, watched(process.pid))))
    finally:
        os.close(ending)
    process.wait()
    return peak


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
