"""Bring one image from its source to its destination."""

from __future__ import annotations

import time
from collections.abc import Callable

from promoter.model.gates import Gates
from promoter.model.promotion import PromotionResult
from promoter.model.request import PromoteRequest
from promoter.promotion.looking import Promotion, look, require_free
from promoter.promotion.places import Places

Follow = Callable[[PromotionResult], PromotionResult]


def promote(
    request: PromoteRequest, places: Places, *, allowed: Callable[[Promotion], Promotion] = require_free
) -> PromotionResult:
    """Promote one image.

    When this returns, the digest that was named stands at the destination under the tag that was named, was checked
    there, and is recorded; the image stream's tag is it too, if the environment names its cluster; if a rollout was
    asked for, the pods that the tag triggers run it. Where it is to stop for an approval, nothing is changed. When it
    raises, the destination's tag is as it was; an error after the flip, of the image stream, a rollout or a scaling,
    says so if it is not.

    Args:
        request: what to promote, and where to.
        places: opens both sides.
        allowed: returns the promotion as it is to go on, or raises why it may not; asked if there is anything to do.

    Raises:
        PromoterError: see `promoter.errors`.

    """
    if request.report_to is not None:
        from promoter.promotion.reporting import reported  # noqa: PLC0415

        return reported(request, places, lambda: promote(request.but(report_to=None), places, allowed=allowed))
    begun = time.monotonic()
    _require_form(request)
    promotion = look(request, places)
    _require_same_image(promotion)
    is_there = promotion.previous_digest == promotion.image.digest
    if not is_there:
        promotion = _cleared(allowed(promotion), places)
    if promotion.awaits_approval:
        result = promotion.result("awaiting-approval")
    else:
        follow = following(promotion, places)
        result = follow(promotion.result("unchanged") if is_there else _go(promotion, places))
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _require_form(request: PromoteRequest) -> None:
    """See that what people said to it, if they did, is said of something, before anything is sent."""
    if _has_word(request):
        from promoter.promotion.gates.approval import require_form  # noqa: PLC0415

        require_form(request)


def _require_same_image(promotion: Promotion) -> None:
    """See that what was approved, if anything was, is what the source is now, even if there is nothing to do."""
    if promotion.request.approved_digest:
        from promoter.promotion.gates.approval import require_same_image  # noqa: PLC0415

        require_same_image(promotion)


def _cleared(promotion: Promotion, places: Places) -> Promotion:
    """Return the promotion with how its route's gates stand; mostly there are none, and then nothing is imported."""
    gates = promotion.route.gates if promotion.route else Gates()
    if gates == Gates() and not _has_word(promotion.request):
        return promotion
    from promoter.promotion.gates.inconsistency import Inspection  # noqa: PLC0415
    from promoter.promotion.gates.passing import pass_gates  # noqa: PLC0415

    return pass_gates(promotion, gates, Inspection(places))


def _has_word(request: PromoteRequest) -> bool:
    """Tell whether people said anything to it."""
    is_approval = request.approval or request.approved_digest or request.approved_replacing
    return bool(is_approval) or request.override is not None


def following(promotion: Promotion, places: Places) -> Follow:
    """Look at what follows the flip in clusters, before anything is changed; mostly that is nothing.

    Returns:
        what is to be called with the result of the flip, or of a tag that was the digest already. It returns the
        result with what came of the image stream's tag and the rollout, or raises that one failed; then the registry's
        tag is as it was, if it was anything.

    Raises:
        PromoterError: it will not be possible.

    """
    finish, settle = _prepared(promotion, places), _settling(promotion, places)
    return lambda result: finish(settle(result))


def _prepared(promotion: Promotion, places: Places) -> Follow:
    """Return what follows once the tag is flipped; mostly that is nothing, and then nothing is imported for it."""
    request, route = promotion.request, promotion.route
    if request.roll_out or request.scale_down or (route and route.rollout):
        from promoter.promotion.tags.rolling_out import prepare  # noqa: PLC0415

        return prepare(promotion, places)
    return lambda result: result


def _settling(promotion: Promotion, places: Places) -> Follow:
    """Return what sets the image stream's tag, if the destination's environment names its cluster."""
    is_handed_over = promotion.route and promotion.route.hands_over
    if is_handed_over or not places.has_cluster(promotion.destination.environment):
        return lambda result: result
    from promoter.promotion.tags.following import prepare  # noqa: PLC0415

    return prepare(promotion, places)


def _go(promotion: Promotion, places: Places) -> PromotionResult:
    """Do what is to be done; what each way needs is imported with it, since most promotions find nothing to do."""
    from promoter.promotion.bringing import bring as bringing  # noqa: PLC0415

    if promotion.request.dry_run:
        if promotion.route and promotion.route.hands_over:
            places.say(f"it would be handed over to production's pipeline, through {promotion.route.through}")
        return bringing.plan(promotion)
    if promotion.route and promotion.route.webhook:
        from promoter.promotion.handing_over.webhook import hand_over  # noqa: PLC0415

        return hand_over(promotion, promotion.route.webhook, places)
    if promotion.route and (job := promotion.route.job or promotion.route.generic_webhook):
        from promoter.promotion.handing_over.job import hand_to_job  # noqa: PLC0415

        return hand_to_job(promotion, job, places)
    return bringing.bring(promotion, places)
