"""The gate on inconsistencies: what the source's image streams note about how an image was built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from promoter.errors import NotFound, NotPermitted, Unreachable
from promoter.model.gates import Constraints
from promoter.model.inconsistency import (
    ANNOTATION,
    CONFIG_MAP,
    MESSAGES,
    Inconsistencies,
    Inconsistency,
    explained,
    read_inconsistencies,
    union,
)
from promoter.model.line import in_a_line
from promoter.openshift.config_maps import read_config_map
from promoter.openshift.image_streams import ImageStream, ImageStreams, StreamTag
from promoter.parallel import Later
from promoter.promotion.addresses import Addresses, stream_name
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Named, Places

Outcome = TypeVar("Outcome")


class Verdict(NamedTuple):
    """How the gate stands for a promotion; see `Clearance`."""

    met: tuple[str, ...]
    open: tuple[str, ...]
    override: str | None


def noted_inconsistencies(tag: StreamTag, name: str) -> Inconsistencies:
    """Return what is noted as inconsistent on an image stream's tag of this name."""
    return read_inconsistencies(tag.annotations.get(ANNOTATION, ""), name)


def messages_of(streams: ImageStreams, say: Callable[[str], None], config_map: str = CONFIG_MAP) -> Mapping[str, str]:
    """Return what codes mean: as a ConfigMap of the project says, and of our own as we say."""
    try:
        return {**MESSAGES, **read_config_map(streams.api, streams.project, config_map)}
    except NotFound:
        return MESSAGES
    except (NotPermitted, Unreachable) as failure:
        say(f"what codes mean cannot be read from the ConfigMap {config_map}: {failure.message}")
        return MESSAGES


class _Once(Generic[Outcome]):
    """Does something once for each key, whoever asks; all others wait for it."""

    def __init__(self) -> None:
        self._begun: dict[object, Later[Outcome]] = {}
        self._lock = Lock()

    def of(self, key: object, function: Callable[[], Outcome]) -> Outcome:
        with self._lock:
            if key not in self._begun:
                self._begun[key] = Later(function)
        return self._begun[key].outcome()


class Inspection:
    """Looks at what is inconsistent about images; at each image stream once, however many come from it."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._addresses = Addresses(places)
        self._streams: _Once[ImageStream] = _Once()
        self._messages: _Once[Mapping[str, str]] = _Once()

    def judge(self, promotion: Promotion, gate: Constraints) -> Verdict:
        """Tell whether an image may pass.

        Raises:
            NotFound: no image stream's tag of the source is the image: nothing tells whether it is consistent.
            NotPermitted, Unreachable: the image stream cannot be looked at.

        """
        reasons = {(permit.code, permit.component): permit.reason for permit in gate.permits}
        found = self._inconsistencies(promotion)
        permitted = [one for one in found if (one.code, one.component) in reasons]
        rest = [one for one in found if one not in permitted]
        met = [f"permitted: {one}, {in_a_line(reasons[one.code, one.component])}" for one in permitted]
        if not rest:
            return Verdict((*met, *([] if met else ["nothing inconsistent"])), (), None)
        override = promotion.request.override
        if override is None:
            return Verdict(tuple(met), tuple(f"inconsistent {one}" for one in rest), None)
        why = in_a_line(f"{override} ({', '.join(f'{one.component}: {one.code}' for one in rest)})")
        return Verdict((*met, f"inconsistent, overridden by {promotion.requested_by}: {why}"), (), why)

    def _inconsistencies(self, promotion: Promotion) -> tuple[Inconsistency, ...]:
        named = Named(promotion.source.reference, promotion.source.environment)
        streams, name = self._addresses.streams(named.environment or ""), stream_name(named, self._places)
        address = f"{named.environment}/{name}"
        stream = self._streams.of(address, lambda: streams.get(name))
        noted = union(*(noted_inconsistencies(stream.tag(tag), tag) for tag in _tags(stream, promotion, address)))
        if not noted:
            return ()
        return explained(noted, self._messages.of(named.environment, lambda: messages_of(streams, self._places.say)))


def _tags(stream: ImageStream, promotion: Promotion, address: str) -> list[str]:
    """Return the tags that are the image, all of which count: it is no more consistent by another name."""
    digest, named = promotion.image.digest, promotion.source.reference.tag
    tags = [tag for tag in stream.tags if stream.tag(tag).digest == digest]
    if not tags or (named and named not in tags):
        is_other = f"{address}:{named} is {stream.tag(named or '').digest or 'free'}"
        standing = is_other if named else f"no tag of {address} is it"
        raise NotFound(
            f"Nothing tells whether {digest}, which is to become {promotion.destination.reference}, is consistent: "
            f"among the image streams, {standing}.",
            "Let the image stream's tag be that image, in the cluster of the source's environment.",
        )
    return tags
