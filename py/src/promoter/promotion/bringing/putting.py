"""Pushing manifests whose blobs are there."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.model.manifest import Manifest
from promoter.registry.repository import Repository


def put_manifests(repository: Repository, manifests: Iterable[Manifest]) -> None:
    """Push manifests by digest, in the order given."""
    for manifest in manifests:
        repository.put_manifest(manifest.content, manifest.media_type, manifest.digest)
