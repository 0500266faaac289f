"""Looking at both sides of a promotion before anything is done."""

from __future__ import annotations

from typing import Any, NamedTuple

from promoter.errors import NotPermitted, Refused, WrongUsage
from promoter.model.configuration import DEFAULT_ENGINE, ENGINES, Route
from promoter.model.line import quoted
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.promotion import Approvable, PromotionResult
from promoter.model.reference import checked_repository
from promoter.model.request import PromoteRequest
from promoter.parallel import Later
from promoter.promotion.places import Place, Places
from promoter.promotion.records.identity import new_id, requester


class Clearance(NamedTuple):
    """How the gates of a route stand for a promotion.

    Args:
        met: those that are met, for people.
        open: those that are not.
        approval: what people still have to say to it.
        approved_by: who approved it, with their reasons, for the record.
        signed_off_by: the applications that did, for the record.
        override: why what is inconsistent passes all the same, and what that is, for the record.

    """

    met: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    approval: Approvable | None = None
    approved_by: str | None = None
    signed_off_by: str | None = None
    override: str | None = None


class Promotion(NamedTuple):
    """One promotion, once both sides have been looked at.

    Args:
        request: what was asked for.
        route: the configured way between the two places, if there is one.
        source: where the image is.
        destination: where it goes.
        image: what the source's tag was when it was looked up; everything after works on this digest.
        previous: what the destination's tag is, if there is one.
        identity: the promotion ID.
        clearance: how the route's gates stand.

    """

    request: PromoteRequest
    route: Route | None
    source: Place
    destination: Place
    image: Manifest
    previous: Descriptor | None
    identity: str
    clearance: Clearance = Clearance()

    @property
    def name(self) -> str:
        """What it is known by among others: the destination's tag."""
        return str(self.destination.reference)

    @property
    def mount_from(self) -> tuple[str, ...]:
        """Repositories of the destination's registry to mount blobs from, besides the source's."""
        return (*self.request.mount_from, *(self.route.mount_from if self.route else ()))

    @property
    def engine(self) -> str:
        """What brings the blobs that cannot be mounted."""
        return self.request.engine or (self.route.engine if self.route else DEFAULT_ENGINE)

    @property
    def previous_digest(self) -> str | None:
        """What the destination's tag is, if there is one."""
        return self.previous.digest if self.previous else None

    @property
    def requested_by(self) -> str:
        """Who asks for it."""
        return self.request.requested_by or requester()

    @property
    def asks_for_sign_offs(self) -> bool:
        """Whether its route asks applications to sign the image off."""
        return self.route is not None and bool(self.route.gates.sign_offs)

    @property
    def awaits_approval(self) -> bool:
        """Whether it is to stop here, for people to say something to it."""
        return self.clearance.approval is not None and self.request.until_approval and not self.request.dry_run

    def result(self, status: str, **facts: Any) -> PromotionResult:  # noqa: ANN401 - the result's own fields
        """Return the result with what is known already."""
        known: dict[str, Any] = {
            "status": status,
            "promotion_id": self.identity,
            "source": str(self.source.reference),
            "destination": str(self.destination.reference),
            "digest": self.image.digest,
            "previous_digest": self.previous_digest,
            "gates": self.clearance.met,
            "open_gates": self.clearance.open,
            "approval": self.clearance.approval,
            "verified": True if status in {"promoted", "unchanged"} else None,
        }
        return PromotionResult(**(known | facts))


def look(request: PromoteRequest, places: Places) -> Promotion:
    """Resolve the source's tag, once, and look at the destination's.

    Raises:
        WrongUsage: what is named cannot be; nothing has been sent by then.
        NotFound: the source is not there.
        NotPermitted, Unreachable: a side does not let itself be looked at.

    """
    for repository in request.mount_from:
        checked_repository(repository)
    if request.engine not in (None, *ENGINES):
        raise WrongUsage(f"There is no engine {quoted(request.engine)}.", f"Take one of {', '.join(ENGINES)}.")
    source = places.source(request, request.source)
    destination = places.destination(request, request.destination, origin=source)
    route = places.route(source, destination)
    standing = Later(lambda: _standing(destination, route))
    image = source.repository.manifest(source.reference.locator)
    identity = request.promotion_id or new_id(str(source.reference), str(destination.reference), image.digest)
    return Promotion(request, route, source, destination, image, standing.outcome(), identity)


def _standing(destination: Place, route: Route | None) -> Descriptor | None:
    """Look at the destination's tag; whoever hands over need not have the right to."""
    try:
        return destination.standing()
    except NotPermitted:
        if route and route.hands_over:
            return None
        raise


def require_free(promotion: Promotion) -> Promotion:
    """Return the promotion if the destination's tag is free, or may be overwritten.

    Raises:
        Refused: another digest has it.

    """
    previous = promotion.previous
    if previous and not promotion.request.force:
        raise Refused(
            f"{promotion.destination.reference} is taken: it is {previous.digest}, not {promotion.image.digest}.",
            "Promote under another tag, or overwrite it with --force; the digest it has now is kept either way.",
        )
    return promotion
