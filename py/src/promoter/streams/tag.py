"""Set tags of image streams to an image, by its digest."""

from __future__ import annotations

from promoter.errors import PromoterError, Refused, VerificationFailed
from promoter.model.request import TagRequest
from promoter.model.streams import TagOutcome, TagResult
from promoter.openshift.api import Object
from promoter.openshift.image_imports import ImportPolicy
from promoter.openshift.image_streams import StreamTag
from promoter.promotion.addresses import Addresses
from promoter.promotion.places import Places
from promoter.promotion.records.annotations import tag_annotations
from promoter.promotion.records.identity import new_id
from promoter.promotion.records.record import entry, shown
from promoter.streams.moves import Move, find_moves


def tag(request: TagRequest, places: Places) -> TagResult:
    """Set one or several tags to one image, or all tags of the image streams that a selector chooses.

    All tags are looked at before the first one is set, and none is set if one may not be. When this returns, each tag
    is its image's digest, and stays it until somebody moves it.

    Raises:
        PromoterError: see `promoter.errors`.

    """
    moves = find_moves(request, Addresses(places))
    request = request.but(promotion_id=request.promotion_id or new_id(request.source, *request.destinations))
    for move in moves:
        if not request.force:
            move.destination.require_free(move.before, move.image.digest)
        _require_importable(move, request)
    outcomes: list[TagOutcome] = []
    for move in moves:
        try:
            outcomes.append(_carry_out(move, request, places))
        except PromoterError:
            for outcome in outcomes:
                places.say(f"before that: {outcome.status}: {outcome.destination} is {outcome.digest}")
            raise
    return TagResult(promotion_id=request.promotion_id or "", tags=tuple(outcomes))


def _policy(request: TagRequest) -> ImportPolicy:
    return ImportPolicy(insecure=request.insecure, through_cluster=request.pull_through)


def _require_importable(move: Move, request: TagRequest) -> None:
    """Insist that the destination's cluster can import the image, if it does not have it.

    Raises:
        NotFound, NotPermitted, Unreachable: it cannot.
        VerificationFailed: it would take only a part of it.

    """
    destination, image = move.destination, move.image
    if image.is_in_cluster_of(destination.streams) or move.is_done(move.before):
        return
    reference = str(image.reference.at(image.digest))
    found = destination.imports.look_up(destination.name, reference, _policy(request))
    if found.digest != image.digest:
        raise VerificationFailed(
            f"The cluster of {destination} would import {found.digest} for {reference}.",
            "It takes one platform of a list only, as OpenShift before 4.12 does; name that platform's digest.",
        )


def _carry_out(move: Move, request: TagRequest, places: Places) -> TagOutcome:
    if move.is_done(move.before):
        return move.outcome("unchanged", move.before)
    if request.dry_run:
        return move.outcome("planned", move.before)
    destination = move.destination
    streams = destination.streams
    spec = {"from": move.image.origin(streams), **_policy(request).fields()}
    before = streams.api.http.persist(lambda: _set(move, spec, request))
    _require_standing(move, spec, streams.settled(destination.name, destination.tag, places.deadline))
    return move.outcome("tagged", before)


def _set(move: Move, spec: Object, request: TagRequest) -> StreamTag:
    """Look at the tag, decide, and set it; return what it was.

    Raises:
        Conflict: its image stream was changed meanwhile, or the tag just set by somebody else; worth another try.
        Refused: it was moved to another digest since it was looked at first.

    """
    destination = move.destination
    stream, standing = destination.look()
    if move.is_done(standing):  # an answer that got lost was a yes
        return move.before
    if not request.force:
        destination.require_rest(standing, spec["from"]["name"])
        destination.require_free(standing, move.image.digest)
    spec = {**spec, "annotations": tag_annotations(standing, _facts(move, standing, request))}
    destination.streams.set_tag(stream, f"{destination.name}:{destination.tag}", spec)
    if stream is None and move.labels:
        destination.streams.label(destination.name, move.labels)
    return standing


def _facts(move: Move, standing: StreamTag, request: TagRequest) -> dict[str, str | None]:
    """Return what is noted on a tag that is set."""
    reference, identity = move.destination.reference, request.promotion_id or ""
    stated = entry("promoted", reference, request, identity, standing.digest, source=str(move.image))
    return shown(stated) | {"digest": move.image.digest}


def _require_standing(move: Move, spec: Object, standing: StreamTag) -> None:
    if standing.origin != spec["from"]["name"]:
        raise Refused(
            f"{move.destination} was moved meanwhile: it is {standing.digest}, not {move.image.digest}.",
            "Somebody else sets this tag. Decide whose it is, then run this again.",
        )
    if standing.digest != move.image.digest:
        raise VerificationFailed(
            f"{move.destination} is {standing.digest}, not {move.image.digest}, although it was set to it.",
            "Look at the image stream: `oc describe imagestream`.",
        )
