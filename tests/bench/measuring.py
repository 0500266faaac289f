"""Timing whole processes, in pairs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Sample:
    """One run of a process: its wall time, and the most memory that it alone held at a time."""

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


def run(command: Sequence[str], *, watch_memory: bool = False) -> Sample:
    """Run a process to its end.

    Watching the memory costs a little time; the peak is the kernel's own high-water mark (VmHWM), so that sampling it
    late loses nothing but what is allocated at the very end.

    Raises:
        RuntimeError: it failed; with what it said.

    """
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = _watch(process) if watch_memory else 0
    said, _ = process.communicate()
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said}")
    return Sample(seconds, peak)


def compare(
    name: str, ours: Callable[[int], Sequence[str]], peer: Callable[[int], Sequence[str]], times: int, limit: float
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


def _watch(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status")
    peak = 0
    while process.poll() is None:
        peak = max(peak, _high_water(status))
        time.sleep(_SAMPLE_SECONDS)
    return peak


def _high_water(status: Path) -> int:
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
