"""Taking a promotion back whose tag was flipped, because what comes after it failed."""

from __future__ import annotations

from promoter.errors import PromoterError
from promoter.interrupts import end_of_interruptions
from promoter.model.request import Stated
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.rollback import go_back, settle_back

_SECONDS = 30.0
"""What it is given at least, however little time is left."""


def put_back(promotion: Promotion, places: Places, why: str) -> str:
    """Flip the tag back to what it was, and say what it is now. From here on a signal comes too late.

    A tag that was nothing before stays what it is: registries do not let a tag alone be removed.
    """
    end_of_interruptions()
    place, digest = promotion.destination, promotion.image.digest
    if promotion.previous_digest is None:
        return f"{place.reference} stays {digest}, since it was nothing before."
    places.deadline.allow(_SECONDS)
    stated = Stated(reason=why, requested_by=promotion.request.requested_by)
    try:
        before = place.repository.manifest(promotion.previous_digest)
        result, facts = go_back(place, before, digest, stated, identity=promotion.identity, places=places)
    except PromoterError as obstacle:
        return f"{place.reference} could not be rolled back: {obstacle.message} {obstacle.remedy}"
    back = f"{place.reference} was rolled back to {result.digest}"
    try:
        settle_back(place, places, result, facts)
    except PromoterError as obstacle:
        return f"{back}, but {obstacle.message} {obstacle.remedy}"
    return f"{back}."
