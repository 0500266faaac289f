"""What came out: times, counts, and what was not reached."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from tests.bench.cases import REPEATED, Case
from tests.bench.peers import OURS
from tests.bench.workloads import Workload
from tests.support.registries import Recording


class Wire(NamedTuple):
    """What one run asked of both registries.

    Args:
        requests: all of them, those that were answered with 401 too.
        uploads: blobs of the images that were uploaded to the end.
        other_uploads: other blobs that were, such as a record's.
        mounts: blobs that were mounted from another repository.
        bytes_up: the bytes of all uploads.
        downloads: blobs that were read from the source.
        bytes_down: their bytes.
        blob_requests: requests that are about a blob, on either side.
        manifest_puts: manifests that were put.

    """

    requests: int
    uploads: int
    other_uploads: int
    mounts: int
    bytes_up: int
    downloads: int
    bytes_down: int
    blob_requests: int
    manifest_puts: int


@dataclass
class Entry:
    """What one tool made of one phase of a case; `failure` says what went wrong, if anything did."""

    seconds: list[float] = field(default_factory=list)
    wire: Wire | None = None
    failure: str = ""

    @property
    def median(self) -> float | None:
        """The median of the seconds; None if there is none that counts."""
        return None if self.failure or not self.seconds else median(self.seconds)


@dataclass(frozen=True)
class Row:
    """One phase of a case, by every tool."""

    case: Case
    phase: str
    work: str
    workload: Workload
    entries: dict[str, Entry]

    @property
    def best_peer(self) -> str | None:
        """The peer with the lowest median, if any has one."""
        medians = {tool: entry.median for tool, entry in self.entries.items() if tool != OURS}
        known = {tool: seconds for tool, seconds in medians.items() if seconds is not None}
        return min(known, key=known.__getitem__, default=None)

    @property
    def best_seconds(self) -> float | None:
        """The best peer's median."""
        return self.entries[self.best_peer].median if self.best_peer else None

    @property
    def ratio(self) -> float | None:
        """Our median in units of the best peer's."""
        ours, best = self.entries[OURS].median, self.best_seconds
        return ours / best if ours and best else None

    @property
    def limit(self) -> float | None:
        """What the ratio has to stay below."""
        return self.case.limits.get(self.phase)

    def missed(self) -> list[str]:
        """Say what was not reached."""
        entry = self.entries[OURS]
        if entry.failure:
            return [f"{self.work}: {OURS} failed"]
        said = [] if entry.wire is None else self._wasted(entry.wire)
        if self.limit is not None and (self.ratio is None or self.ratio > self.limit):
            said.append("the ratio")
        return [f"{self.work}: {what}" for what in said]

    def _wasted(self, wire: Wire) -> list[str]:
        distinct = len(self.workload.blobs)
        if self.phase == REPEATED:
            wasted = {"no manifest is put": wire.manifest_puts, "no blob is asked for": wire.blob_requests}
        else:
            wasted = {
                "every blob is uploaded once": wire.uploads - distinct,
                "no blob is downloaded twice": max(0, wire.downloads - distinct),
            }
        return [promise for promise, count in wasted.items() if count]


class Peak(NamedTuple):
    """The most memory that all processes of a run held together; without an end if it failed."""

    work: str
    kib: float
    limit_kib: float


def wire(read: Recording, written: Recording, blobs: Collection[str]) -> Wire:
    """Count what was read from the source and written to the destination, for images of these blobs."""
    ours = sum(digest in blobs for digest in written.uploads)
    downloads = read.matching("GET", "/blobs/", 200)
    return Wire(
        requests=len(read.requests) + len(written.requests),
        uploads=ours,
        other_uploads=len(written.uploads) - ours,
        mounts=len(written.mounts),
        bytes_up=written.uploaded_bytes,
        downloads=len(downloads),
        bytes_down=sum(request.response_bytes for request in downloads),
        blob_requests=sum("/blobs/" in request.path for request in (*read.requests, *written.requests)),
        manifest_puts=len(written.manifest_puts),
    )
