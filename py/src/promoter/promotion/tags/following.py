"""What follows a flip in a cluster: the image stream's tag is settled, or the promotion taken back."""

from __future__ import annotations

from collections.abc import Callable

from promoter.errors import PromoterError
from promoter.model.promotion import PromotionResult
from promoter.promotion.bringing.bring import entry_of
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.records.record import shown
from promoter.promotion.tags.putting_back import put_back
from promoter.promotion.tags.settling import Facts, Settling, recorded


def prepare(promotion: Promotion, places: Places) -> Callable[[PromotionResult], PromotionResult]:
    """Look at the image stream's tag before anything is changed.

    Returns:
        what is to be called with the result once the registry's tag is flipped. It returns the result with the image
        stream's tag, or raises that it could not be set; then the registry's tag is as it was, if it was anything.

    Raises:
        WrongUsage: the environment is no project of its cluster.
        Refused: somebody else set the tag to another digest.
        NotPermitted, Unreachable: it does not let itself be looked at, or may not be set.

    """
    digest = promotion.image.digest
    place, force = promotion.destination, promotion.request.force
    settling = Settling(place, places, promotion.previous_digest, force=force)
    is_done = promotion.previous_digest == digest and settling.is_done(digest)
    if not is_done:
        settling.require(digest)

    def settle(result: PromotionResult) -> PromotionResult:
        if promotion.request.dry_run and not is_done:
            places.say(f"the image stream's tag {settling.address} would be set")
        elif not is_done:
            try:
                settling.settle(digest, _facts(promotion, result))
            except PromoterError as failure:
                failure.message = (
                    f"The image stream's tag {settling.address} could not be set: {failure.message} "
                    f"{_undo(promotion, result, places)}"
                )
                raise
            except Exception:
                places.say(_undo(promotion, result, places))
                raise
        return result.but(stream_tag=str(settling.address))

    return settle


def _facts(promotion: Promotion, result: PromotionResult) -> Facts:
    if result.status == "unchanged" and promotion.previous:
        return recorded(promotion.destination, promotion.previous)
    return shown(entry_of(promotion)) | {"record": result.record}


def _undo(promotion: Promotion, result: PromotionResult, places: Places) -> str:
    if result.status == "unchanged":
        return f"{promotion.destination.reference} stays {promotion.image.digest}, which it was before."
    return put_back(promotion, places, f"the image stream's tag could not be set, as promotion {promotion.identity}")
