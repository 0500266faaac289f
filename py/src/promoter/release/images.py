"""What a release's images consist of, and the promotions that they are one by one."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.model.manifest import Manifest
from promoter.model.request import PromoteRequest, ReleaseRequest
from promoter.parallel import each
from promoter.promotion.bringing.image import Image, look_into
from promoter.promotion.looking import Promotion
from promoter.release.planning import Found
from promoter.release.staging import Cargo
from promoter.release.troubles import Troubles

_OF_THE_WHOLE = frozenset({"approval", "approved_digest"})
"""What is said of a release, and not of each of its images."""


def look_into_all(found: Iterable[Found], troubles: Troubles, at_once: int) -> dict[str, Image]:
    """Return what each image consists of, by the destination's tag; each is looked into once, wherever it goes.

    Args:
        found: the images.
        troubles: hears of what goes wrong.
        at_once: how many are looked into at a time.

    Raises:
        NotFound, NotPermitted, Unreachable, VerificationFailed: one cannot be had.

    """
    sources: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        sources.setdefault((str(one.way.source.repository), one.image.digest), []).append(one)

    def look(those: list[Found]) -> dict[str, Image]:
        names = [one.way.name for one in those]
        image = troubles.attempt(names, lambda: _image(those[0]))
        return dict.fromkeys(names, image) if image else {}

    return {name: image for images in each(look, sources.values(), at_once) for name, image in images.items()}


def _image(one: Found) -> Image:
    repository = one.way.source.repository
    return look_into(repository, one.manifest or repository.manifest(one.image.digest))


def promotion_of(one: Found, image: Manifest, request: ReleaseRequest, identity: str) -> Promotion:
    """Return the promotion that one image of a release is."""
    way = one.way
    shared = request.fields.keys() & PromoteRequest.fields.keys() - _OF_THE_WHOLE
    asked = {name: getattr(request, name) for name in shared}
    promoted = PromoteRequest(source=way.pair.source, destination=way.pair.destination, **asked)
    return Promotion(promoted, way.route, way.source, way.destination, image, one.previous, identity)


def cargoes_of(promotions: Iterable[Promotion], images: dict[str, Image]) -> list[Cargo]:
    """Return what is to be brought: each image to each repository once, whatever tags it gets there."""
    found: dict[tuple[str, str], Cargo] = {}
    for promotion in promotions:
        source, destination, image = promotion.source, promotion.destination, images[promotion.name]
        key = (str(destination.repository), image.top.digest)
        known = found.get(key, Cargo(source, destination, image, promotion.mount_from, ()))
        found[key] = known._replace(tags=(*known.tags, promotion.name))
    return list(found.values())
