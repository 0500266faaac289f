"""Looking at both sides of all promotions of a release before anything is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterable
from functools import partial
from typing import NamedTuple

from promoter.errors import NotFound, Refused, WrongUsage
from promoter.http.pace import Pace
from promoter.model.configuration import Route
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.reference import ImageReference
from promoter.model.request import ReleaseRequest
from promoter.parallel import Later, Outcome, each
from promoter.promotion.places import Place, Places
from promoter.registry.repository import Repository
from promoter.registry.session import RegistrySession
from promoter.release.listing import Pair
from promoter.release.troubles import Troubles


class Way(NamedTuple):
    """One image's way in a release.

    Args:
        pair: as it was written.
        source: where the image is.
        destination: where it goes.
        route: the configured way between the two places, if there is one.

    """

    pair: Pair
    source: Place
    destination: Place
    route: Route | None

    @property
    def name(self) -> str:
        """What it is known by: the destination's tag."""
        return str(self.destination.reference)


class Found(NamedTuple):
    """A way, once both its ends were looked at.

    Args:
        way: the way.
        image: what the source's tag is; everything after works on this digest.
        previous: what the destination's tag is, if there is one.
        manifest: the image's manifest, where it was had along with the look.

    """

    way: Way
    image: Descriptor
    previous: Descriptor | None
    manifest: Manifest | None

    @property
    def is_done(self) -> bool:
        """Whether the destination's tag is the image already."""
        return self.previous is not None and self.previous.digest == self.image.digest


def find_ways(pairs: Iterable[Pair], request: ReleaseRequest, places: Places) -> list[Way]:
    """Open both ends of each pair; nothing is sent yet.

    Raises:
        WrongUsage: what is named cannot be, or the pairs contradict each other.
        NotPermitted: a credential cannot be loaded.

    """
    ways: dict[ImageReference, Way] = {}
    for pair in pairs:
        way = _way(pair, request, places)
        target = way.destination.reference
        other = ways.setdefault(target, way)
        if other.source.reference != way.source.reference:
            raise WrongUsage(
                f"Two sources are to become {target}: {other.source.reference} ({other.pair.where}) and "
                f"{way.source.reference} ({pair.where}).",
                "Leave one of them out.",
            )
    _require_order(ways)
    _expect_tokens(ways.values())
    return list(ways.values())


def _expect_tokens(ways: Iterable[Way]) -> None:
    """Let each registry's tokens be asked for many repositories at once."""
    scopes: dict[RegistrySession, list[str]] = {}
    for way in ways:
        source, destination = way.source.repository, way.destination.repository
        scopes.setdefault(source.session, []).extend(source.scopes)
        scopes.setdefault(destination.session, []).extend(destination.scopes)
        if way.source.shares_registry(way.destination):  # its blobs are mounted from there
            scopes[destination.session].extend(source.scopes)
    for session, needed in scopes.items():
        session.expect(needed)


def _way(pair: Pair, request: ReleaseRequest, places: Places) -> Way:
    try:
        source = places.source(request, pair.source)
        destination = places.destination(request, pair.destination, origin=source)
        route = places.route(source, destination)
    except WrongUsage as problem:
        problem.message = f"{pair.where}: {problem.message}"
        raise
    if route and route.hands_over:
        raise WrongUsage(
            f"{pair.where}: the route from {route.from_} to {route.to} hands over to production's pipeline, which "
            "takes one image at a time.",
            "Release where production's credentials are, on a route that copies; or promote the images one by one.",
        )
    return Way(pair, source, destination, route)


def _require_order(ways: dict[ImageReference, Way]) -> None:
    """See that no destination is a source as well: what it would be then, and in which order, nobody could tell."""
    for way in ways.values():
        reference = way.source.reference
        if reference in ways:
            raise WrongUsage(
                f"{reference} is a source ({way.pair.where}) and a destination ({ways[reference].pair.where}).",
                "Release in two steps, or take the digest that is meant as the source.",
            )


