"""The gates of a route: what applications and people have to have said before an image may pass."""

from __future__ import annotations

from collections.abc import Mapping

from promoter.errors import Refused, WrongUsage
from promoter.model.gates import Gates
from promoter.model.promotion import Approvable
from promoter.model.sign_offs import SignOff
from promoter.promotion.gates.approval import Approved, approvals, still_needed
from promoter.promotion.gates.inconsistency import Inspection, Verdict
from promoter.promotion.looking import Clearance, Promotion
from promoter.promotion.sign_offs.reading import read_sign_offs, rejection

OF_INCONSISTENCIES = (
    "Build what is inconsistent anew, and annotate its image stream's tag (`promoter constraints annotate`); or go on "
    "with --override 'WHY', which is recorded."
)
"""What to do about them."""


def pass_gates(promotion: Promotion, gates: Gates, inspection: Inspection) -> Promotion:
    """Return the promotion with how its gates stand; open ones only where nothing is to be changed.

    Args:
        promotion: the promotion.
        gates: its route's.
        inspection: looks at what is inconsistent.

    Raises:
        WrongUsage: there is an approval or an override, but the route asks for none.
        Refused: gates are open, or an approval does not count.
        NotFound, NotPermitted, Unreachable: the sign-offs, or the inconsistencies, cannot be looked at.

    """
    given = approvals(promotion, gates.approval)
    needed = still_needed(promotion, gates.approval, given)
    unsigned = _unsigned(promotion, gates)
    signed = [name for name in gates.sign_offs if name not in unsigned]
    verdict = _inspected(promotion, gates, inspection)
    clearance = Clearance(
        met=(*(f"signed off by {name}" for name in signed), *(f"approved by {one}" for one in given), *verdict.met),
        open=(
            *unsigned.values(),
            *([_wanted(needed, given)] if needed else []),
            *verdict.open,
        ),
        approval=needed,
        approved_by=", ".join(map(str, given)) or None,
        signed_off_by=", ".join(signed) or None,
        override=verdict.override,
    )
    cleared = promotion._replace(clearance=clearance)
    if clearance.open and not (promotion.request.dry_run or cleared.awaits_approval):
        raise _refusal(cleared, unsigned, verdict)
    return cleared


def require_signed_off(promotion: Promotion) -> None:
    """Look at the sign-offs that the route asks for once more: copying takes long enough for a rejection to arrive.

    Raises:
        Refused: an application has rejected the image meanwhile, or its sign-off is gone.
        NotPermitted, Unreachable, VerificationFailed: they cannot be looked at.

    """
    unsigned = _unsigned(promotion, promotion.route.gates) if promotion.route else {}
    if unsigned:
        raise Refused(
            f"{promotion.source.reference} may not become {promotion.destination.reference} any more; open since the "
            f"gates were looked at is: {'; '.join(unsigned.values())}.",
            _signing_off(promotion),
        )


def _inspected(promotion: Promotion, gates: Gates, inspection: Inspection) -> Verdict:
    if gates.constraints:
        return inspection.judge(promotion, gates.constraints)
    if promotion.request.override is not None:
        raise WrongUsage(
            f"There is an override, but the way to {promotion.destination.reference} refuses nothing inconsistent.",
            "Leave it out, or give the route its `gates` in the configuration.",
        )
    return Verdict((), (), None)


def _unsigned(promotion: Promotion, gates: Gates) -> dict[str, str]:
    """Return what is open of each application that has not verified the image; without sign-offs, nothing is sent."""
    if not gates.sign_offs:
        return {}
    found = read_sign_offs(promotion.source.repository, promotion.image.digest, gates.sign_offs)
    rejected = {one.application: one for one in found if one.verdict == "rejected"}
    verified = {one.application for one in found if one.verdict == "verified"}
    return {name: _missing(name, rejected.get(name)) for name in gates.sign_offs if name not in verified}


def _missing(application: str, rejected: SignOff | None) -> str:
    return f"rejected by {rejection(rejected)}" if rejected else f"sign-off by {application}"


def _wanted(needed: Approvable, given: list[Approved]) -> str:
    more = "more " if given else ""
    return f"approval by {needed.needed} {more}of {', '.join(needed.by)}"


def _signing_off(promotion: Promotion) -> str:
    return f"Applications sign off with `promoter sign-off {promotion.request.source} APPLICATION`."


def _refusal(promotion: Promotion, unsigned: Mapping[str, str], verdict: Verdict) -> Refused:
    ways = []
    if unsigned:
        ways.append(_signing_off(promotion))
    if promotion.clearance.approval:
        ways.append(
            f"Give each approval with --approval 'ID: WHY' and --approved-digest {promotion.image.digest}; in a "
            "pipeline, approvePromotion asks for them."
        )
    if verdict.open:
        ways.append(OF_INCONSISTENCIES)
    return Refused(
        f"{promotion.source.reference} may not become {promotion.destination.reference} yet; open is: "
        f"{'; '.join(promotion.clearance.open)}.",
        " ".join(ways),
    )
