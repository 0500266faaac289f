"""Have a cluster import an image into an image stream."""

from __future__ import annotations

from typing import Literal

from promoter.errors import WrongUsage
from promoter.model.line import quoted
from promoter.model.request import ImportRequest
from promoter.model.streams import ImportResult
from promoter.openshift.image_imports import ImportedImage, ImportPolicy
from promoter.openshift.image_streams import StreamTag
from promoter.promotion.addresses import Address, Addresses
from promoter.promotion.places import Places


def import_(request: ImportRequest, places: Places) -> ImportResult:
    """Import an image from any registry, with all its platforms.

    The cluster looks at the image first, so that nothing is changed if it cannot be had. When this returns, the tag is
    the image.

    Raises:
        PromoterError: see `promoter.errors`.

    """
    reference = places.named(request.reference).reference
    if not reference.locator:
        raise WrongUsage(f"{quoted(request.reference)} names neither tag nor digest.", "Add one: …:tag or …@sha256:….")
    if request.scheduled and reference.digest:
        raise WrongUsage(f"{reference} is a digest, which never changes.", "Name a tag, or leave out --scheduled.")
    destination = Addresses(places).tag(request.destination, like=reference)
    policy = ImportPolicy(scheduled=request.scheduled, insecure=request.insecure, through_cluster=request.pull_through)
    found = destination.imports.look_up(destination.name, str(reference), policy)

    def attempt() -> tuple[StreamTag, ImportedImage]:
        return _import(request, destination, str(reference), policy, found)

    before, imported = destination.streams.api.http.persist(attempt)
    status: Literal["imported", "planned"] = "planned" if request.dry_run else "imported"
    return ImportResult(
        status=status,
        source=str(reference),
        destination=str(destination),
        digest=imported.digest,
        previous_digest=before.digest if before.digest != imported.digest else None,
        platforms=imported.platforms,
        scheduled=request.scheduled,
    )


def _import(
    request: ImportRequest, destination: Address, reference: str, policy: ImportPolicy, found: ImportedImage
) -> tuple[StreamTag, ImportedImage]:
    """Look at the tag, decide, and import; return what the tag was, and what it is.

    Raises:
        Conflict: the image stream was changed meanwhile, or the tag just set by somebody else; worth another try.
        Refused: the tag is another image that came from elsewhere.

    """
    stream, standing = destination.look()
    if standing.origin != reference and not request.force:
        destination.require_rest(standing, reference)
        destination.require_free(standing, found.digest)
    if request.dry_run:
        return standing, found
    version = stream.version if stream else None
    return standing, destination.imports.run(destination.name, destination.tag, reference, policy, version=version)
