"""Flip a tag back to a digest it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.errors import NotFound, PromoterError, Refused
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.reference import checked_digest
from promoter.model.request import RollbackRequest, Stated
from promoter.model.rollback import RollbackResult
from promoter.promotion.history import entries_of, kept_digests
from promoter.promotion.places import Place, Places
from promoter.promotion.records.identity import new_id
from promoter.promotion.records.record import draft, entry, shown
from promoter.promotion.tags.flipping import flip

if TYPE_CHECKING:
    from promoter.promotion.tags.settling import Facts, Settling


def rollback(request: RollbackRequest, places: Places) -> RollbackResult:
    """Flip a tag to its previous digest, or to a named one that its repository still has.

    Raises:
        NotFound: there is no such tag, it had no other digest before, or the named digest is not there.
        Refused: the named digest never was this tag, or the tag was moved meanwhile.

    """
    place = places.destination(request, request.image)
    current = place.repository.resolve(place.tag)
    digest = checked_digest(request.to) if request.to else _previous(place, current)
    manifest = place.repository.manifest(digest)
    image = str(place.reference)
    if request.to:
        _require_own(place, digest, current)
    if digest == current.digest:
        if not request.dry_run:
            settle_again(place, places)
        return RollbackResult(status="unchanged", image=image, digest=digest, previous_digest=digest)
    require_settleable(place, places, current.digest, digest)
    if request.dry_run:
        return RollbackResult(status="planned", image=image, digest=digest, previous_digest=current.digest)
    result, facts = go_back(place, manifest, current.digest, request, identity=new_id(image, digest), places=places)
    try:
        settle_back(place, places, result, facts)
    except PromoterError as failure:
        failure.message = f"{result.image} is {result.digest} again, but {failure.message}"
        raise
    return result


def go_back(
    place: Place, manifest: Manifest, standing: str, stated: Stated, *, identity: str, places: Places
) -> tuple[RollbackResult, Facts]:
    """Flip a tag back to what it was before, and record it.

    Args:
        place: the tag.
        manifest: what it was.
        standing: the digest that it must still be.
        stated: who asks, and why.
        identity: the ID of the promotion or rollback.
        places: tells people.

    Returns:
        the result, and what the record states.

    Raises:
        Refused: the tag was moved meanwhile.
        NotPermitted, Unreachable: see `flip`.

    """
    noted = entry("rolled-back", place.reference, stated, identity, standing)
    record = draft(place.repository, manifest.descriptor, noted)
    kept = flip(place.repository, place.tag, manifest, standing, record, say=places.say)
    result = RollbackResult(
        status="rolled-back",
        image=str(place.reference),
        digest=manifest.digest,
        previous_digest=standing,
        record=str(place.repository.reference(record.digest)),
        kept=kept,
    )
    return result, shown(noted) | {"record": result.record}


def require_settleable(place: Place, places: Places, standing: str, digest: str) -> None:
    """Insist that the image stream's tag may follow the registry's from one digest to another, if its cluster is named.

    Raises:
        PromoterError: see `Settling.require`.

    """
    if settling := _settling(place, places, standing):
        settling.require(digest)


def settle_again(place: Place, places: Places) -> None:
    """Let the image stream's tag be what the registry's tag is already, if its cluster is named.

    Raises:
        PromoterError: see `Settling.settle`.

    """
    if settling := _settling(place, places, None):
        settling.settle_again(place.repository.resolve(place.tag))


def settle_back(place: Place, places: Places, result: RollbackResult, facts: Facts) -> None:
    """Let the image stream's tag follow a tag that was flipped back, if its cluster is named.

    Raises:
        PromoterError: see `Settling.settle`.

    """
    settling = _settling(place, places, result.previous_digest)
    if settling is None:
        return
    try:
        settling.settle(result.digest, facts)
    except PromoterError as failure:
        failure.message = f"the image stream's tag {settling.address} could not be set to it: {failure.message}"
        failure.remedy = f"{failure.remedy} Then finish with `promoter rollback --to {result.digest}`."
        raise


def _settling(place: Place, places: Places, replaced: str | None) -> Settling | None:
    """Return what sets the image stream's tag; nothing if the cluster is left alone."""
    if not places.has_cluster(place.environment):
        return None
    from promoter.promotion.tags.settling import Settling  # noqa: PLC0415 - most rollbacks never need it

    return Settling(place, places, replaced)


def _require_own(place: Place, digest: str, current: Descriptor) -> None:
    """Insist that the tag was this digest before: a rollback is no way around a promotion."""
    if digest not in (current.digest, *kept_digests(place.repository, place.tag)):
        raise Refused(
            f"{place.reference} never was {digest}.",
            "`promoter describe` lists what it can go back to; to bring in anything else, promote it.",
        )


def _previous(place: Place, current: Descriptor) -> str:
    """Return the digest that the tag had when what it is now was promoted; so a second rollback goes further back."""
    for recorded in entries_of(place, current):
        if recorded.digest == current.digest and recorded.action == "promoted" and recorded.previous_digest:
            return recorded.previous_digest
    raise NotFound(
        f"No digest before {current.digest} is recorded for {place.reference}.",
        "Name the one to go back to with --to; `promoter describe` lists what is kept.",
    )
