"""An image as a directory: an OCI layout (OCI image spec, "Image Layout") with one image in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from promoter.errors import VerificationFailed
from promoter.model.manifest import Descriptor, Manifest, read_manifest
from promoter.parallel import each
from promoter.promotion.bringing.putting import put_manifests
from promoter.registry.repository import Repository

_CHUNK = 1024 * 1024


class Layout(NamedTuple):
    """An image in a directory.

    Args:
        directory: the layout.
        image: its manifest.

    """

    directory: Path
    image: Manifest

    def push(self, repository: Repository) -> None:
        """Push the image by digest: what the repository lacks, and the manifest last. No tag is touched.

        Raises:
            NotPermitted, Unreachable: it is not there now.

        """
        blobs = {blob.digest: blob for blob in self.image.blobs}
        each(partial(self._push, repository), blobs.values())
        put_manifests(repository, [self.image])

    def _push(self, repository: Repository, blob: Descriptor) -> None:
        if not repository.has_blob(blob.digest):
            repository.upload(blob, partial(self._content, blob))

    def _content(self, blob: Descriptor) -> Iterator[bytes]:
        with _blob(self.directory, blob.digest).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def read_layout(directory: Path) -> Layout:
    """Read a layout.

    Raises:
        VerificationFailed: it is none, or holds something else than one image.

    """
    try:
        (entry,) = json.loads((directory / "index.json").read_bytes())["manifests"]
        image = read_manifest(_blob(directory, entry["digest"]).read_bytes(), entry["mediaType"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise VerificationFailed(
            f"What was built is no image that can be pushed: {error}.", "Look whether the disk is full; run this again."
        ) from error
    return Layout(directory, image)


def _blob(directory: Path, digest: str) -> Path:
    algorithm, _, encoded = digest.partition(":")
    return directory / "blobs" / algorithm / encoded
