"""Getting an image's content to its destination, by digest: mount what is near, let an engine bring the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from promoter.errors import NotFound, NotPermitted, VerificationFailed
from promoter.model.manifest import Descriptor
from promoter.model.promotion import BlobCounts
from promoter.parallel import each
from promoter.promotion.bringing.image import Image
from promoter.promotion.bringing.putting import put_manifests
from promoter.promotion.places import Place
from promoter.registry.repository import Repository


class Survey(NamedTuple):
    """Where an image's blobs are, seen from the destination.

    Args:
        present: already in the destination's repository.
        mounted: made to appear there from another repository.
        missing: nowhere in reach; they have to be brought.

    """

    present: tuple[Descriptor, ...]
    mounted: tuple[Descriptor, ...]
    missing: tuple[Descriptor, ...]

    @property
    def counts(self) -> BlobCounts:
        """The numbers, taking it that what is missing will be uploaded."""
        present, mounted, missing = len(self.present), len(self.mounted), len(self.missing)
        return BlobCounts(total=present + mounted + missing, uploaded=missing, mounted=mounted, present=present)

    @property
    def bytes_missing(self) -> int:
        """Bytes to bring."""
        return sum(blob.size for blob in self.missing)

    @classmethod
    def of(cls, blobs: Iterable[Descriptor], where: Callable[[Descriptor], str]) -> Survey:
        """Ask for each blob whether it is `present`, `mounted` or `missing`."""
        needed = tuple(blobs)
        answers = each(where, needed)

        def those(kind: str) -> tuple[Descriptor, ...]:
            return tuple(blob for blob, answer in zip(needed, answers, strict=True) if answer == kind)

        return cls(those("present"), those("mounted"), those("missing"))


def survey(source: Place, destination: Place, image: Image, mount_from: Iterable[str]) -> Survey:
    """Look where the blobs are, changing nothing. What could be mounted counts as mounted: the promotion will do it."""
    repository = destination.repository
    near = [Repository(repository.session, name, "pull") for name in _origins(source, destination, mount_from)]

    def where(blob: Descriptor) -> str:
        if repository.has_blob(blob.digest):
            return "present"
        return "mounted" if any(shows(origin, blob) for origin in near) else "missing"

    return Survey.of(image.blobs, where)


def _origins(source: Place, destination: Place, mount_from: Iterable[str]) -> list[str]:
    """Return the repositories of the destination's registry to mount from, the source's first if it is one."""
    near = [source.repository.name] if source.shares_registry(destination) else []
    return [name for name in (*near, *mount_from) if name != destination.repository.name]


def shows(origin: Repository, blob: Descriptor) -> bool:
    """Tell whether a repository has a blob; one that may not be read shows none."""
    try:
        return origin.has_blob(blob.digest)
    except NotPermitted:
        return False


def copy(
    source: Place, destination: Place, image: Image, mount_from: Iterable[str], bring: Callable[[Survey], None]
) -> Survey:
    """Bring all blobs and manifests of an image to the destination's repository, touching no tag.

    Args:
        source: where it is.
        destination: where it goes.
        image: all of it.
        mount_from: repositories of the destination's registry to mount blobs from, besides the source's.
        bring: brings what is missing, and the manifests; asked if anything is.

    Raises:
        NotFound: the source lost a part meanwhile.
        NotPermitted, Unreachable: a registry did not let it happen.

    """
    if source.shares_repository(destination):
        return Survey(image.blobs, (), ())
    near = source.shares_registry(destination)
    there = mount(destination.repository, image.blobs, _origins(source, destination, mount_from), look_first=not near)
    if there.missing:
        bring(there)
    else:
        put_manifests(destination.repository, image.manifests)
    return there


def mount(repository: Repository, blobs: Iterable[Descriptor], origins: list[str], *, look_first: bool) -> Survey:
    """Mount from the named repositories whatever blobs can be.

    Args:
        repository: where the blobs shall be.
        blobs: the ones that are needed.
        origins: repositories of the same registry to try, in this order.
        look_first: ask for each blob before mounting it; not worth a request where all are known to be near.

    """

    def where(blob: Descriptor) -> str:
        if look_first and repository.has_blob(blob.digest):
            return "present"
        return "mounted" if any(repository.mount(blob.digest, origin) for origin in origins) else "missing"

    return Survey.of(blobs, where)


def bring_small(source: Repository, destination: Repository, blob: Descriptor, *, near: bool) -> None:
    """Bring a blob of a few kilobytes (of a signature, an attestation) without skopeo.

    skopeo keeps to images; signatures and attestations are artifacts of any shape.
    """
    if mount(destination, [blob], [source.name] if near else [], look_first=True).missing:
        destination.upload(blob, partial(source.blob, blob))


def verify(destination: Place, image: Image) -> None:
    """See that the destination has the image: the manifest's very bytes, and every manifest below it.

    Raises:
        VerificationFailed: it does not.

    """
    repository = destination.repository
    parts = [manifest.digest for manifest in image.manifests[:-1]]
    for digest, found in zip(parts, each(repository.find, parts), strict=True):
        if found is None or found.digest != digest:
            raise _lost(repository, digest)
    try:
        top = repository.manifest(image.top.digest)
    except NotFound as error:
        raise _lost(repository, image.top.digest) from error
    if top.content != image.top.content:
        raise VerificationFailed(
            f"{repository.reference(image.top.digest)} has other bytes.", "Do not use it; look at the registry's store."
        )


def _lost(repository: Repository, digest: str) -> VerificationFailed:
    return VerificationFailed(
        f"{repository.reference(digest)} is not there after the copy.",
        "The registry lost it, or prunes while images arrive. Nothing was flipped; run this again.",
    )
