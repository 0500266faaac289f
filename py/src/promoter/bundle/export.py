"""Export images into a bundle."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from promoter.bundle.collecting import Found, contents_of, look_at_all, manifests_of
from promoter.bundle.directory import open_directory
from promoter.bundle.layout import CONTENTS, blob_name, small_files
from promoter.bundle.listing import find_places
from promoter.bundle.opening import Bundle, open_base, open_bundle
from promoter.bundle.supply import Supply
from promoter.bundle.verification import verify
from promoter.bundle.writing import TarFile, new_file
from promoter.errors import VerificationFailed, WrongUsage
from promoter.model.bundle import BundleContents, ExportBundleRequest, ExportBundleResult, ExportedBlobs, ExportedImage
from promoter.parallel import each
from promoter.promotion.places import Places
from promoter.release.progress import Progress


class Load(NamedTuple):
    """What is written.

    Args:
        found: the images, by the `name:tag` that they have in the bundle.
        contents: what the bundle says of itself.
        small: its files but the blobs, in their order.
        supply: gives the blobs.

    """

    found: dict[str, Found]
    contents: BundleContents
    small: dict[str, bytes]
    supply: Supply

    @property
    def missing(self) -> list[str]:
        """The blobs that are not on disk."""
        return [digest for digest in self.contents.held if digest not in self.supply.there]

    @property
    def to_fetch(self) -> list[str]:
        """The blobs that come from registries; manifests are known by now."""
        return [digest for digest in self.missing if digest not in self.contents.manifests]


def export_bundle(request: ExportBundleRequest, places: Places) -> ExportBundleResult:
    """Write images, with all that travels along, into a file, or into a directory.

    When this returns, the bundle was read back whole, and everything in it has the digest that the registry had. When
    it raises, there is no bundle; in a directory, what has come stays, for another try.

    Raises:
        PromoterError: see `promoter.errors`.

    """
    begun = time.monotonic()
    _require_form(request)
    output = Path(request.output)
    base = open_base(Path(request.base)) if request.base else None

    def load(supply: Supply) -> Load:
        found = look_at_all(find_places(request, places), places)
        contents = contents_of(found, supply, base, request.only_for)
        return Load(found, contents, small_files(contents, manifests_of(found.values())), supply)

    into = _into_directory if request.output.endswith(os.sep) or output.is_dir() else _into_file
    written, bundle = into(output, load, places)
    result = _result(request, written, bundle)
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _require_form(request: ExportBundleRequest) -> None:
    """See that nothing is empty: a bundle for nowhere in particular would be taken anywhere."""
    if not request.output:
        raise WrongUsage("It is not said where to.", "Add --output FILE, or --output DIRECTORY/.")
    for flag, text in (("--base", request.base), ("--only-for", request.only_for)):
        if text == "":
            raise WrongUsage(f"{flag} names nothing.", "Name something, or leave it out.")


def _into_file(output: Path, load: Callable[[Supply], Load], places: Places) -> tuple[Load, Bundle]:
    with new_file(output) as (file, path):
        loaded = load(Supply({}))
        tar = TarFile(file)
        for name, content in loaded.small.items():
            tar.taking(name, len(content))([content])
        with _progress(loaded, places) as progress:
            for digest in loaded.contents.held:
                take = tar.taking(blob_name(digest), loaded.contents.blobs[digest])
                loaded.supply.deliver(digest, take, progress.bytes)
        tar.close()
        return loaded, _read_back(path, loaded, places)


def _into_directory(output: Path, load: Callable[[Supply], Load], places: Places) -> tuple[Load, Bundle]:
    with open_directory(output) as directory:
        loaded = load(Supply(directory.there))
        directory.require_fitting(loaded.contents, loaded.small)
        with _progress(loaded, places) as progress:

            def fetch(digest: str) -> None:
                loaded.supply.deliver(digest, directory.taking(blob_name(digest)), progress.bytes)

            each(fetch, loaded.missing)
        for name, content in reversed(loaded.small.items()):
            directory.taking(name)([content])
        try:
            return loaded, _read_back(output, loaded, places)
        except BaseException:
            directory.take_back()
            raise


def _progress(loaded: Load, places: Places) -> Progress:
    return Progress(0, sum(loaded.contents.blobs[digest] for digest in loaded.missing), places.say)


def _read_back(path: Path, loaded: Load, places: Places) -> Bundle:
    """See that what was written is a bundle, and this one."""
    places.say("reading back what was written")
    try:
        bundle = open_bundle(path)
        verify(bundle, places.deadline)
    except VerificationFailed as failure:
        failure.remedy = "The disk does not give back what was written to it; look at it, or name another place."
        raise
    if bundle.text != loaded.small[CONTENTS]:
        raise VerificationFailed(
            f"{path} has another {CONTENTS} than was written.", "Look who else writes there, then run this again."
        )
    return bundle


def _result(request: ExportBundleRequest, loaded: Load, bundle: Bundle) -> ExportBundleResult:
    contents = loaded.contents
    layers = contents.blobs.keys() - contents.manifests.keys()
    fetched, left_out = len(loaded.to_fetch), len(contents.left_out)
    return ExportBundleResult(
        status="exported",
        destination=request.output,
        digest=bundle.digest,
        images=tuple(_exported(image.source, str(image), loaded.found[str(image)]) for image in contents.images),
        blobs=ExportedBlobs(
            total=len(layers), fetched=fetched, left_out=left_out, present=len(layers) - fetched - left_out
        ),
        size=sum(part.size for part in bundle.parts.values()),
        base=contents.base.digest if contents.base else None,
    )


def _exported(source: str, name: str, found: Found) -> ExportedImage:
    return ExportedImage(
        image=name, source=f"{source}:{found.place.tag}", digest=found.image.top.digest, companions=len(found.attached)
    )
