"""The blobs that a bundle leaves out: whether the destination has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from promoter.bundle.opening import Bundle
from promoter.bundle.wording import some
from promoter.errors import NotFound
from promoter.model.manifest import Descriptor
from promoter.parallel import each
from promoter.promotion.bringing.copying import shows
from promoter.promotion.bringing.image import look_into
from promoter.registry.repository import Repository
from promoter.release.planning import Way


def require_left_out(
    bundle: Bundle, ways: Iterable[Way], repository: Callable[[str], Repository], at_once: int
) -> tuple[str, ...]:
    """See that each blob that is not in the bundle is in the repository that needs it, or in one to mount it from.

    Args:
        bundle: the bundle.
        ways: what is to be imported.
        repository: opens the destination's repository of an image of the bundle, or of its base, by the image's name.
        at_once: how many requests are under way at most.

    Returns:
        the names of the repositories to mount them from.

    Raises:
        NotFound: blobs are nowhere.
        NotPermitted, Unreachable: it cannot be known.

    """
    base = bundle.contents.base
    if base is None or all(bundle.blob(digest) for digest in base.blobs):
        return ()
    names = dict.fromkeys((*base.images, *(image.name for image in bundle.contents.images)))
    others = list(map(repository, names))
    needed = {
        (way.destination.repository.name, blob.digest): (way.destination.repository, blob)
        for way in ways
        for blob in look_into(way.source.repository, way.source.repository.manifest(way.source.tag)).blobs
        if bundle.blob(blob.digest) is None
    }

    def find(need: tuple[Repository, Descriptor]) -> str | None:
        near, blob = need
        if near.has_blob(blob.digest):
            return near.name
        return next((other.name for other in others if other.name != near.name and shows(other, blob)), None)

    origins = dict(zip(needed, each(find, needed.values(), at_once), strict=True))
    if lost := sorted({digest for (_, digest), origin in origins.items() if origin is None}):
        raise _lost(bundle, lost, base.digest)
    return tuple(sorted({origin for (name, _), origin in origins.items() if origin and origin != name}))


def _lost(bundle: Bundle, lost: list[str], base: str) -> NotFound:
    return NotFound(
        f"{bundle.path} leaves out what the destination lacks: {some(lost)}.",
        f"Import the bundle {base} first, or name it with --base. Nothing was changed.",
    )
