"""Wait until applications have signed an image off, and let it become `verified`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from promoter.errors import Refused, TimedOut, Unreachable, WrongUsage
from promoter.model.gates import checked_application
from promoter.model.promotion import PromotionResult
from promoter.model.request import AwaitSignOffsRequest, PromoteRequest
from promoter.model.sign_offs import AwaitSignOffsResult, SignOff
from promoter.openshift.waiting import Waiting
from promoter.promotion.handing_over.downstream import when_reachable
from promoter.promotion.looking import Clearance
from promoter.promotion.places import Place, Places
from promoter.promotion.promote import promote
from promoter.promotion.sign_offs.reading import read_sign_offs, rejection

if TYPE_CHECKING:
    from promoter.promotion.reporting import Reporting


class Standing(NamedTuple):
    """How the sign-offs of an image stand.

    Args:
        sign_offs: those that are there.
        missing: the applications that have said nothing about it.

    """

    sign_offs: tuple[SignOff, ...]
    missing: tuple[str, ...]

    @property
    def rejections(self) -> tuple[SignOff, ...]:
        """The sign-offs of those that do not work with it."""
        return tuple(signed for signed in self.sign_offs if signed.verdict == "rejected")

    @property
    def status(self) -> Literal["verified", "waiting", "rejected"]:
        """What it comes to; one rejection is enough."""
        if self.rejections:
            return "rejected"
        return "waiting" if self.missing else "verified"

    @property
    def signatories(self) -> str:
        """The applications that have signed."""
        return ", ".join(signed.application for signed in self.sign_offs)

    def __str__(self) -> str:
        """Say it in one line."""
        if self.rejections:
            return f"rejected by {'; '.join(map(rejection, self.rejections))}"
        if self.missing:
            all_of_them = len(self.sign_offs) + len(self.missing)
            return f"waiting for {', '.join(self.missing)} ({len(self.sign_offs)} of {all_of_them} verified)"
        return f"verified by {self.signatories}"


def await_sign_offs(request: AwaitSignOffsRequest, places: Places) -> AwaitSignOffsResult:
    """Wait until all applications have verified an image, then tag it.

    When this returns, and it was no dry run, all of them have verified the digest that the image was at the beginning,
    and the tag is that digest.

    Raises:
        WrongUsage: an application's name is none, or stands twice; the image or the tag is none.
        NotFound: the image is not there.
        Refused: an application rejected it, or what it was named by is another digest now.
        TimedOut: not all have signed in time.
        NotPermitted, Unreachable, VerificationFailed: it cannot be looked at, or tagged.

    """
    if request.report_to is None:
        return _await(request, places, lambda standing: places.say(str(standing)))
    from promoter.promotion.reporting import Reporting  # noqa: PLC0415

    with Reporting(request, places) as reporting:
        reporting.pending(f"waiting for {', '.join(request.applications)}")
        result = _await(request, places, lambda standing: _report(standing, reporting, places))
        reporting.success(f"verified by {', '.join(request.applications)}")
    return result


def _report(standing: Standing, reporting: Reporting, places: Places) -> None:
    places.say(str(standing))
    if standing.status == "waiting":
        reporting.pending(f"waiting for {', '.join(standing.missing)}")
    if standing.status == "rejected":
        reporting.failure(str(standing))


def _await(request: AwaitSignOffsRequest, places: Places, changed: Callable[[Standing], None]) -> AwaitSignOffsResult:
    """Wait, and tag it; `changed` is called with how it stands whenever that is another."""
    _require_names(request.applications)
    place = places.image(request, request.image, actions="pull")
    if request.tag:
        places.destination(request, _named(place, places, f":{request.tag}"), origin=place)
    digest = place.repository.resolve(place.reference.locator).digest
    look = _Look(place, digest, request.applications)
    if request.dry_run:
        standing, promotion = look(), None
        changed(standing)
    else:
        standing = _wait(look, places, changed)
        promotion = _tag(request, place, digest, standing, places) if request.tag else None
    return AwaitSignOffsResult(
        status=standing.status,
        image=str(place.reference),
        digest=digest,
        sign_offs=standing.sign_offs,
        missing=standing.missing,
        promotion=promotion,
    )


def _require_names(applications: tuple[str, ...]) -> None:
    if not applications:
        raise WrongUsage("No application is named whose sign-off is awaited.", "Name one at least.")
    for name in applications:
        checked_application(name)
        if applications.count(name) > 1:
            raise WrongUsage(f"{name} is named twice.", "Name each application once: each signs off once.")


class _Look:
    """Looks at the sign-offs of one digest.

    Args:
        place: the image, as it was named.
        digest: what it was then.
        applications: whose sign-offs are looked for.

    """

    def __init__(self, place: Place, digest: str, applications: tuple[str, ...]) -> None:
        self.place = place
        self.digest = digest
        self.applications = applications

    def __call__(self) -> Standing:
        """Look.

        Raises:
            Refused: the image that was named is another digest now.

        """
        found = read_sign_offs(self.place.repository, self.digest, self.applications)
        self._require_unmoved()
        signed = {one.application for one in found}
        return Standing(tuple(found), tuple(name for name in self.applications if name not in signed))

    def _require_unmoved(self) -> None:
        if self.place.reference.digest:
            return
        standing = self.place.standing()
        if standing is None or standing.digest != self.digest:
            raise Refused(
                f"{self.place.reference} was moved meanwhile: it is {standing.digest if standing else 'free'}, not "
                f"{self.digest}.",
                "Sign-offs of one digest do not count for another. Run this again: it waits for those of the new one.",
            )


def _wait(look: _Look, places: Places, changed: Callable[[Standing], None]) -> Standing:
    """Look again and again until all have verified. While the registry is away, it is waited for.

    Args:
        look: looks once.
        places: says when to give up.
        changed: called with how it stands, at first and whenever that is another; an end by an exception is left to
            whoever waits.

    """
    waiting = Waiting(places.deadline, f"waiting for the sign-offs of {look.place.reference}")
    known: Standing | None = None
    try:
        while True:
            standing = when_reachable(look, waiting, places, passing=Unreachable)
            if known is None or str(standing) != str(known):
                changed(standing)
            known = standing
            if standing.status == "rejected":
                raise _refused(look, standing)
            if standing.status == "verified":
                return standing
            waiting.pause()
    except TimedOut as over:
        missing = known.missing if known else look.applications
        raise TimedOut(
            f"{over.message} It is {look.digest}; not signed off by {', '.join(missing)}.",
            "They do with `promoter sign-off`. Then run this again: what is signed stays signed.",
        ) from over


def _refused(look: _Look, standing: Standing) -> Refused:
    return Refused(
        f"{look.place.reference} ({look.digest}) is {standing}.",
        "Bring a better image; or, if it is good after all, have it signed off anew and run this again.",
    )


def _tag(
    request: AwaitSignOffsRequest, place: Place, digest: str, standing: Standing, places: Places
) -> PromotionResult:
    """Promote the image to its tag, within its repository."""
    promotion = PromoteRequest(
        source=_named(place, places, f"@{digest}"),
        destination=_named(place, places, f":{request.tag}"),
        force=True,
        reason=request.reason,
        requested_by=request.requested_by,
        source_credentials=request.destination_credentials,
        source_ca=request.destination_ca,
        source_tls_verify=request.destination_tls_verify,
        destination_credentials=request.destination_credentials,
        destination_ca=request.destination_ca,
        destination_tls_verify=request.destination_tls_verify,
    )
    clearance = Clearance(signed_off_by=standing.signatories)
    return promote(promotion, places, allowed=lambda allowed: allowed._replace(clearance=clearance))


def _named(place: Place, places: Places, locator: str) -> str:
    """Write another tag or digest of an image, as it was named."""
    if place.environment:
        return f"{place.environment}/{places.image_name(place)}{locator}"
    return f"{place.reference.registry}/{place.reference.repository}{locator}"
