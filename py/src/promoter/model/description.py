"""What tags of registries and image streams are."""

from __future__ import annotations

from promoter.model.base import Model
from promoter.model.history import HistoryEntry
from promoter.model.inconsistency import Inconsistency
from promoter.model.sign_offs import SignOff


class StreamTagEvent(Model):
    """What an image stream's tag is, or was.

    Args:
        digest: the image.
        at: since when.
        current: whether it is so now.
        promoted: what is recorded of its promotion; nothing where nothing is.

    """

    digest: str
    at: str
    current: bool
    promoted: HistoryEntry | None = None


class StreamTagDescription(Model):
    """A tag of an image stream.

    Args:
        tag: `environment/name:tag`.
        source: what it follows; nothing if it was pushed.
        scheduled: whether the cluster looks regularly whether that has moved.
        failure: why it could not be imported, if the latest try failed.
        noted: who set it to what it is, when, why and from where, as its annotations say.
        events: what it was, newest first.
        inconsistencies: what is inconsistent about how it was built, as its annotation says.

    """

    tag: str
    source: str | None
    scheduled: bool
    failure: str | None
    noted: dict[str, str]
    events: tuple[StreamTagEvent, ...]
    inconsistencies: tuple[Inconsistency, ...] = ()


class StreamResult(Model):
    """All tags of an image stream, which is described where no tag is named.

    Args:
        image: the image stream: `environment/name`.
        tags: its tags.

    """

    image: str
    tags: tuple[StreamTagDescription, ...]


class DescribeResult(Model):
    """What a tag is now.

    Where the environment names its cluster, the registry need not have the tag, nor show it; what only the registry
    knows is nothing, or an empty list, in that case.

    Args:
        image: the tag.
        digest: what it is.
        media_type: its manifest's; only the registry knows it.
        platforms: the image's, as `linux/amd64`; only the registry knows them.
        size: that of all its distinct blobs, in bytes; only the registry knows it.
        promoted: what let it in; nothing if no record says so.
        restorable: the digests that the tag had before and can be rolled back to.
        sign_offs: what applications said about it.
        stream: the image stream's tag; nothing if there is none.

    """

    image: str
    digest: str
    media_type: str | None = None
    platforms: tuple[str, ...] = ()
    size: int | None = None
    promoted: HistoryEntry | None = None
    restorable: tuple[str, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    stream: StreamTagDescription | None = None
