"""Import the images of a bundle."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from promoter.bundle.missing import require_left_out
from promoter.bundle.opening import Bundle, open_bundle
from promoter.bundle.sources import BundlePlaces
from promoter.bundle.streams import Note, require_notable, set_notes
from promoter.bundle.verification import verify
from promoter.errors import NotFound, Refused, WrongUsage
from promoter.model.bundle import BundledImage, ImportBundleRequest, ImportBundleResult
from promoter.model.gates import Gates
from promoter.model.line import quoted
from promoter.model.reference import checked_digest, is_host, parse_name, without_user
from promoter.model.request import ReleaseRequest
from promoter.promotion.places import Places
from promoter.registry.repository import Repository
from promoter.release.listing import Pair
from promoter.release.planning import Way, find_ways
from promoter.release.release import release

_ANY = "any"
"""Stands for a tag where a repository alone is opened."""


def import_bundle(request: ImportBundleRequest, places: Places) -> ImportBundleResult:
    """Bring the images of a bundle to a registry, as a release: all tags flip, or none.

    Nothing is asked of the destination before the whole bundle was verified. What is there already is left: running it
    again goes on.

    Raises:
        PromoterError: see `promoter.errors`; all tags are as they were, or the message names those that are not.

    """
    begun = time.monotonic()
    if not request.bundle:
        raise WrongUsage("It is not said which bundle.", "Name the file or directory that export-bundle wrote.")
    bundle = _open(request)
    images = _chosen(bundle, request.image)
    _require_destination(bundle, request.destination, places)
    verify(bundle, places.deadline)
    places.say(f"{bundle.path} is whole: bundle {bundle.digest}, images: {len(bundle.contents.images)}")
    with closing(BundlePlaces(bundle, places)) as inside:
        result = _import(bundle, images, request, inside)
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _open(request: ImportBundleRequest) -> Bundle:
    bundle = open_bundle(Path(request.bundle), [open_bundle(Path(base)) for base in request.base])
    if request.bundle_digest is not None and checked_digest(request.bundle_digest) != bundle.digest:
        raise Refused(
            f"{bundle.path} is the bundle {bundle.digest}, not {request.bundle_digest}.",
            "Look which one was meant, and where this one comes from.",
        )
    return bundle


def _chosen(bundle: Bundle, names: Iterable[str]) -> list[BundledImage]:
    images = {str(image): image for image in bundle.contents.images}
    chosen = list(dict.fromkeys(names)) or list(images)
    if missing := [name for name in chosen if name not in images]:
        raise NotFound(
            f"{bundle.path} has no {', '.join(map(repr, missing))}.", f"It has {', '.join(images) or 'no images'}."
        )
    return [images[name] for name in chosen]


def _require_destination(bundle: Bundle, text: str, places: Places) -> None:
    """See that the destination is one, and the one that the bundle was made for if it was made for any."""
    host = _host(text, places)
    only_for = bundle.contents.only_for
    if only_for not in (None, text, host):
        raise Refused(
            f"{bundle.path} was made for {only_for} alone, not for {text}.",
            f"Import it there, or export it with --only-for {text}.",
        )


def _host(text: str, places: Places) -> str:
    """Return the registry of a destination.

    Raises:
        WrongUsage: it is neither an environment nor a registry, with a project or without.

    """
    if text in places.configuration.environments:
        return places.configuration.environment(text).registry
    host, slash, project = text.partition("/")
    if not is_host(host) or not {".", ":"} & set(host):
        known = ", ".join(sorted(places.configuration.environments)) or "none"
        raise WrongUsage(
            f"{quoted(without_user(text))} is no destination: it is no environment (known: {known}), and no registry.",
            "Write an environment, or registry.example.com/project; images keep their names and tags.",
        )
    if slash:
        parse_name(project, whole=text, bare=True)
    return host


def _import(
    bundle: Bundle, images: Iterable[BundledImage], request: ImportBundleRequest, places: BundlePlaces
) -> ImportBundleResult:
    pairs = [Pair(str(image), f"{request.destination}/{image}", str(image)) for image in images]
    shared = request.fields.keys() & ReleaseRequest.fields.keys()
    asked = ReleaseRequest(
        **{name: getattr(request, name) for name in shared},
        images=tuple(f"{pair.source}={pair.destination}" for pair in pairs),
    )
    ways = find_ways(pairs, asked, places)
    _require_askable(ways, places)
    notes = [
        Note(way.destination, image.stream, image.digest)
        for way, image in zip(ways, images, strict=True)
        if image.stream and places.has_cluster(way.destination.environment)
    ]
    require_notable(notes, places)

    def repository(name: str) -> Repository:
        return places.image(request, f"{request.destination}/{name}:{_ANY}", actions="pull").repository

    near = require_left_out(bundle, ways, repository, places.pace.at_once)
    released = release(asked.but(mount_from=(*request.mount_from, *near)), places)
    if not request.dry_run:
        set_notes(notes, places)
    known: dict[str, Any] = vars(released) | {"estimated_seconds": None}  # it was the bundle's disk that was timed
    return ImportBundleResult(**known, bundle=bundle.digest)


def _require_askable(ways: Iterable[Way], places: Places) -> None:
    """See that what guards the destination can be asked for here.

    A bundle may say anything of where it comes from, and what it has of sign-offs and inconsistencies could be forged:
    so that does not count, and an origin that no route leads from is no way around the gates of those that are guarded.

    Raises:
        Refused: it cannot.

    """
    for way in ways:
        gates = way.route.gates if way.route else Gates()
        if gates.but(approval=None) != Gates():
            raise Refused(
                f"The route to {way.name} has `sign-offs` or `constraints`, which cannot be asked for here: what a "
                "bundle has of them could be forged.",
                "Promote it where its registry can be reached; or let the route have an `approval` alone, and look at "
                "them where it is exported.",
            )
        target = way.destination.environment
        guarded = [route.from_ for route in places.configuration.routes if route.to == target if route.gates != Gates()]
        if way.route is None and guarded:
            raise Refused(
                f"{way.source.reference.repository} comes from no environment that a route leads from to {target}, "
                f"while the route from {', '.join(guarded)} has gates.",
                "Add the environment that it was exported from, and its route, to the configuration.",
            )
