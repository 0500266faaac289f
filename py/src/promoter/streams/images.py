"""What tags are set to: one image by its digest, and how another image stream's tag follows it."""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import NotFound, WrongUsage
from promoter.model.line import quoted
from promoter.model.reference import ImageReference
from promoter.model.request import TagRequest
from promoter.openshift.api import Object
from promoter.openshift.image_streams import ImageStream, ImageStreams
from promoter.promotion.addresses import Addresses, stream_name
from promoter.promotion.places import Named


class Image(NamedTuple):
    """An image that is to be tagged.

    Args:
        reference: where it is: by tag and digest, on the host that others than its cluster reach it by.
        streams: the image streams of its project, if it is in a cluster.
        stream: the name of its image stream there.

    """

    reference: ImageReference
    streams: ImageStreams | None = None
    stream: str = ""

    def __str__(self) -> str:
        """Write where it is."""
        return str(self.reference)

    @property
    def digest(self) -> str:
        """What it is."""
        return self.reference.digest or ""

    def is_in_cluster_of(self, other: ImageStreams) -> bool:
        """Tell whether no registry is needed to tag it there."""
        return self.streams is not None and self.streams.api.url == other.api.url

    def origin(self, other: ImageStreams) -> Object:
        """Return the `from` of a tag there that follows this very digest."""
        if self.streams is not None and self.is_in_cluster_of(other):
            name = f"{self.stream}@{self.digest}"
            return {"kind": "ImageStreamImage", "namespace": self.streams.project, "name": name}
        return {"kind": "DockerImage", "name": str(self.reference.at(self.digest))}


def find_image(request: TagRequest, addresses: Addresses) -> Image:
    """Find the image that a request names: a tag becomes a digest, once.

    Raises:
        WrongUsage: the text is no image by tag or digest.
        NotFound: it is not there.
        NotPermitted, Unreachable: it cannot be looked at.

    """
    named = addresses.places.named(request.source)
    if not named.reference.locator:
        raise WrongUsage(f"{quoted(request.source)} names neither tag nor digest.", "Add one: …:tag or …@sha256:….")
    if addresses.places.has_cluster(named.environment):
        return _in_stream(named, addresses)
    if named.reference.digest:
        return Image(named.reference)
    place = addresses.places.source(request, request.source)
    return Image(named.reference._replace(digest=place.repository.resolve(place.tag).digest))


def _in_stream(named: Named, addresses: Addresses) -> Image:
    streams = addresses.streams(named.environment or "")
    name, reference = stream_name(named, addresses.places), named.reference
    stream = streams.get(name)
    if reference.digest is None:
        reference = reference._replace(digest=digest_of(streams, stream, reference.tag or "", addresses))
    elif not stream.has(reference.digest):
        raise NotFound(
            f"The image stream {streams.project}/{name} never was {reference.digest}.",
            "Name a digest that one of its tags is or was; `oc describe imagestream` lists them.",
        )
    return Image(reference, streams, name)


def digest_of(streams: ImageStreams, stream: ImageStream, tag: str, addresses: Addresses) -> str:
    """Return what a tag is, once an import that is under way is over.

    Raises:
        NotFound: there is no such tag, or no image under it.
        NotPermitted, Unreachable: its latest import failed, so what it is now is not what it shall be.

    """
    found = stream.tag(tag)
    if not found.is_settled:
        found = streams.settled(stream.name, tag, addresses.places.deadline)
    digest = found.digest
    if digest is None or not digest.startswith("sha256:"):
        there = ", ".join(stream.tags) or "none"
        raise NotFound(
            f"The image stream {streams.project}/{stream.name} has no image under the tag {tag} (tags: {there}).",
            "Check the name and the tag; a tag that is a mere reference has no digest.",
        )
    return digest
