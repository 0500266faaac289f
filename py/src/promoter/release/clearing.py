"""The gates of a release: those of each image's route, while people approve the release as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from promoter.errors import Refused, WrongUsage
from promoter.model.gates import Gates
from promoter.model.request import PromoteRequest, ReleaseRequest
from promoter.parallel import each
from promoter.promotion.gates import approval as of_people
from promoter.promotion.gates.inconsistency import Inspection
from promoter.promotion.gates.passing import OF_INCONSISTENCIES, pass_gates, require_signed_off
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.release.troubles import Troubles


def require_form(request: ReleaseRequest) -> None:
    """See that what people said is said of something, as of a single promotion."""
    said = {name: getattr(request, name) for name in ("approval", "approved_digest", "override")}
    of_people.require_form(PromoteRequest(source="", destination="", **said))


def clear(
    promotions: Iterable[Promotion], request: ReleaseRequest, digest: str, troubles: Troubles, places: Places
) -> list[Promotion]:
    """Return the promotions with how their gates stand; open ones only where nothing is to be changed.

    Args:
        promotions: those that are to be done.
        request: says what was approved, and by whom.
        digest: the release's.
        troubles: hears of what may not pass.
        places: opens the clusters that say what is inconsistent.

    Raises:
        WrongUsage: there is an approval or an override, but no route asks for one.
        Refused: something else was approved, an approval does not count, or gates are open; all are named.
        NotFound, NotPermitted, Unreachable: the sign-offs, or the inconsistencies, cannot be looked at.

    """
    asking = list(promotions)
    _require_same(request, digest)
    asked = [approval for promotion in asking if (approval := _gates(promotion).approval)]
    if request.approval and not asked:
        raise WrongUsage(
            "There is an approval, but no route of the release asks for one: nothing would have checked it.",
            "Leave it out, or give the routes their `gates` in the configuration.",
        )
    if request.override is not None and not any(_gates(promotion).constraints for promotion in asking):
        raise WrongUsage(
            "There is an override, but no route of the release refuses anything inconsistent.",
            "Leave it out, or give the routes their `gates` in the configuration.",
        )

    inspection = Inspection(places)
    everybody = {person for approval in asked for person in approval.by}

    def look(promotion: Promotion) -> Promotion | None:
        given = _given_to(promotion, request.approval, everybody)
        return troubles.attempt([promotion.name], lambda: _looked_at(promotion, given, inspection))

    looked = [promotion for promotion in each(look, asking, places.pace.at_once) if promotion]
    if not request.dry_run:
        open_ones = {promotion.name: promotion for promotion in looked if promotion.clearance.open}
        troubles.raise_together(open_ones, partial(_refusal, digest))
    return [promotion for promotion in looked if not troubles.of(promotion.name)]


def still_signed_off(promotions: Iterable[Promotion], troubles: Troubles, workers: int) -> list[Promotion]:
    """Return the promotions that are signed off as their routes ask, looked at once more right before the flip.

    Raises:
        Refused: an application has rejected an image meanwhile, unless the release keeps going.
        NotPermitted, Unreachable, VerificationFailed: the sign-offs cannot be looked at, unless it keeps going.

    """
    cleared = list(promotions)
    asking = [promotion for promotion in cleared if promotion.asks_for_sign_offs]
    each(lambda one: troubles.attempt([one.name], lambda: require_signed_off(one)), asking, workers)
    return [promotion for promotion in cleared if not troubles.of(promotion.name)]


def _require_same(request: ReleaseRequest, digest: str) -> None:
    if request.approved_digest not in (None, digest):
        raise Refused(
            f"Approved was {request.approved_digest}, but the release is {digest} now.",
            "Have that approved; --dry-run shows what it consists of.",
        )


def _given_to(promotion: Promotion, approvals: Iterable[str], everybody: set[str]) -> tuple[str, ...]:
    """Return the approvals that one route is to look at: not those of people whom only others list."""
    asked = _gates(promotion).approval
    if asked is None:
        return ()
    others = everybody - set(asked.by)
    return tuple(text for text in approvals if of_people.read_approval(text).by not in others)


def _looked_at(promotion: Promotion, given: tuple[str, ...], inspection: Inspection) -> Promotion:
    """Look at the gates of one; whoever approved the release has approved its digest."""
    gates = _gates(promotion)
    if gates == Gates():
        return promotion
    override = promotion.request.override if gates.constraints else None
    asked = promotion.request.but(approval=given, override=override, dry_run=True)  # open ones are named together
    return promotion._replace(clearance=pass_gates(promotion._replace(request=asked), gates, inspection).clearance)


def _gates(promotion: Promotion) -> Gates:
    return promotion.route.gates if promotion.route else Gates()


def _refusal(digest: str, promotions: list[Promotion]) -> Refused:
    named = "; ".join(f"{promotion.name}: {', '.join(promotion.clearance.open)}" for promotion in promotions)
    ways = []
    if any(promotion.asks_for_sign_offs for promotion in promotions):
        ways.append("Applications sign each image off with `promoter sign-off IMAGE APPLICATION`.")
    if any(promotion.clearance.approval for promotion in promotions):
        ways.append(f"Give each approval with --approval 'ID: WHY' and --approved-digest {digest}.")
    if any(_gates(promotion).constraints for promotion in promotions):
        ways.append(OF_INCONSISTENCIES)
    several = f"{len(promotions)} tags of the release" if len(promotions) > 1 else "A tag of the release"
    return Refused(f"{several} may not flip yet; open is: {named}.", " ".join(ways))
