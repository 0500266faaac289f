"""What became of tags, imports and builds of image streams."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model
from promoter.model.promotion import BuildOutcome


class TagOutcome(Model):
    """What became of one tag of an image stream.

    Args:
        status: `tagged`; `unchanged` if it was the digest already; `planned` in a dry run.
        source: where the image comes from.
        destination: the tag.
        digest: the image.
        previous_digest: what the tag was, which stays in its history; nothing if it was free or unchanged.

    """

    status: Literal["tagged", "unchanged", "planned"]
    source: str
    destination: str
    digest: str
    previous_digest: str | None = None


class TagResult(Model):
    """The tags that were set.

    Args:
        promotion_id: what the tagging is known by.
        tags: what became of each, in the order in which they were set.

    """

    promotion_id: str
    tags: tuple[TagOutcome, ...]


class ImportResult(Model):
    """What became of an import.

    Args:
        status: `imported`; `planned` in a dry run.
        source: what was imported.
        destination: the tag.
        digest: the image.
        previous_digest: what the tag was; nothing if it was free, or the digest already.
        platforms: those of a list of images, as `linux/amd64`; none for a single image.
        scheduled: whether the cluster looks again regularly.

    """

    status: Literal["imported", "planned"]
    source: str
    destination: str
    digest: str
    previous_digest: str | None = None
    platforms: tuple[str, ...] = ()
    scheduled: bool = False


class StartBuildResult(Model):
    """What became of a build.

    Args:
        status: `built`; `planned` in a dry run.
        build_config: its BuildConfig: `environment/name`.
        build: the build; nothing in a dry run.
        digest: what it pushed; nothing if it pushed nothing.
        tags: what became of the tags that were to be set to that.

    """

    status: Literal["built", "planned"]
    build_config: str
    build: BuildOutcome | None = None
    digest: str | None = None
    tags: tuple[TagOutcome, ...] = ()
