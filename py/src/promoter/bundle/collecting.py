"""What a bundle of some images consists of; of their blobs, no more than configs are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promoter.bundle.layout import VERSION
from promoter.bundle.streams import read_stream
from promoter.bundle.supply import Supply
from promoter.errors import NotFound
from promoter.model.bundle import BundleBase, BundleContents, BundledImage, BundledStream
from promoter.model.manifest import CONFIG_TYPES, Manifest
from promoter.model.reference import ImageReference, checked_digest
from promoter.parallel import each
from promoter.promotion.bringing.companions import Companions, find_companions
from promoter.promotion.bringing.image import Image, look_into
from promoter.promotion.places import Place, Places

_NOWHERE = ImageReference("", "")
"""A repository that no image is in: whatever travels with one has to be brought there."""


class Found(NamedTuple):
    """An image that was looked into.

    Args:
        place: where it is.
        image: all of it.
        companions: what travels with it.
        attached: each of these, all of it.
        stream: what its image stream has on it.

    """

    place: Place
    image: Image
    companions: Companions
    attached: tuple[Image, ...]
    stream: BundledStream | None


def look_at_all(places_by_name: Mapping[str, Place], places: Places) -> dict[str, Found]:
    """Look into all images, and at what travels with them.

    Raises:
        NotFound: some are not there; all of these are named.
        NotPermitted, Unreachable, VerificationFailed: one cannot be had.

    """
    for place in places_by_name.values():
        place.repository.session.expect(place.repository.scopes)
    standing = each(lambda place: place.repository.find(place.reference.locator), places_by_name.values())
    looked = dict(zip(places_by_name, standing, strict=True))
    if missing := [str(places_by_name[name].reference) for name, found in looked.items() if found is None]:
        raise NotFound(
            f"{len(missing)} of {len(looked)} images are not there: {', '.join(missing)}.",
            "Check the names and tags; `skopeo list-tags` shows what is there. Nothing was written.",
        )
    digests = [(name, found.digest) for name, found in looked.items() if found]
    return dict(each(lambda one: (one[0], _look(places_by_name[one[0]], one[1], places)), digests))


def _look(place: Place, digest: str, places: Places) -> Found:
    repository = place.repository
    image = look_into(repository, repository.manifest(digest))
    companions = find_companions(place, place._replace(reference=_NOWHERE), image)
    tops = dict.fromkeys((*(top for _, top in companions.tagged), *companions.referrers))
    attached = tuple(each(lambda top: look_into(repository, repository.manifest(top)), tops))
    return Found(place, image, companions, attached, read_stream(place, digest, places))


def manifests_of(found: Iterable[Found]) -> dict[str, Manifest]:
    """Return all manifests by their digests."""
    images = (image for one in found for image in (one.image, *one.attached))
    return {manifest.digest: manifest for image in images for manifest in image.manifests}


def contents_of(
    found: Mapping[str, Found], supply: Supply, base: tuple[str, BundleContents] | None, only_for: str | None
) -> BundleContents:
    """Return what the bundle says of itself.

    Args:
        found: the images, by the `name:tag` that they have in it.
        supply: takes note of where the blobs are, and gives configs.
        base: the bundle that it continues, by its digest.
        only_for: what alone takes it.

    Raises:
        WrongUsage: a digest is no sha256 digest.
        NotFound, NotPermitted, Unreachable, VerificationFailed: a config cannot be had.

    """
    manifests = manifests_of(found.values())
    for one in found.values():
        for image in (one.image, *one.attached):
            supply.add(one.place.repository, image)
    sizes = {blob.digest: blob.size for manifest in manifests.values() for blob in manifest.blobs}
    sizes |= {digest: len(manifest.content) for digest, manifest in manifests.items()}
    return BundleContents(
        version=VERSION,
        created=_created(found.values(), supply),
        only_for=only_for,
        base=_continued(found.values(), base) if base else None,
        images=tuple(_bundled(name, one) for name, one in sorted(found.items())),
        manifests={digest: manifest.media_type for digest, manifest in manifests.items()},
        blobs={checked_digest(digest): size for digest, size in sizes.items()},
    )


def _continued(found: Iterable[Found], base: tuple[str, BundleContents]) -> BundleBase:
    """Return what is left to the base: of what it has, layers and configs, which travel for themselves alone."""
    digest, contents = base
    attached = {blob.digest for one in found for image in one.attached for blob in image.blobs}
    there = contents.blobs.keys() - contents.manifests.keys() - attached
    left_out = {blob.digest for one in found for blob in one.image.blobs} & there
    names = sorted({image.name for image in contents.images})
    return BundleBase(digest=digest, images=tuple(names), blobs=tuple(sorted(left_out)))


def _bundled(name: str, one: Found) -> BundledImage:
    image_name, _, tag = name.rpartition(":")
    return BundledImage(
        name=image_name,
        tag=tag,
        digest=one.image.top.digest,
        source=str(one.place.repository),
        environment=one.place.environment,
        tagged=dict(one.companions.tagged),
        referrers=tuple(sorted(one.companions.referrers)),
        stream=one.stream,
    )


def _created(found: Iterable[Found], supply: Supply) -> str | None:
    """Return when the newest image was created, as the configs say (RFC 3339)."""
    blobs = {blob.digest: blob for one in found for manifest in one.image.manifests for blob in manifest.blobs}
    configs = [blob for blob in blobs.values() if blob.media_type in CONFIG_TYPES]
    return max(filter(None, map(_time, each(supply.small, configs))), default=None)


def _time(config: bytes) -> str | None:
    try:
        created = json.loads(config).get("created")
    except (ValueError, RecursionError, AttributeError):
        return None
    return created if isinstance(created, str) else None
