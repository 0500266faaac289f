"""What follows a release's flips in clusters: image streams' tags are settled, rollouts followed, or all goes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from promoter.errors import PromoterError
from promoter.model.promotion import PromotionResult
from promoter.parallel import each
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.promote import Follow, following
from promoter.promotion.tags.putting_back import put_back
from promoter.release.troubles import Troubles


class Followers:
    """Looks at what follows, before anything is changed.

    Args:
        promotions: those whose tags flip, or are what they shall be already.
        places: opens the clusters.
        troubles: hears of what will not be possible.

    Raises:
        PromoterError: see `following`.

    """

    def __init__(self, promotions: Iterable[Promotion], places: Places, troubles: Troubles) -> None:
        self._promotions = {promotion.name: promotion for promotion in promotions}
        self._places = places
        self._troubles = troubles

        def look(name: str) -> Follow | None:
            return troubles.attempt([name], partial(following, self._promotions[name], places))

        looked = each(look, self._promotions, places.pace.at_once)
        self._follow = dict(zip(self._promotions, looked, strict=True))

    def follow(self, results: Mapping[str, PromotionResult]) -> dict[str, PromotionResult]:
        """Do what follows for each, one after the other: in the clusters they go on together.

        Args:
            results: what came of the flips, by the destinations' tags.

        Returns:
            the same, with what came of this.

        Raises:
            PromoterError: one failed; all tags that were something are it again, and the message says what became
                of each.

        """
        followed = {}
        for name, result in results.items():
            if follow := self._follow.get(name):
                try:
                    done = self._troubles.attempt([name], partial(follow, result))
                except PromoterError as failure:
                    others = [other for other, one in results.items() if other != name and one.status == "promoted"]
                    failure.message = " ".join([failure.message, *self._put_back(others, f"{name}: {failure.message}")])
                    raise
                if done:
                    followed[name] = done
        return followed

    def _put_back(self, names: list[str], why: str) -> list[str]:
        return [put_back(self._promotions[name], self._places, f"the release failed: {why}") for name in names]
