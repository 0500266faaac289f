"""Bring one image from its source to its destination."""

from __future__ import annotations

import time

from promoter.model.request import PromoteRequest
from promoter.model.result import PromotionResult
from promoter.promotion.looking import Promotion, look, require_free
from promoter.promotion.places import Places


def promote(request: PromoteRequest, places: Places) -> PromotionResult:
    """Promote one image.

    When this returns, the digest that was named stands at the destination under the tag that was named, was checked
    there, and is recorded. When it raises, the destination's tag is as it was.

    Raises:
        PromoterError: see `promoter.errors`.

    """
    begun = time.monotonic()
    promotion = look(request, places)
    if promotion.previous and promotion.previous.digest == promotion.image.digest:
        result = promotion.result("unchanged")
    else:
        require_free(promotion)
        result = _go(promotion, places)
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _go(promotion: Promotion, places: Places) -> PromotionResult:
    """Do what is to be done; what each way needs is imported with it, since most promotions find nothing to do."""
    from promoter.promotion import bringing  # noqa: PLC0415

    if promotion.request.dry_run:
        return bringing.plan(promotion)
    if promotion.route and promotion.route.webhook:
        from promoter.promotion.handover import hand_over  # noqa: PLC0415

        return hand_over(promotion, promotion.route.webhook, places)
    return bringing.bring(promotion, places)
