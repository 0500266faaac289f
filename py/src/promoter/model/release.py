"""What became of a release."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model
from promoter.model.failure import Failure, Several
from promoter.model.promotion import BlobCounts


class ReleasedTag(Model):
    """What became of one tag of a release.

    Args:
        status: `promoted`; `unchanged` if it was the digest already; `planned` in a dry run; `staged` if its image is
            to be brought, by this shard or another, and no tag was to be flipped; `failed`.
        source: where the image comes from.
        destination: the tag.
        digest: the image; nothing if it failed.
        previous_digest: what the tag was; nothing if it was free or unchanged.
        kept: name of the tag that keeps what the tag was; nothing if there was nothing to keep.
        record: the record of the promotion, attached to the image; nothing if it was not promoted.
        stream_tag: the image stream's tag that is the digest, too; nothing if the environment names no cluster.
        open_gates: the gates that keep it from being flipped, in a dry run.
        error: why it failed; nothing if it did not.

    """

    status: Literal["promoted", "unchanged", "planned", "staged", "failed"]
    source: str
    destination: str
    digest: str | None = None
    previous_digest: str | None = None
    kept: str | None = None
    record: str | None = None
    stream_tag: str | None = None
    open_gates: tuple[str, ...] = ()
    error: Failure | None = None


class ReleaseResult(Several):
    """What became of a release.

    Args:
        status: `promoted`; `unchanged` if all tags were their digests already; `planned` in a dry run; `staged` by a
            shard; `partly-done` if some failed; `failed` if all did.
        release_id: what it is known by.
        digest: stands for all its destinations and their digests together: it is what people approve.
        tags: what became of its tags.
        blobs: the blobs of all images whose tags were not their digests already; one counts once for each repository
            that it goes to.
        bytes_uploaded: how many bytes were sent to the destinations' registries, or would be.
        estimated_seconds: how long bringing the bytes would take; nothing but in a dry run that could measure it.
        duration_seconds: how long it took.

    """

    status: Literal["promoted", "unchanged", "planned", "staged", "partly-done", "failed"]
    release_id: str
    digest: str
    tags: tuple[ReleasedTag, ...]
    blobs: BlobCounts = BlobCounts()
    bytes_uploaded: int = 0
    estimated_seconds: float | None = None
    duration_seconds: float = 0.0
