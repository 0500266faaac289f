"""Verifying a bundle: whole, undamaged, and with nothing in it that could lead elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from promoter.bundle.layout import BLOBS, SMALL, blob_name, files_around
from promoter.bundle.opening import Bundle
from promoter.bundle.parts import DAMAGED
from promoter.bundle.wording import some
from promoter.errors import VerificationFailed, WrongUsage
from promoter.http.deadline import Deadline
from promoter.model.bundle import BundledImage
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.reference import parse_name, parse_reference
from promoter.parallel import each
from promoter.promotion.places import is_reserved

_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


def verify(bundle: Bundle, deadline: Deadline) -> None:
    """See that a bundle is what its digest stands for: every file's bytes, and every reference from one to another.

    Raises:
        VerificationFailed: it is not.
        WrongUsage: it cannot be read.
        TimedOut: the deadline passed.

    """
    _require_digests(bundle)
    _require_files(bundle)
    each(lambda digest: _require_blob(bundle, digest, deadline), bundle.contents.blobs)
    manifests = {digest: bundle.manifest(digest) for digest in bundle.contents.manifests}
    for manifest in manifests.values():
        _require_references(bundle, manifest)
    _require_distinct(bundle)
    for image in bundle.contents.images:
        _require_image(bundle, image)
    for name, expected in files_around(bundle.text, bundle.contents, manifests).items():
        part = bundle.parts[name]
        if part.size != len(expected) or b"".join(part.chunks()) != expected:
            raise _damaged(bundle, f"{name} does not fit the rest of it")


def _damaged(bundle: Bundle, why: str) -> VerificationFailed:
    return VerificationFailed(f"{bundle.path} is damaged: {why}.", DAMAGED)


def _require_digests(bundle: Bundle) -> None:
    """See that everything is named by a digest that files can be named by, before any is looked for."""
    contents = bundle.contents
    named = [*contents.blobs, *contents.manifests, *contents.left_out]
    if wrong := [digest for digest in named if not _DIGEST.fullmatch(digest)]:
        raise _damaged(bundle, f"{some(map(repr, wrong))} is no sha256 digest")
    if unknown := (contents.manifests.keys() | contents.left_out) - contents.blobs.keys():
        raise _damaged(bundle, f"{some(unknown)} is not among its blobs")
    if lost := contents.manifests.keys() & contents.left_out:
        raise _damaged(bundle, f"{some(lost)} is a manifest that is left out")


def _require_files(bundle: Bundle) -> None:
    """See that there are the blobs that it says it has, and no others."""
    expected = {blob_name(digest) for digest in bundle.contents.held}
    found = {name for name in bundle.parts if name.startswith(BLOBS)}
    if missing := expected.union(SMALL) - bundle.parts.keys():
        raise _damaged(bundle, f"it lacks {some(missing)}")
    if others := found - expected:
        raise _damaged(bundle, f"{some(others)} belongs to none of its images")


def _require_blob(bundle: Bundle, digest: str, deadline: Deadline) -> None:
    part = bundle.blob(digest)
    if part is None:  # left out, which is for the destination to have
        return
    stated = bundle.contents.blobs[digest]
    if part.size != stated:
        raise _damaged(bundle, f"{blob_name(digest)} has {part.size} bytes, not {stated}")
    for _ in part.checked_chunks(digest, f"{part.path}: {blob_name(digest)}"):
        deadline.require(f"verifying {bundle.path}")


def _require_references(bundle: Bundle, manifest: Manifest) -> None:
    """See that all that a manifest points at is known, with the size that it says."""

    def require(one: Descriptor, known: Iterable[str]) -> None:
        if one.digest not in known or bundle.contents.blobs[one.digest] != one.size:
            raise _damaged(bundle, f"{manifest.digest} refers to {one.digest} of {one.size} bytes, which it lacks")

    for child in manifest.children:
        require(child, bundle.contents.manifests)
    for blob in manifest.blobs:
        require(blob, bundle.contents.blobs)


def _require_distinct(bundle: Bundle) -> None:
    counted = Counter(str(image) for image in bundle.contents.images)
    if twice := [name for name, count in counted.items() if count > 1]:
        raise _damaged(bundle, f"{some(twice)} is in it twice")


def _require_image(bundle: Bundle, image: BundledImage) -> None:
    try:
        parse_name(str(image))
        parse_reference(f"{image.source}:{image.tag}")
    except WrongUsage as error:
        raise _damaged(bundle, f"an image in it cannot be named: {error.message}") from error
    if others := [tag for tag in image.tagged if not is_reserved(tag)]:
        raise _damaged(bundle, f"{some(map(repr, others))} is no tag of what travels with {image}")
    if lost := {image.digest, *image.tagged.values(), *image.referrers} - bundle.contents.manifests.keys():
        raise _damaged(bundle, f"{image} lacks {some(lost)}")
