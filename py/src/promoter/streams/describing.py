"""What the tags of an image stream are and were, where they come from, and what promoted each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from promoter.errors import NotFound, NotPermitted, Unreachable
from promoter.model.description import DescribeResult, StreamResult, StreamTagDescription, StreamTagEvent
from promoter.model.history import HistoryEntry
from promoter.model.inconsistency import Inconsistency, explained
from promoter.model.request import DescribeRequest
from promoter.openshift.image_streams import ImageStream, ImageStreams, StreamTag
from promoter.promotion.addresses import Addresses, stream_name
from promoter.promotion.gates.inconsistency import messages_of, noted_inconsistencies
from promoter.promotion.history import describe as describe_tag
from promoter.promotion.history import described, entries_of
from promoter.promotion.places import Named, Places
from promoter.promotion.records.annotations import noted


def describe(request: DescribeRequest, places: Places) -> DescribeResult | StreamResult:
    """Tell what a tag is, what let it in, and what it can be rolled back to; of an image stream's tag, what it was too.

    Raises:
        NotFound: there is no such tag, or no such image stream.

    """
    named = places.named(request.image)
    if named.reference.digest or not places.has_cluster(named.environment):
        return describe_tag(request, places)
    streams, name = Addresses(places).streams(named.environment or ""), stream_name(named, places)
    if named.reference.tag is None:
        stream = _Described(named, streams, streams.get(name), places)
        return StreamResult(image=f"{named.environment}/{name}", tags=tuple(map(stream.tag, stream.tags)))
    found = streams.find(name)
    if found is None or named.reference.tag not in found.tags:
        return describe_tag(request, places)
    return _describe_both(request, places, named, _Described(named, streams, found, places))


def _describe_both(request: DescribeRequest, places: Places, named: Named, stream: _Described) -> DescribeResult:
    """Describe a tag as registry and image stream have it; the latter alone if the registry does not show it."""
    name = named.reference.tag or ""
    digests = stream.digests(name)
    try:
        place = places.destination(request, request.image, actions="pull")
        current = place.repository.resolve(name)
        entries = tuple(entries_of(place, current, (digest for digest in digests if digest.startswith("sha256:"))))
        return described(place, current, entries).but(stream=stream.tag(name, entries))
    except (NotFound, NotPermitted, Unreachable) as failure:
        if not digests:
            raise
        places.say(f"only the image stream's tag can be described: {failure.message}")
    return DescribeResult(image=str(named.reference), digest=digests[0], stream=stream.tag(name))


class _Described:
    """An image stream that is described.

    Args:
        named: its image, as it was named.
        streams: the project it is in.
        stream: what it is.
        places: hears what cannot be read.

    """

    def __init__(self, named: Named, streams: ImageStreams, stream: ImageStream, places: Places) -> None:
        self._named = named
        self._streams = streams
        self._stream = stream
        self._places = places
        self.tags = stream.tags

    def digests(self, name: str) -> tuple[str, ...]:
        """Return what a tag was, newest first."""
        return tuple(map(self._outside, self._stream.tag(name).digests))

    def tag(self, name: str, entries: tuple[HistoryEntry, ...] = ()) -> StreamTagDescription:
        """Describe a tag, given what the records say about it, newest first."""
        tag = self._stream.tag(name)
        unused = list(entries)
        return StreamTagDescription(
            tag=f"{self._named.environment}/{self._stream.name}:{name}",
            source=self._source(tag),
            scheduled=tag.is_scheduled,
            failure=str(tag.failure.get("message")) if tag.failure else None,
            noted=noted(tag),
            events=tuple(
                StreamTagEvent(
                    digest=self._outside(event.digest),
                    at=event.at,
                    current=index == 0,
                    promoted=_take(unused, event.digest),
                )
                for index, event in enumerate(tag.events)
            ),
            inconsistencies=self._inconsistencies(tag, name),
        )

    def _inconsistencies(self, tag: StreamTag, name: str) -> tuple[Inconsistency, ...]:
        noted = noted_inconsistencies(tag, name)
        return explained(noted, self._messages) if noted else ()

    @cached_property
    def _messages(self) -> Mapping[str, str]:
        return messages_of(self._streams, self._places.say)

    def _source(self, tag: StreamTag) -> str | None:
        origin = tag.spec.get("from")
        if not origin:
            return None
        if origin["kind"] == "DockerImage":
            return self._outside(origin["name"])
        return f"{origin.get('namespace') or self._streams.project}/{origin['name']}"

    def _outside(self, reference: str) -> str:
        return self._stream.outside(reference, self._named.reference.registry)


def _take(entries: list[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Take the newest record of a digest out: an older event has an older one. Their clocks are not compared."""
    found = next((entry for entry in entries if entry.digest == digest), None)
    if found:
        entries.remove(found)
    return found
