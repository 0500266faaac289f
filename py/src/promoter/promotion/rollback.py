"""Flip a tag back to a digest it had before."""

from __future__ import annotations

from promoter.errors import NotFound
from promoter.model.reference import checked_digest
from promoter.model.request import RollbackRequest
from promoter.model.result import RollbackResult
from promoter.promotion.flipping import flip
from promoter.promotion.history import entries_of
from promoter.promotion.places import Places
from promoter.promotion.record import Entry, build_url, new_id, now, requester


def rollback(request: RollbackRequest, places: Places) -> RollbackResult:
    """Flip a tag to its previous digest, or to a named one that its repository still has.

    Raises:
        NotFound: there is no such tag, it had no other digest before, or the named digest is not there.
        Refused: the tag was moved meanwhile.

    """
    place = places.destination(request, request.image)
    current = place.repository.resolve(place.tag)
    if request.to:
        digest = checked_digest(request.to)
    else:
        previous = [entry for entry in entries_of(place, current) if entry.current]
        if not previous or not previous[0].previous_digest:
            raise NotFound(
                f"No digest before {current.digest} is recorded for {place.reference}.",
                "Name the one to go back to with --to; `promoter describe` lists what is kept.",
            )
        digest = previous[0].previous_digest
    manifest = place.repository.manifest(digest)
    image = str(place.reference)
    if digest == current.digest or request.dry_run:
        status = "unchanged" if digest == current.digest else "planned"
        return RollbackResult(status=status, image=image, digest=digest, previous_digest=current.digest)
    entry = Entry(
        action="rolled-back",
        at=now(),
        tag=place.tag,
        destination=str(place.repository),
        source=None,
        previous_digest=current.digest,
        promotion_id=new_id(image, digest),
        requested_by=request.requested_by or requester(),
        reason=request.reason,
        build=build_url(),
    )
    record, kept = flip(place.repository, place.tag, manifest, entry)
    return RollbackResult(
        status="rolled-back",
        image=image,
        digest=digest,
        previous_digest=current.digest,
        record=str(place.repository.reference(record.digest)),
        kept=kept,
    )
