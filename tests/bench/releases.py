"""Many images: `promoter release` and its peers on the same workloads, each run counted and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from tests.bench import workloads
from tests.bench.cases import Case
from tests.bench.latency import slow_network
from tests.bench.measuring import Command, run, together
from tests.bench.peers import OURS, TOOLS, Job, Tool, promoter, skopeo_copy
from tests.bench.results import Entry, Peak, Row, wire
from tests.bench.setting import Setting
from tests.bench.workloads import DESTINATION_PROJECT, SOURCE_PROJECT, Maker, Sizes, Workload
from tests.support.registries import Registry

HOPELESS = 1.5
"""A peer that takes so many times as long as the best one, fresh and repeated, is not run again."""
MEMORY_LIMIT = 1.5


class Bench:
    """How releases are measured.

    Args:
        place: the registries.
        sizes: how much there is to do.
        times: how often each tool does it.
        parallel: how many images or requests a peer has under way at a time.
        say: is told of each run.
        tools: what is compared, ours among them.

    """

    def __init__(
        self,
        place: Setting,
        sizes: Sizes,
        times: int,
        parallel: int,
        say: Callable[[str], None],
        *,
        tools: Mapping[str, Tool] = TOOLS,
    ) -> None:
        self._place = place
        self._sizes = sizes
        self._times = times
        self._parallel = parallel
        self._say = say
        self._tools = tools
        self._brought: dict[Maker, Workload] = {}
        self._complete: dict[Maker, Registry] = {}

    def measure(self, case: Case) -> list[Row]:
        """Let every tool do a case, in turn, ours first every other time."""
        workload = self._workload(case)
        work = self._work(case)
        rows = [
            Row(case, phase, f"{work}, {phase}", workload, {tool: Entry() for tool in self._tools})
            for phase in case.phases
        ]
        order = list(self._tools)
        for _ in range(self._times):
            for tool in order:
                self._run(tool, case, rows)
            order = [tool for tool in reversed(order) if _runs_again(tool, rows)]
        return rows

    def peaks(self, cases: Sequence[Case], single: Case) -> list[Peak]:
        """Return our memory for each case, fresh, beside what `skopeo copy` takes for a case that is a single image."""
        limit = MEMORY_LIMIT * self._peak(single, skopeo_copy)
        return [Peak(f"{OURS}, {self._work(case)}", self._our_peak(case), limit) for case in cases]

    @contextmanager
    def job(self, case: Case) -> Iterator[tuple[Job, Registry]]:
        """Set a case up for one tool, with an empty destination unless it is one that has everything."""
        workload = self._workload(case)
        with self._destination(case) as destination, self._network(case) as reached:
            source, target = reached(self._place.source.host), reached(destination.host)
            yield self._place.job(workload.images, source, target, self._parallel), destination

    @contextmanager
    def _destination(self, case: Case) -> Iterator[Registry]:
        if case.standing:
            yield self._standing(case)
        else:
            with self._place.destination() as destination:
                yield destination

    def _network(self, case: Case) -> AbstractContextManager[Callable[[str], str]]:
        """Give what tells under which host a registry is reached."""
        if case.slow:
            return slow_network(self._place.directory, self._sizes.latency_milliseconds)
        return nullcontext(str)

    def _work(self, case: Case) -> str:
        return case.about.format(**vars(self._sizes))

    def _workload(self, case: Case) -> Workload:
        if case.make not in self._brought:
            workload = case.make(self._sizes)
            workloads.bring(workload, self._place.source, SOURCE_PROJECT)
            self._brought[case.make] = workload
        return self._brought[case.make]

    def _standing(self, case: Case) -> Registry:
        if case.make not in self._complete:
            destination = self._place.lasting_destination()
            workloads.bring(self._workload(case), destination, DESTINATION_PROJECT)
            self._complete[case.make] = destination
        return self._complete[case.make]

    def _our_peak(self, case: Case) -> float:
        try:
            return self._peak(case, promoter)
        except RuntimeError as error:
            self._say(f"{self._work(case)}: {OURS} {error}")
            return math.inf

    def _peak(self, case: Case, tool: Tool) -> int:
        with self.job(case) as (job, _):
            return run(tool(job), together).peak_kib

    def _run(self, tool: str, case: Case, rows: Sequence[Row]) -> None:
        """Let a tool do all phases, up to one that fails."""
        with self.job(case) as (job, destination):
            command = self._tools[tool](job)
            for row in rows:
                entry = row.entries[tool]
                try:
                    self._time(command, row.workload, destination, entry)
                except RuntimeError as error:
                    entry.failure = str(error)
                self._say(f"{row.work}: {tool} {entry.failure or f'{entry.seconds[-1]:.2f} s'}")
                if entry.failure:
                    return

    def _time(self, command: Command, workload: Workload, destination: Registry, entry: Entry) -> None:
        """Run a tool once, and insist that every digest is there; the registries' logs say what it asked for."""
        with destination.recording() as written, self._place.source.recording() as read:
            seconds = run(command).seconds
        missing = workloads.missing(workload, destination, DESTINATION_PROJECT)
        if missing:
            raise RuntimeError(f"{len(missing)} of {len(workload.images)} digests are not there, such as {missing[0]}")
        entry.seconds.append(seconds)
        entry.wire = wire(read, written, workload.blobs)


def _runs_again(tool: str, rows: Sequence[Row]) -> bool:
    if any(row.entries[tool].failure for row in rows):
        return False
    return tool == OURS or any(_keeps_up(row.entries[tool], row.best_seconds) for row in rows)


def _keeps_up(entry: Entry, best: float | None) -> bool:
    return entry.median is not None and best is not None and entry.median <= HOPELESS * best
