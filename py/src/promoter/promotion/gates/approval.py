"""The approval of people: who gave it, whether it counts, and who still has to."""

from __future__ import annotations

import json
from typing import NamedTuple

from promoter.errors import Refused, WrongUsage
from promoter.model.duration import seconds
from promoter.model.gates import Approval
from promoter.model.line import in_a_line, quoted
from promoter.model.promotion import Approvable
from promoter.model.reference import checked_digest
from promoter.model.request import Intent
from promoter.promotion.looking import Promotion
from promoter.promotion.records.identity import requester

NOTHING = "nothing"
"""What stands for the digest of a tag that is free."""


class Approved(NamedTuple):
    """A person's approval, with the reason in one line; it may be empty."""

    by: str
    why: str

    def __str__(self) -> str:
        """Write it so that no reason looks like one more person in a list."""
        is_plain = not set(self.why) & {",", '"'}
        why = self.why if is_plain else json.dumps(self.why, ensure_ascii=False)
        return f"{self.by}: {why}" if self.why else self.by


def require_form(request: Intent) -> None:
    """See that what people said is said of something.

    Raises:
        WrongUsage: an approval names nobody or no digest, what is given as a digest is none, or an override has no
            reason.

    """
    if nameless := [text for text in request.approval if not read_approval(text).by]:
        raise WrongUsage(
            f"The approval {quoted(nameless[0])} names nobody.", "Write --approval ID, or --approval 'ID: WHY'."
        )
    if request.approval and not request.approved_digest:
        raise WrongUsage(
            "The approval does not say of what.", "Name the digest that was approved: --approved-digest sha256:…"
        )
    if request.approved_digest:
        checked_digest(request.approved_digest)
    if request.approved_replacing and request.approved_replacing != NOTHING:
        checked_digest(request.approved_replacing)
    if request.override is not None and not request.override.strip():
        raise WrongUsage("The override does not say why.", "Write --override 'WHY'; it is recorded.")


def approvals(promotion: Promotion, asked: Approval | None) -> list[Approved]:
    """Return the approvals that were given, all of which count if the image is the same; see `require_same_image`.

    Raises:
        WrongUsage: there are some, but the route asks for none.
        Refused: it replaces something else by now, somebody who may not approved it, or too few people may.

    """
    _require_same_destination(promotion)
    given = [read_approval(text) for text in promotion.request.approval]
    if asked is None:
        if given:
            raise WrongUsage(
                f"There is an approval, but the way to {promotion.destination.reference} asks for none: nothing would "
                "have checked it.",
                "Leave it out, or give the route its `gates` in the configuration.",
            )
        return []
    _require_enough_people(promotion, asked)
    for number, one in enumerate(given):
        _require_counting(one, [other.by for other in given[:number]], promotion, asked)
    return given


def still_needed(promotion: Promotion, asked: Approval | None, given: list[Approved]) -> Approvable | None:
    """Return what people still have to say; nothing if they have said enough."""
    if asked is None or len(given) >= asked.approvers:
        return None
    had = {one.by for one in given}
    return Approvable(
        by=tuple(person for person in _eligible(promotion, asked) if person not in had),
        needed=asked.approvers - len(given),
        timeout_seconds=seconds(asked.timeout),
        requested_by=promotion.requested_by,
    )


def read_approval(text: str) -> Approved:
    """Read `ID`, or `ID: WHY`."""
    by, _, why = f"{text} ".partition(": ")  # the reason may be empty
    return Approved(by.strip(), in_a_line(why))


def _people(names: str) -> set[str]:
    """Return the people of a list with commas. Jenkins lets them log in with any capitals."""
    return {name.strip().casefold() for name in names.split(",")}


def _asking(promotion: Promotion) -> set[str]:
    """Return who asks: whoever is said to, and whoever runs it."""
    return _people(promotion.requested_by) | _people(requester())


def _eligible(promotion: Promotion, asked: Approval) -> list[str]:
    asking = _asking(promotion)
    return [person for person in asked.by if person.casefold() not in asking]


def _require_enough_people(promotion: Promotion, asked: Approval) -> None:
    eligible = _eligible(promotion, asked)
    if len(eligible) < asked.approvers:
        raise Refused(
            f"Not enough people can approve {promotion.image.digest} for {promotion.destination.reference}: it takes "
            f"{asked.approvers}, and besides who asks for it ({promotion.requested_by}) the route lists "
            f"{', '.join(eligible) or 'nobody'}.",
            "Let somebody else ask for it, or list more people in the route's `gates`.",
        )


def _require_counting(one: Approved, before: list[str], promotion: Promotion, asked: Approval) -> None:
    """See that a person's approval counts."""
    person = one.by.casefold()
    if person in _asking(promotion):
        why = "asks for it"
    elif person in {other.casefold() for other in before}:
        why = "has approved it already"
    elif one.by not in asked.by:
        why = "is not listed"
    else:
        return
    raise Refused(
        f"{one.by} cannot approve {promotion.image.digest} for {promotion.destination.reference}: {one.by} {why}.",
        f"Have it approved by {asked.approvers} of {', '.join(_eligible(promotion, asked))}.",
    )


def require_same_image(promotion: Promotion) -> None:
    """See that the image is what was approved.

    Raises:
        Refused: it is another one by now.

    """
    request = promotion.request
    if request.approved_digest and request.approved_digest != promotion.image.digest:
        raise Refused(
            f"Approved was {request.approved_digest}, but {promotion.source.reference} is {promotion.image.digest} "
            "now.",
            "Have that approved, or promote what was approved by its digest.",
        )


def _require_same_destination(promotion: Promotion) -> None:
    """See that what it replaces is what was approved."""
    request, standing = promotion.request, promotion.previous_digest or NOTHING
    if request.approved_replacing and request.approved_replacing != standing:
        raise Refused(
            f"Approved was to replace {request.approved_replacing}, but {promotion.destination.reference} is "
            f"{standing} now.",
            "Look at who changed it (`promoter history`), then have it approved again.",
        )
