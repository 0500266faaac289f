"""Bringing all images of a release to where they go, touching no tag.

Each distinct blob crosses the network once for each registry: from the source's registry straight into the first
repository that needs it, piece by piece. All others mount it from there. An image's manifests follow as soon as its
blobs are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from threading import Lock, Semaphore
from typing import NamedTuple

from promoter.model.manifest import Descriptor
from promoter.model.promotion import BlobCounts
from promoter.parallel import Crew
from promoter.promotion.bringing.companions import Convoy, find_companions
from promoter.promotion.bringing.copying import verify
from promoter.promotion.bringing.image import Image
from promoter.promotion.bringing.putting import put_manifests
from promoter.promotion.places import Place
from promoter.release.progress import Progress
from promoter.release.troubles import Troubles

_LARGE_BYTES = 1_000_000
_LARGE_AT_ONCE = 8
"""How many large blobs are on their way at a time: these are limited by bandwidth, small ones by waiting."""


class Cargo(NamedTuple):
    """An image, and a repository that it goes to.

    Args:
        source: where it is.
        destination: where it goes.
        image: all of it.
        mount_from: repositories of the destination's registry to mount blobs from.
        tags: the destinations' tags that it is brought for.

    """

    source: Place
    destination: Place
    image: Image
    mount_from: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def origins(self) -> list[str]:
        """The repositories of the destination's registry to mount from, the source's first if it is one."""
        near = [self.source.repository.name] if self.source.shares_registry(self.destination) else []
        return [name for name in (*near, *self.mount_from) if name != self.destination.repository.name]


class Traffic(NamedTuple):
    """What is brought.

    Args:
        counts: how the blobs get to where they are needed; one that two repositories need is counted twice.
        bytes: how many are uploaded.
        seconds: how long that would take, where it was measured.

    """

    counts: BlobCounts = BlobCounts()
    bytes: int = 0
    seconds: float | None = None


class Demand(NamedTuple):
    """A blob that a registry needs.

    Args:
        blob: the blob.
        cargoes: those that have it in them, by the repository that they go to.

    """

    blob: Descriptor
    cargoes: dict[str, list[Cargo]]


def demands(cargoes: Iterable[Cargo]) -> list[Demand]:
    """Return the distinct blobs of each registry, the largest first: they take longest."""
    found: dict[tuple[str, str], Demand] = {}
    for cargo in cargoes:
        repository = cargo.destination.repository
        for blob in cargo.image.blobs:
            demand = found.setdefault((repository.session.host, blob.digest), Demand(blob, {}))
            demand.cargoes.setdefault(repository.name, []).append(cargo)
    return sorted(found.values(), key=lambda demand: demand.blob.size, reverse=True)


def size_of(wanted: Iterable[Demand]) -> int:
    """Return how many bytes they have, each blob once."""
    return sum(demand.blob.size for demand in wanted)


class Staging:
    """Brings cargoes.

    Args:
        cargoes: what is to be brought, each image to each repository once.
        crew: does the work.
        troubles: hears of what goes wrong.
        progress: hears of what was done.

    """

    def __init__(self, cargoes: Iterable[Cargo], crew: Crew, troubles: Troubles, progress: Progress) -> None:
        self._cargoes = list(cargoes)
        self._crew = crew
        self._troubles = troubles
        self._progress = progress
        self._large = Semaphore(_LARGE_AT_ONCE)
        self._awaited = {id(cargo): len(cargo.image.blobs) for cargo in self._cargoes}
        self._lock = Lock()
        self._counts = {"uploaded": 0, "mounted": 0, "present": 0}
        self._bytes = 0

    @property
    def traffic(self) -> Traffic:
        """What was brought so far."""
        return Traffic(BlobCounts(total=sum(self._counts.values()), **self._counts), self._bytes)

    def bring_blobs(self, wanted: Iterable[Demand]) -> None:
        """Bring blobs to the first repository that needs each, and nothing else.

        Raises:
            PromoterError: what the first failure was, unless the release keeps going.

        """
        for demand in wanted:
            self._crew.add(partial(self._lead, demand))
        self._crew.work()

    def bring(self, wanted: Iterable[Demand]) -> None:
        """Bring everything: the blobs that are wanted, and the manifests of all cargoes.

        Raises:
            PromoterError: what the first failure was, unless the release keeps going.

        """
        for demand in wanted:
            self._crew.add(partial(self._bring, demand))
        for cargo in self._cargoes:
            if not cargo.image.blobs:
                self._crew.add(partial(self._complete, cargo))
        self._crew.work()

    def _bring(self, demand: Demand) -> None:
        """Bring a blob into the first repository that needs it, and let the others mount it from there.

        If it cannot be brought there, the next one is the first.
        """
        (name, _), *others = demand.cargoes.items()
        if self._lead(demand):
            for _, more in others:
                self._crew.add(partial(self._have, demand.blob, more, [name]))
        elif others:
            self._crew.add(partial(self._bring, Demand(demand.blob, dict(others))))

    def _lead(self, demand: Demand) -> bool:
        """See to it that the first repository that needs a blob has it, and tell whether it has."""
        cargoes = next(iter(demand.cargoes.values()))
        way = self._have(demand.blob, cargoes, cargoes[0].origins)
        if way in ("mounted", "present"):
            self._progress.spare(demand.blob.size)
        return way is not None

    def _have(self, blob: Descriptor, cargoes: list[Cargo], origins: list[str]) -> str | None:
        """See to it that the repository of some cargoes has a blob; tell how it got there, or nothing if it did not."""
        tags = [tag for cargo in cargoes for tag in cargo.tags]
        if all(map(self._troubles.of, tags)):
            return None
        way = self._troubles.attempt(tags, lambda: self._settle(blob, cargoes[0], origins))
        if way is None:
            return None
        with self._lock:
            self._counts[way] += 1
            self._bytes += blob.size if way == "uploaded" else 0
        for cargo in cargoes:
            if self._is_last(cargo):
                self._crew.add(partial(self._complete, cargo))
        return way

    def _settle(self, blob: Descriptor, cargo: Cargo, origins: list[str]) -> str:
        """See to it that a cargo's repository has a blob, which something that travels along may bring just then."""
        repository = cargo.destination.repository
        with repository.session.arrival(repository.name, blob.digest):
            return _have(blob, cargo, origins, self._progress, self._large)

    def _is_last(self, cargo: Cargo) -> bool:
        """Take note that one of a cargo's blobs, or of what travels along, is there; tell whether it was the last."""
        with self._lock:
            self._awaited[id(cargo)] -= 1
            return self._awaited[id(cargo)] == 0

    def _complete(self, cargo: Cargo) -> None:
        self._troubles.attempt(cargo.tags, partial(self._put, cargo))

    def _put(self, cargo: Cargo) -> None:
        """Put an image's manifests once its blobs are there, and let what travels along follow."""
        convoy = _put(cargo)
        self._awaited[id(cargo)] = len(convoy.steps)
        for step in convoy.steps:
            self._crew.add(partial(self._follow, cargo, convoy, step))
        if not convoy.steps:
            self._arrive(cargo, convoy)

    def _follow(self, cargo: Cargo, convoy: Convoy, step: Callable[[], None]) -> None:
        def bring() -> None:
            step()
            if self._is_last(cargo):
                self._arrive(cargo, convoy)

        if not any(map(self._troubles.of, cargo.tags)):
            self._troubles.attempt(cargo.tags, bring)

    def _arrive(self, cargo: Cargo, convoy: Convoy) -> None:
        """See that all of an image is there."""
        convoy.see_listed()
        verify(cargo.destination, cargo.image)
        first, *others = cargo.tags
        self._progress.image(f"{first} (one of {len(cargo.tags)} tags)" if others else first)


