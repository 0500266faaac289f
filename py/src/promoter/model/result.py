"""What commands give back; `--json` and result files are these classes written as JSON."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model


class BlobCounts(Model):
    """The distinct blobs of an image, by how they got to the destination."""

    total: int = 0
    uploaded: int = 0
    mounted: int = 0
    present: int = 0


class BuildOutcome(Model):
    """The production pipeline's build that a promotion was handed over to."""

    name: str
    phase: str
    log: str | None = None


class PromotionResult(Model):
    """What became of a promotion; sizes in bytes, times in seconds.

    `verified` is false where production's pipeline was handed the promotion and the destination may not be looked at.
    """

    status: Literal["promoted", "unchanged", "planned"]
    promotion_id: str
    source: str
    destination: str
    digest: str
    previous_digest: str | None = None
    platforms: tuple[str, ...] = ()
    blobs: BlobCounts = BlobCounts()
    bytes_uploaded: int = 0
    duration_seconds: float = 0.0
    record: str | None = None
    kept: str | None = None
    gates: tuple[str, ...] = ()
    verified: bool = True
    build: BuildOutcome | None = None


class HistoryEntry(Model):
    """One promotion or rollback of a tag, as it was recorded."""

    action: str
    at: str
    digest: str
    previous_digest: str | None
    source: str | None
    requested_by: str | None
    reason: str | None
    promotion_id: str
    record: str
    current: bool


class HistoryResult(Model):
    """The promotions and rollbacks of a tag, newest first."""

    image: str
    digest: str
    entries: tuple[HistoryEntry, ...]


class DescribeResult(Model):
    """What a tag is now. `size` is that of all its distinct blobs, in bytes."""

    image: str
    digest: str
    media_type: str
    platforms: tuple[str, ...]
    size: int
    promoted: HistoryEntry | None
    restorable: tuple[str, ...]


class RollbackResult(Model):
    """What became of a rollback."""

    status: Literal["rolled-back", "unchanged", "planned"]
    image: str
    digest: str
    previous_digest: str
    record: str | None = None
    kept: str | None = None


Result = PromotionResult | HistoryResult | DescribeResult | RollbackResult
