"""Which images an export is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from promoter.errors import WrongUsage
from promoter.model.bundle import ExportBundleRequest
from promoter.model.reference import without_user
from promoter.model.request import ReleaseRequest
from promoter.promotion.places import Place, Places, is_reserved
from promoter.release.choosing import choose
from promoter.release.listing import Pair, is_structured, read_pairs, words_of


def find_places(request: ExportBundleRequest, places: Places) -> dict[str, Place]:
    """Open the images that a request names, each by the `name:tag` that it has in the bundle.

    Nothing is sent, unless patterns or labels choose them.

    Raises:
        WrongUsage: a file cannot be read, there is nothing in it, or two images have the same name and tag.
        NotFound: nothing matches a pattern or the labels.
        NotPermitted, Unreachable: a credential cannot be loaded, or what is there cannot be listed.

    """
    shared = request.fields.keys() & ReleaseRequest.fields.keys()
    asked = ReleaseRequest(**{name: getattr(request, name) for name in shared})
    found: dict[str, Place] = {}
    for pair in choose(_read(request.images), asked, places):
        place = places.source(request, pair.source)
        if not place.tag:
            raise WrongUsage(
                f"{pair.where}: {place.reference} names no tag, under which it would be imported.",
                "Add it: …/name:tag, or …/name:tag@sha256:….",
            )
        if is_reserved(place.tag):
            raise WrongUsage(
                f"{pair.where}: {place.reference} is no image's tag: such names are kept for what travels with images.",
                "Name the image itself; signatures and all else go along with it.",
            )
        name = f"{places.image_name(place)}:{place.tag}"
        other = found.setdefault(name, place)
        if other.reference != place.reference:
            raise WrongUsage(
                f"Two images are to be {name} in the bundle: {other.reference} and {place.reference}.",
                "Export them into two bundles.",
            )
    return found


def _read(images: Iterable[str]) -> Iterator[Pair]:
    """Read sources: images themselves, and files, in the forms that a release's have; destinations are passed over."""
    for image in images:
        if not Path(image).is_file():
            yield Pair(image, "", without_user(image))
        elif is_structured(image):
            yield from (pair._replace(destination="") for pair in read_pairs([image]))
        else:
            yield from _lines(image)


def _lines(name: str) -> Iterator[Pair]:
    lines = list(words_of(name))
    if not lines:
        raise WrongUsage(f"There are no images in {name}.", "Write one a line.")
    yield from (Pair(words[0].partition("=")[0], "", where) for where, words in lines)
