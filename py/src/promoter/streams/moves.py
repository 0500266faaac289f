"""Which tags are to be set to which images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from promoter.errors import NotFound, WrongUsage
from promoter.model.line import quoted
from promoter.model.reference import without_user
from promoter.model.request import TagRequest
from promoter.model.streams import TagOutcome
from promoter.openshift.image_streams import NO_TAG, ImageStream, ImageStreams, StreamTag
from promoter.promotion.addresses import Address, Addresses
from promoter.promotion.places import is_reserved
from promoter.streams.images import Image, digest_of, find_image


class Move(NamedTuple):
    """One tag that is to be set.

    Args:
        image: what to.
        destination: the tag.
        before: what the tag was when it was looked at first.
        labels: what its image stream is labelled with, if that has to be made.

    """

    image: Image
    destination: Address
    before: StreamTag
    labels: dict[str, str]

    def is_done(self, standing: StreamTag) -> bool:
        """Tell whether the tag is the image, and stays it."""
        return standing.digest == self.image.digest and standing.stays and standing.is_settled

    def outcome(self, status: Literal["tagged", "unchanged", "planned"], before: StreamTag) -> TagOutcome:
        """Return what became of it."""
        return TagOutcome(
            status=status,
            source=str(self.image),
            destination=str(self.destination),
            digest=self.image.digest,
            previous_digest=before.digest if before.digest != self.image.digest else None,
        )


def find_moves(request: TagRequest, addresses: Addresses) -> list[Move]:
    """Look at the images and the tags that a request names.

    Raises:
        WrongUsage: it names none.
        NotFound: an image, or an image stream with the labels, is not there.
        NotPermitted, Unreachable: one cannot be looked at.

    """
    if request.selector is not None:
        return _whole_streams(request, request.selector, addresses)
    image = find_image(request, addresses)
    destinations = [addresses.tag(text, like=image.reference) for text in request.destinations]
    return [Move(image, destination, destination.look()[1], {}) for destination in destinations]


def _whole_streams(request: TagRequest, selector: str, addresses: Addresses) -> list[Move]:
    """Return a move for each tag of the image streams with these labels, to the same name in each destination."""
    for text in (request.source, *request.destinations):
        if "/" in text:
            raise WrongUsage(
                f"{quoted(without_user(text))} names an image; --selector chooses them.",
                "Name environments alone with it.",
            )
    if not selector.strip():
        raise WrongUsage("The selector is empty, which would choose everything.", "Name labels: --selector name=app.")
    origin = addresses.streams(request.source)
    for environment in request.destinations:
        addresses.streams(environment)
    moves: list[Move] = []
    for stream in origin.matching(selector):
        images = list(_images(request.source, origin, stream, addresses))
        for environment in request.destinations:
            moves += _moves_into(environment, images, stream, addresses)
    if not moves:
        raise NotFound(
            f"No image stream of project {origin} with the labels {selector} has an image.",
            f"Look at the labels: `oc get imagestreams --show-labels --namespace {origin}`.",
        )
    return moves


def _images(environment: str, streams: ImageStreams, stream: ImageStream, addresses: Addresses) -> Iterator[Image]:
    named = addresses.places.named(f"{environment}/{stream.name}")
    for name in stream.tags:
        if is_reserved(name):
            continue
        if stream.tag(name).digest is None and not stream.tag(name).is_on_its_way:
            addresses.places.say(f"{environment}/{stream.name}:{name} has no image, and is left out")
            continue
        digest = digest_of(streams, stream, name, addresses)
        yield Image(named.reference._replace(tag=name, digest=digest), streams, stream.name)


def _moves_into(environment: str, images: list[Image], stream: ImageStream, addresses: Addresses) -> list[Move]:
    named = addresses.places.named(f"{environment}/{stream.name}")
    there = addresses.streams(environment).find(stream.name)
    targets = [(image, addresses.at(named, image.reference.tag or "")) for image in images]
    return [Move(image, target, there.tag(target.tag) if there else NO_TAG, stream.labels) for image, target in targets]
