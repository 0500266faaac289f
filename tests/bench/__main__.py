"""Runs the benchmarks and prints their tables; ends with 1 if a number is not reached."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields

from tests.bench import components, report, single
from tests.bench.cases import CASES
from tests.bench.measuring import Comparison, alone, run
from tests.bench.peers import Job, promoter
from tests.bench.releases import Bench
from tests.bench.results import Peak, Row
from tests.bench.setting import Setting, setting
from tests.bench.workloads import Sizes
from tests.support.repository import ROOT

DOCUMENT = ROOT / "docs/benchmarks.md"
LARGE_MEGABYTES = 1500
MEMORY_LIMIT_KIB = 80 * 1024
RELEASES = {case.name: case for case in CASES}
REMEMBERED = ("large", "shared", "small")
SINGLE: dict[str, Callable[[Setting], Comparison]] = {
    "fresh-image": single.fresh_image,
    "unchanged-image": single.unchanged_image,
    "same-registry": single.same_registry,
    "start-up": single.start_up,
    "components": components.checked_components,
}
MEMORY = "memory"
NAMES = (*SINGLE, *RELEASES, MEMORY)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; all of it, at the usual sizes, is written to the document too."""
    asked = _parse(arguments)
    sizes = Sizes(**{field.name: getattr(asked, field.name) for field in fields(Sizes)})
    with setting() as place:
        bench = Bench(place, sizes, asked.times, asked.parallel, _say)
        if asked.profile:
            return _profile(bench, asked.only)
        comparisons = [case(place) for name, case in SINGLE.items() if name in asked.only]
        rows = [row for name, case in RELEASES.items() if name in asked.only for row in bench.measure(case)]
        peaks = [*_memory_of_the_helper(place), *_memory_of_releases(bench)] if MEMORY in asked.only else []
    measured = _tables(comparisons, rows, peaks)
    print(f"\n{measured}")
    if asked.only == list(NAMES) and sizes == Sizes():
        report.write_document(DOCUMENT, measured)
    missed = _missed(comparisons, rows, peaks)
    if missed:
        print("\nNot reached:", *missed, sep="\n  ")
    return 1 if missed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="CASE", help=", ".join(NAMES))
    parser.add_argument("--profile", action="store_true", help="run promoter release alone; tell where its time goes")
    parser.add_argument("--times", type=_positive, default=3, help="how often each runs (default: %(default)s)")
    parser.add_argument("--parallel", type=_positive, default=8, help="of a peer, at a time (default: %(default)s)")
    for field in fields(Sizes):
        flag = f"--{field.name.replace('_', '-')}"
        parser.add_argument(flag, type=_positive, default=field.default, help="(default: %(default)s)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no whole number above 0")
    return int(text)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _profile(bench: Bench, names: Sequence[str]) -> int:
    for name in names:
        if name in RELEASES:
            with bench.job(RELEASES[name]) as (job, _):
                _say(f"\n{name}:")
                exit_code = _run_profiled(job)
            if exit_code:
                return exit_code
    return 0


def _run_profiled(job: Job) -> int:
    command = promoter(job)
    words = [sys.executable, "-m", "tests.bench.profiling", *command.words[1:]]
    return subprocess.run(words, env=command.environment, cwd=ROOT, check=False).returncode


def _memory_of_the_helper(place: Setting) -> list[Peak]:
    """Return the most memory that the helper itself held for a small and for a large image."""
    peaks = []
    for megabytes in (single.FRESH_MEGABYTES, LARGE_MEGABYTES):
        source = single.image(place, f"memory-{megabytes}", megabytes)
        command = single.promote(place, source, f"{place.with_password().host}/shop/web:1")
        sample = run(command, alone)
        peaks.append(Peak(f"the helper, one image of {megabytes} MB", sample.peak_kib, MEMORY_LIMIT_KIB))
    return peaks


def _memory_of_releases(bench: Bench) -> list[Peak]:
    return bench.peaks([RELEASES[name] for name in REMEMBERED], single=RELEASES["large"])


def _tables(comparisons: Sequence[Comparison], rows: Sequence[Row], peaks: Sequence[Peak]) -> str:
    tables = [
        report.machine(),
        report.single_table(comparisons) if comparisons else "",
        report.ratio_table(rows) if rows else "",
        report.memory_table(peaks) if peaks else "",
        report.wire_table(rows) if rows else "",
    ]
    return "\n\n".join(filter(None, tables))


def _missed(comparisons: Sequence[Comparison], rows: Sequence[Row], peaks: Sequence[Peak]) -> list[str]:
    missed = [row.name for row in comparisons if row.ratio > row.limit]
    missed += [what for row in rows for what in row.missed()]
    return missed + [peak.work for peak in peaks if peak.kib > peak.limit_kib]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # takes everything down on the way out
    sys.exit(main())