def look_at_all(ways: list[Way], troubles: Troubles, pace: Pace) -> list[Found]:
    """Resolve all sources, once each, and look at all destinations.

    Args:
        ways: all of them.
        troubles: hears of what goes wrong.
        pace: tells how much is worth having under way.

    Raises:
        NotFound: sources are not there; all of them are named.
        NotPermitted, Unreachable: a side does not let itself be looked at.

    """
    wanted: dict[ImageReference, list[Way]] = {}
    for way in ways:
        wanted.setdefault(way.source.reference, []).append(way)
    sources = [*wanted.values()]
    look = _Look(troubles)
    # Both sides at the same time: that meets the challenges, and shows the pace.
    standing = Later(partial(look.at_destination, ways[0]))
    image = look.at_source(sources[0])
    previous = [standing.outcome(), *each(look.at_destination, ways[1:], pace.at_once)]
    free = {way.name for way, digest in zip(ways, previous, strict=True) if digest is None}
    images = [image, *each(lambda those: look.at_source(those, free), sources[1:], pace.at_once)]
    seen = dict(zip(wanted, images, strict=True))
    _require_sources([way for way in ways if seen[way.source.reference] is None], len(ways), troubles)
    return [
        Found(way, one.image, digest, one.manifest)
        for way, digest in zip(ways, previous, strict=True)
        if (one := seen[way.source.reference]) and not troubles.of(way.name)
    ]


class _Seen(NamedTuple):
    """What was seen of a source: the image, and its manifest if that was had along with the look."""

    image: Descriptor
    manifest: Manifest | None = None


class _Look:
    """Looks at a source, or at where it goes.

    Args:
        troubles: hears of what goes wrong.

    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles

    def at_destination(self, way: Way) -> Descriptor | None:
        """Look what a destination's tag is."""
        return self._troubles.attempt([way.name], way.destination.standing)

    def at_source(self, ways: list[Way], free: Container[str] = ()) -> _Seen | None:
        """Look at the source of all these ways; where one of their tags is free, its manifest is needed anyway."""
        if any(way.name in free for way in ways):
            manifest = self._source(ways, Repository.find_manifest)
            return manifest and _Seen(manifest.descriptor, manifest)
        image = self._source(ways, Repository.find)
        return image and _Seen(image)

    def _source(self, ways: list[Way], look: Callable[[Repository, str], Outcome | None]) -> Outcome | None:
        place = ways[0].source
        return self._troubles.attempt(
            [way.name for way in ways], lambda: look(place.repository, place.reference.locator)
        )


def _require_sources(missing: list[Way], total: int, troubles: Troubles) -> None:
    """Insist that no image is missing."""
    absent = {way.name: way for way in missing if not troubles.of(way.name)}
    troubles.raise_together(absent, partial(_absent, total))


def _absent(total: int, ways: list[Way]) -> NotFound:
    named = ", ".join(f"{way.source.reference} ({way.pair.where})" for way in ways)
    return NotFound(
        f"{len(ways)} of {total} images of the release are not there: {named}."
        if len(ways) > 1
        else f"{named} is not there.",
        "Check the names and tags; `skopeo list-tags` shows what is there.",
    )


def release_digest(found: Iterable[Found]) -> str:
    """Return the digest that stands for a release as a whole: of its lines `destination digest`, sorted."""
    lines = sorted(f"{one.way.name} {one.image.digest}\n" for one in found)
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def require_free(found: list[Found], request: ReleaseRequest, troubles: Troubles) -> list[Found]:
    """Return what may be done: the destinations are free, or may be overwritten.

    Raises:
        Refused: others have them; all are named.

    """
    if not request.force:
        taken = {one.way.name: one for one in found if one.previous and not one.is_done}
        troubles.raise_together(taken, _taken)
    return [one for one in found if not troubles.of(one.way.name)]


def _taken(those: list[Found]) -> Refused:
    named = ", ".join(f"{one.way.name} is {one.previous.digest}" for one in those if one.previous)
    return Refused(
        f"{len(those)} tags of the release are taken by other digests: {named}."
        if len(those) > 1
        else f"{named}: another digest has taken it.",
        "Release under other tags, or overwrite them with --force; the digests they have now are kept either way.",
    )
