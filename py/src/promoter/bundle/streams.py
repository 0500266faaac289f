"""What image streams and their tags have on them: read where an image comes from, and set where it goes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

from promoter.errors import PromoterError
from promoter.model.bundle import BundledStream
from promoter.openshift.access import require_right
from promoter.openshift.image_imports import API
from promoter.openshift.image_streams import ImageStream
from promoter.openshift.rights import Right
from promoter.promotion.addresses import Address, Addresses
from promoter.promotion.places import Named, Place, Places
from promoter.promotion.records.annotations import PREFIX

_OF_ONE_CLUSTER = ("openshift.io/image.", "kubectl.kubernetes.io/", PREFIX)
"""How the annotations begin that tell of one cluster alone, or of who set a tag there."""


class Note(NamedTuple):
    """What goes onto a tag of an image stream, and onto the stream.

    Args:
        place: the tag, in a registry.
        stream: what is noted.
        digest: what the tag has to be.

    """

    place: Place
    stream: BundledStream
    digest: str


def read_stream(place: Place, digest: str, places: Places) -> BundledStream | None:
    """Return what is on the image stream that an image is in, and on its tag if that is the image.

    Raises:
        NotPermitted, Unreachable: it cannot be known.

    """
    if not places.has_cluster(place.environment) or "/" in places.image_name(place):
        return None
    stream, tag = _address(place, places).look()
    if stream is None:
        return None
    return BundledStream(
        labels=stream.labels,
        annotations=_portable(_annotations(stream)),
        tag_annotations=_portable(tag.annotations) if tag.digest == digest else {},
    )


def require_notable(notes: Iterable[Note], places: Places) -> None:
    """See, before anything is changed, that all this may be noted.

    Raises:
        NotPermitted, Unreachable: a right is missing, or cannot be asked for.

    """
    streams = {address.streams.project: address.streams for note in notes if (address := _address(note.place, places))}
    for project, one in streams.items():
        require_right(one.api, Right("patch", "imagestreams", project), "labels and annotations cannot be set there")


def set_notes(notes: Iterable[Note], places: Places) -> None:
    """Put labels and annotations onto image streams and tags.

    What a stream has already stays; a tag tells of the image that it is, so it gets what was noted on that one.

    Raises:
        PromoterError: something cannot be set; the tags are flipped.

    """
    for note in notes:
        address = _address(note.place, places)
        try:
            address.streams.api.http.persist(partial(_set, address, note))
        except PromoterError as failure:
            failure.message = f"{address} is flipped, but its labels and annotations are not set: {failure.message}"
            raise


def _address(place: Place, places: Places) -> Address:
    return Addresses(places).at(Named(place.reference, place.environment), place.tag)


def _annotations(stream: ImageStream) -> dict[str, str]:
    return dict(stream.fields["metadata"].get("annotations") or {})


def _portable(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if not key.startswith(_OF_ONE_CLUSTER)}


def _set(address: Address, note: Note) -> None:
    """Look at an image stream, and set what it lacks.

    Raises:
        Conflict: it was changed meanwhile; worth another try.

    """
    streams, name = address.streams, address.name
    stream = streams.get(name)
    lacking = {
        "labels": _without(note.stream.labels, stream.labels),
        "annotations": _without(_portable(note.stream.annotations), _annotations(stream)),
    }
    if any(lacking.values()):
        path = f"{API}/namespaces/{streams.project}/imagestreams/{name}"
        stream = ImageStream(streams.api.patch(path, {"metadata": lacking}))
    tag = stream.tag(address.tag)
    noted = tag.annotations | _portable(note.stream.tag_annotations)
    if tag.digest == note.digest and noted != tag.annotations:
        streams.note(stream, f"{name}:{address.tag}", tag, noted)


def _without(given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in given.items() if key not in known}
