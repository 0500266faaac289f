"""What became of a promotion."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model


class BlobCounts(Model):
    """Distinct blobs, by how they got to the destination, or would.

    Args:
        total: how many there are.
        uploaded: sent to the destination's registry.
        mounted: taken from another repository of that registry.
        present: there already.

    """

    total: int = 0
    uploaded: int = 0
    mounted: int = 0
    present: int = 0


class BuildOutcome(Model):
    """A build that was followed.

    Args:
        name: its name; for a Jenkins job the job's, with the build's number.
        phase: how it ended, in its server's words; `unknown` if it could not be seen, `vanished` if it was deleted.
        log: URL of its log; nothing if it is not known.

    """

    name: str
    phase: str
    log: str | None = None


class RolloutOutcome(Model):
    """The pods that run what was promoted.

    Args:
        deployments: what they belong to: `deployment/NAME` or `dc/NAME`.
        pods: how many there are in all.

    """

    deployments: tuple[str, ...]
    pods: int


class Approvable(Model):
    """The approval that a promotion still takes.

    Args:
        by: who may give it: whom the route lists, without whoever asks for the promotion and whoever approved already.
        needed: how many of them have to.
        timeout_seconds: how long they are to be waited for.
        requested_by: who asks for the promotion.

    """

    by: tuple[str, ...]
    needed: int
    timeout_seconds: float
    requested_by: str


class PromotionResult(Model):
    """What became of a promotion.

    Args:
        status: `promoted`; `unchanged` if the destination's tag was the digest already; `planned` in a dry run;
            `awaiting-approval` if it was to stop there for one, and nothing was changed.
        promotion_id: what the promotion is known by on both sides.
        source: where the image comes from.
        destination: the tag that it goes to.
        digest: the image.
        previous_digest: what the tag was; nothing if it was free, or may not be looked at.
        platforms: the image's, as `linux/amd64`; none where it was not looked into.
        blobs: the image's blobs.
        bytes_uploaded: how many bytes were sent to the destination's registry, or would be.
        duration_seconds: how long it took.
        record: the record of the promotion, attached to the image; nothing where it has none, or none was looked for.
        kept: name of the tag that keeps what the tag was; nothing if it was free, nothing was changed, or production's
            pipeline did it.
        gates: the route's gates that are met.
        open_gates: those that are not, where nothing was to be changed.
        approval: what people still have to say to it; nothing if it takes no more approval.
        verified: true if the tag was seen to be the digest; false if production's pipeline says so and the tag may not
            be looked at; nothing where nothing was promoted.
        build: the build of production's pipeline; nothing if it was not handed over.
        stream_tag: the image stream's tag that is the digest, too; nothing if the environment names no cluster.
        rollout: what was waited for; nothing where no rollout was asked for, or the tag triggers none.
        scaled_down: the test deployments that were scaled to zero: `deployment/NAME` or `dc/NAME`.

    """

    status: Literal["promoted", "unchanged", "planned", "awaiting-approval"]
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
    open_gates: tuple[str, ...] = ()
    approval: Approvable | None = None
    verified: bool | None = None
    build: BuildOutcome | None = None
    stream_tag: str | None = None
    rollout: RolloutOutcome | None = None
    scaled_down: tuple[str, ...] = ()
