"""Runs promoter and tells where its time goes, waiting included: `python -m tests.bench.profiling release …`.

All threads are looked at a thousand times a second. cProfile knows one thread only.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

from promoter.cli.main import main

_INTERVAL_SECONDS = 0.001
_SHOWN = 40


class Sampler(threading.Thread):
    """Counts in how many samples, over all threads, each function was under way, and in how many it was the last."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.begun = time.perf_counter()
        self.under_way: Counter[CodeType] = Counter()
        self.innermost: Counter[CodeType] = Counter()
        self.samples = 0
        self._over = threading.Event()

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(_INTERVAL_SECONDS):
            self.samples += 1
            for thread, frame in sys._current_frames().items():
                if thread != self.ident:
                    self.innermost[frame.f_code] += 1
                    self.under_way.update(set(_codes(frame)))

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def report(self) -> Iterator[str]:
        """Give the functions that took most, in seconds added up over all threads."""
        elapsed = time.perf_counter() - self.begun
        each = elapsed / max(1, self.samples)
        yield f"{elapsed:.2f} s, {self.samples} samples"
        yield f"{'within':>8} {'itself':>8}  (seconds, all threads)"
        for code, count in self.under_way.most_common(_SHOWN):
            place = f"{Path(code.co_filename).name}:{code.co_firstlineno}"
            yield f"{count * each:8.2f} {self.innermost[code] * each:8.2f}  {place} {code.co_qualname}"


def _codes(frame: FrameType | None) -> Iterator[CodeType]:
    while frame:
        yield frame.f_code
        frame = frame.f_back


if __name__ == "__main__":
    sampler = Sampler()
    sampler.start()
    exit_code = main(sys.argv[1:])
    sampler.stop()
    print("\n".join(sampler.report()), file=sys.stderr)
    sys.exit(exit_code)
