"""Where the blobs of an export come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from promoter.bundle.parts import Part
from promoter.model.manifest import Descriptor
from promoter.promotion.bringing.image import Image
from promoter.registry.repository import Repository


class Supply:
    """Gives the blobs of images, each got from a registry at most once.

    Args:
        there: blobs that are on disk already, and have been checked.

    """

    def __init__(self, there: Mapping[str, Part]) -> None:
        self.there = there
        self._origins: dict[str, tuple[Repository, Descriptor]] = {}
        self._read: dict[str, bytes] = {}

    def add(self, repository: Repository, image: Image) -> None:
        """Take note of where an image is; its manifests are known by now."""
        self._read |= {manifest.digest: manifest.content for manifest in image.manifests}
        self._origins |= {blob.digest: (repository, blob) for blob in image.blobs}

    def small(self, blob: Descriptor) -> bytes:
        """Return a blob of a few kilobytes whole, which is kept.

        Raises:
            NotFound, NotPermitted, Unreachable, VerificationFailed: it cannot be had.

        """
        if blob.digest in self.there:
            return b"".join(self.there[blob.digest].chunks())
        repository, _ = self._origins[blob.digest]
        return self._read.setdefault(blob.digest, repository.read_blob(blob))

    def deliver(
        self,
        digest: str,
        take: Callable[[Iterable[bytes]], None],
        count: Callable[[Iterable[bytes]], Iterator[bytes]],
    ) -> None:
        """Let a blob be taken; again from its first byte if it broke off.

        Args:
            digest: the blob.
            take: takes its bytes.
            count: passes on what comes.

        Raises:
            NotFound, NotPermitted, Unreachable, VerificationFailed: it cannot be had.

        """
        if digest in self._read:
            take(count([self._read[digest]]))
            return
        repository, blob = self._origins[digest]
        repository.session.http.persist(lambda: take(count(repository.blob(blob))))