def _have(blob: Descriptor, cargo: Cargo, origins: list[str], progress: Progress, large: Semaphore) -> str:
    """See to it that a cargo's repository has a blob: `present` already, `mounted` from another one, or `uploaded`.

    Asking for a mount is asking whether it is there, and opens the upload if it is not: one request in place of two.

    Args:
        blob: the blob.
        cargo: says where from and where to.
        origins: repositories of the same registry to mount from.
        progress: hears of the bytes.
        large: lets so many large blobs through at a time.

    """
    repository = cargo.destination.repository
    if cargo.source.shares_repository(cargo.destination):
        return "present"
    if any(repository.mount(blob.digest, origin) for origin in origins):
        return "mounted"
    upload = repository.mount_or_open(blob.digest, repository.name)
    if upload is None:
        return "present"
    with large if blob.size >= _LARGE_BYTES else nullcontext():
        repository.upload(blob, lambda: progress.bytes(cargo.source.repository.blob(blob)), upload)
    return "uploaded"


def _put(cargo: Cargo) -> Convoy:
    """Put an image's manifests once its blobs are there; return what travels along."""
    source, destination, image = cargo.source, cargo.destination, cargo.image
    if not source.shares_repository(destination):
        put_manifests(destination.repository, image.manifests)
    return Convoy(source, destination, find_companions(source, destination, image))
