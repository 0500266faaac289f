"""An image as a whole: its manifest or index, the manifests below it, and all their blobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from promoter.errors import NotFound
from promoter.model.manifest import Descriptor, Manifest, platform_name
from promoter.parallel import each
from promoter.registry.repository import Repository


class Image(NamedTuple):
    """Everything that a digest stands for.

    Args:
        manifests: children first, the one that the digest names last: the order in which a registry takes them.

    """

    manifests: tuple[Manifest, ...]

    @property
    def top(self) -> Manifest:
        """The manifest or index that the digest names."""
        return self.manifests[-1]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All distinct blobs."""
        return tuple({blob.digest: blob for manifest in self.manifests for blob in manifest.blobs}.values())

    @property
    def size(self) -> int:
        """Bytes of all distinct blobs."""
        return sum(blob.size for blob in self.blobs)


def look_into(repository: Repository, top: Manifest) -> Image:
    """Get all manifests below one.

    Raises:
        NotFound: one is not there.
        VerificationFailed: one has not its digest's bytes, or is no manifest.

    """
    try:
        manifests = tuple({manifest.digest: manifest for manifest in _below(repository, top)}.values())
    except NotFound as error:
        raise NotFound(
            f"Parts of {repository.reference(top.digest)} are gone: {error.message}",
            "Build it again, or promote another one.",
        ) from error
    return Image(manifests)


def _below(repository: Repository, manifest: Manifest) -> Iterator[Manifest]:
    """Yield the manifests below one, and the one itself last."""
    for child in each(lambda entry: repository.manifest(entry.digest), manifest.children):
        yield from _below(repository, child)
    yield manifest


def platforms_of(repository: Repository, image: Image) -> tuple[str, ...]:
    """Return the platforms an index states, or the one its config states for a single image."""
    top = image.top
    if top.is_index:
        return tuple(child.platform for child in top.children if child.platform)
    config = repository.config(top)
    return (platform_name(config),) if "architecture" in config else ()
