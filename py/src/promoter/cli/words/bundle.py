"""What people read of bundles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import columns, size
from promoter.cli.words.release import release_words
from promoter.model.base import Model
from promoter.model.bundle import ExportBundleResult, ImportBundleResult


def _exported(result: ExportBundleResult) -> list[str]:
    blobs = result.blobs
    moved = f"{blobs.fetched} fetched, {blobs.present} present, {blobs.left_out} left to the base"
    return [
        *columns((f"{image.image}", image.digest, f"{image.companions} attached") for image in result.images),
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        *([f"  continues  {result.base}"] if result.base else []),
        f"  blobs      {blobs.total}: {moved}",
        f"  size       {size(result.size)}",
        f"  took       {result.duration_seconds:.1f} s",
    ]


def _imported(result: ImportBundleResult) -> list[str]:
    return [*release_words(result), f"  bundle     {result.bundle}"]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    ExportBundleResult: _exported,
    ImportBundleResult: _imported,
}
