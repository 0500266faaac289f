"""Looking at what a release would bring, and how long that might take; nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Iterable

from promoter.model.promotion import BlobCounts
from promoter.parallel import each
from promoter.promotion.bringing.copying import shows
from promoter.registry.repository import Repository
from promoter.release.staging import Cargo, Demand, Traffic, demands

_SAMPLE_SECONDS = 1.0


def survey(cargoes: Iterable[Cargo], at_once: int) -> Traffic:
    """Ask for all blobs where they are needed, and read for a second from the largest one that is missing.

    The seconds are those of the bytes, one blob after the other, as fast as that one came; what it takes besides, and
    what it gains by bringing several at once, is not known beforehand.

    Args:
        cargoes: what would be brought.
        at_once: how many requests are under way at most.

    Raises:
        NotPermitted, Unreachable: a registry does not let itself be looked at.

    """
    wanted = demands(cargoes)
    needs = [(demand, name) for demand in wanted for name in demand.cargoes]
    ways = each(lambda need: _way(*need), needs, at_once)
    counts = {way: ways.count(way) for way in ("uploaded", "mounted", "present")}
    missing = [demand for (demand, _), way in zip(needs, ways, strict=True) if way == "uploaded"]
    size = sum(demand.blob.size for demand in missing)
    seconds = size / _bytes_a_second(missing[0]) if size else None
    return Traffic(BlobCounts(total=len(ways), **counts), size, seconds)


def _way(demand: Demand, name: str) -> str:
    """Tell how a repository would get a blob: the first one that needs it brings it for the others, too."""
    cargo = demand.cargoes[name][0]
    repository = cargo.destination.repository
    if cargo.source.shares_repository(cargo.destination) or repository.has_blob(demand.blob.digest):
        return "present"
    if cargo is not _first(demand):
        return "mounted"
    near = (Repository(repository.session, origin, "pull") for origin in cargo.origins)
    return "mounted" if any(shows(origin, demand.blob) for origin in near) else "uploaded"


def _first(demand: Demand) -> Cargo:
    return next(iter(demand.cargoes.values()))[0]


def _bytes_a_second(demand: Demand) -> float:
    """Read a blob for as long as a second."""
    repository = _first(demand).source.repository

    def read() -> float:
        seen, begun = 0, time.monotonic()
        for chunk in repository.blob(demand.blob):
            seen += len(chunk)
            if time.monotonic() - begun > _SAMPLE_SECONDS:
                break
        return seen / (time.monotonic() - begun)

    return repository.session.http.persist(read)
