"""Sign an image off under an application's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from promoter.errors import PromoterError, WrongUsage
from promoter.model.gates import checked_application
from promoter.model.manifest import Manifest
from promoter.model.request import SignOffRequest
from promoter.model.sign_offs import SignOff, SignOffResult
from promoter.promotion.places import Named, Place, Places
from promoter.promotion.records.identity import build_url, requester
from promoter.promotion.records.statements import now
from promoter.promotion.sign_offs.reading import draft_sign_off, sign_off_tag
from promoter.registry.referrers import attach, keep_listed
from promoter.registry.repository import Repository

if TYPE_CHECKING:
    from promoter.promotion.addresses import Address

_LINK = re.compile(r"https?://[^\s/?#@]+([/?#].*)?")


def sign_off(request: SignOffRequest, places: Places) -> SignOffResult:
    """Put on record, with the image itself, whether an application works with it.

    When this returns, the sign-off counts; an earlier one of the same application about the same digest no longer does.
    Noting it on the image stream's tag is for people who look there: where that fails, it is said, and no more.

    Raises:
        WrongUsage: the application's name is none, or the image, or the link.
        NotFound: the image is not there.
        NotPermitted, Unreachable: the repository takes no sign-off; none is there.

    """
    application = checked_application(request.application)
    _require_link(request)
    place = places.image(request, request.image, actions="pull" if request.dry_run else "pull,push")
    address = _address(place, places)
    image = place.repository.manifest(place.reference.locator)
    stated = _stated(request, application)
    if request.dry_run:
        return _result("planned", place, image, stated)
    artifact = draft_sign_off(place.repository, image.descriptor, stated)
    place.repository.put_manifest(artifact.content, artifact.media_type, sign_off_tag(image.digest, application))
    _list(place.repository, artifact, places)
    is_noted = address is not None and _note(address, image.digest, stated, places)
    return _result(
        "signed-off",
        place,
        image,
        stated.but(record=str(place.repository.reference(artifact.digest))),
        stream_tag=str(address) if is_noted else None,
    )


def _require_link(request: SignOffRequest) -> None:
    """See that the link is one. It is kept for good, where many may read it, and so has no password."""
    link = request.link
    if link and not (_LINK.fullmatch(link) and link.isprintable()):
        raise WrongUsage(
            f"The link for the sign-off of {request.image} is no address of a page, or names a user.",
            "Write https://HOST/PATH, without user and password.",
        )


def _stated(request: SignOffRequest, application: str) -> SignOff:
    return SignOff(
        application=application,
        verdict="rejected" if request.rejected else "verified",
        at=now(),
        signed_by=request.requested_by or requester(),
        link=request.link or build_url(),
        reason=request.reason,
        record=None,
    )


def _result(
    status: Literal["signed-off", "planned"],
    place: Place,
    image: Manifest,
    stated: SignOff,
    *,
    stream_tag: str | None = None,
) -> SignOffResult:
    return SignOffResult(
        status=status, image=str(place.reference), digest=image.digest, sign_off=stated, stream_tag=stream_tag
    )


def _address(place: Place, places: Places) -> Address | None:
    """Return the image stream's tag that was named; nothing if a digest was, or the cluster is left alone."""
    if not place.tag or not places.has_cluster(place.environment):
        return None
    from promoter.promotion.addresses import Addresses  # noqa: PLC0415 - brings in what speaks to clusters

    return Addresses(places).at(Named(place.reference, place.environment), place.tag)


def _list(repository: Repository, artifact: Manifest, places: Places) -> None:
    """List the sign-off among the image's referrers. It counts already: whatever is wrong now is no failure of that."""
    try:
        if attach(repository, artifact):
            keep_listed(repository, artifact)
    except PromoterError as failure:
        places.say(f"signed off, but not listed among the image's referrers: {failure.message}")


def _note(address: Address, digest: str, stated: SignOff, places: Places) -> bool:
    """Note the sign-off on the image stream's tag, if that is the digest; tell whether it is noted."""
    from promoter.promotion.records.annotations import sign_off_annotations  # noqa: PLC0415 - see above

    def note() -> bool:
        stream, standing = address.look()
        if stream is None or standing.digest != digest:
            places.say(f"signed off, but not noted on {address}, which is {standing.digest or 'free'}")
            return False
        annotations = sign_off_annotations(standing, stated)
        address.streams.note(stream, f"{address.name}:{address.tag}", standing, annotations)
        return True

    try:
        return address.streams.api.http.persist(note)
    except PromoterError as failure:
        places.say(f"signed off, but not noted on {address}: {failure.message}\n  {failure.remedy}")
        return False
