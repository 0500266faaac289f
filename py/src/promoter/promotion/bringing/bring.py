"""Bringing an image to its destination, once it is known that it has to be brought."""

from __future__ import annotations

from collections.abc import Callable

from promoter.errors import NotPermitted
from promoter.model.promotion import PromotionResult
from promoter.parallel import Later
from promoter.promotion.bringing.companions import bring_companions, find_companions
from promoter.promotion.bringing.copying import Survey, copy, survey, verify
from promoter.promotion.bringing.engines import ENGINES
from promoter.promotion.bringing.image import Image, look_into, platforms_of
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.records.record import Entry, draft, entry
from promoter.promotion.tags.flipping import flip


def plan(promotion: Promotion) -> PromotionResult:
    """Look at both sides and say what would be brought, changing nothing."""
    image = look_into(promotion.source.repository, promotion.image)
    platforms = platforms_of(promotion.source.repository, image)
    try:
        there = survey(promotion.source, promotion.destination, image, promotion.mount_from)
    except NotPermitted:
        if promotion.route and promotion.route.hands_over:
            return promotion.result("planned", platforms=platforms)
        raise
    return promotion.result("planned", platforms=platforms, blobs=there.counts, bytes_uploaded=there.bytes_missing)


def bring(promotion: Promotion, places: Places) -> PromotionResult:
    """Copy the image and what travels with it, verify it, record it, and flip the tag last."""
    source, destination = promotion.source, promotion.destination
    image = look_into(source.repository, promotion.image)
    platforms = Later(lambda: platforms_of(source.repository, image))
    companions = Later(lambda: find_companions(source, destination, image))
    record = Later(lambda: draft(destination.repository, image.top.descriptor, entry_of(promotion)))
    brought = copy(source, destination, image, promotion.mount_from, _bringing(promotion, image, places))
    bring_companions(source, destination, companions.outcome())
    verified = Later(lambda: verify(destination, image))
    known, recorded = platforms.outcome(), record.outcome()
    kept = flip(
        destination.repository,
        destination.tag,
        image.top,
        promotion.previous_digest,
        recorded,
        say=places.say,
        ready=lambda: _see_ready(promotion, verified),
    )
    return promotion.result(
        "promoted",
        platforms=known,
        blobs=brought.counts,
        bytes_uploaded=brought.bytes_missing,
        record=str(destination.repository.reference(recorded.digest)),
        kept=kept,
    )


def _see_ready(promotion: Promotion, verified: Later[None]) -> None:
    """See, right before the flip, that the image is whole and that nobody has rejected it meanwhile."""
    verified.outcome()
    if promotion.asks_for_sign_offs:
        from promoter.promotion.gates.passing import require_signed_off  # noqa: PLC0415

        require_signed_off(promotion)


def _bringing(promotion: Promotion, image: Image, places: Places) -> Callable[[Survey], None]:
    """Return what brings blobs that cannot be mounted."""
    run = ENGINES[promotion.engine]

    def bring(there: Survey) -> None:
        places.say(f"copying {len(there.missing)} of {there.counts.total} blobs, {there.bytes_missing} bytes")
        run(promotion.source, promotion.destination, image, there.missing, places)

    return bring


def entry_of(promotion: Promotion) -> Entry:
    """Return what is recorded of a promotion."""
    return entry(
        "promoted",
        promotion.destination.reference,
        promotion.request,
        promotion.identity,
        promotion.previous_digest,
        source=str(promotion.source.reference),
        git_commit=promotion.request.git_commit,
        approved_by=promotion.clearance.approved_by,
        signed_off_by=promotion.clearance.signed_off_by,
        override=promotion.clearance.override,
    )
