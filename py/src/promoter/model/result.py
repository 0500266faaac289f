"""What commands give back; `--json` and result files are these classes written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from promoter.errors import Interrupted, PartlyDone, PromoterError
from promoter.model.base import Model
from promoter.model.inconsistency import Inconsistency


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


class RolloutOutcome(Model):
    """The deployments that run the digest, as `deployment/NAME` or `dc/NAME`, and how many pods they have in all."""

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
    """What became of a promotion; sizes in bytes, times in seconds.

    `gates` are those that were met, `open_gates` those that were not, where nothing was to be changed yet; `approval`
    is what people have to say to it.
    `verified` is false where production's pipeline was handed the promotion and the destination may not be looked at.
    `stream_tag` is the image stream's tag, where the environment names its cluster. `rollout` is nothing where none was
    asked for, or the tag triggers nothing.
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
    verified: bool = True
    build: BuildOutcome | None = None
    stream_tag: str | None = None
    rollout: RolloutOutcome | None = None
    scaled_down: tuple[str, ...] = ()


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
    approved_by: str | None = None
    signed_off_by: str | None = None
    override: str | None = None


class HistoryResult(Model):
    """The promotions and rollbacks of a tag, newest first."""

    image: str
    digest: str
    entries: tuple[HistoryEntry, ...]


class SignOff(Model):
    """What an application said about an image.

    Args:
        application: its name.
        verdict: whether it works with the image.
        at: when, in UTC (RFC 3339).
        signed_by: the build or the person.
        link: where to read what was tried.
        record: the sign-off itself, as it is attached to the image.

    """

    application: str
    verdict: Literal["verified", "rejected"]
    at: str
    signed_by: str | None
    link: str | None
    reason: str | None
    record: str | None


class SignOffResult(Model):
    """What became of a sign-off; `stream_tag` is the image stream's tag that notes it, if there is one."""

    status: Literal["signed-off", "planned"]
    image: str
    digest: str
    sign_off: SignOff
    stream_tag: str | None = None


class AwaitSignOffsResult(Model):
    """How the sign-offs of an image stand; `promotion` is that to the tag that says so."""

    status: Literal["verified", "waiting", "rejected"]
    image: str
    digest: str
    sign_offs: tuple[SignOff, ...]
    missing: tuple[str, ...]
    promotion: PromotionResult | None = None


class StreamTagEvent(Model):
    """What an image stream's tag is, or was, since when (UTC, RFC 3339), and the record of what promoted it."""

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
    """All tags of an image stream."""

    image: str
    tags: tuple[StreamTagDescription, ...]


class DescribeResult(Model):
    """What a tag is now. `size` is that of all its distinct blobs, in bytes.

    `stream` is there if the environment names its cluster. Then the registry need not have the tag, nor show it; what
    only the registry knows is nothing in that case.
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


class RollbackResult(Model):
    """What became of a rollback."""

    status: Literal["rolled-back", "unchanged", "planned"]
    image: str
    digest: str
    previous_digest: str
    record: str | None = None
    kept: str | None = None


class Failure(Model):
    """What went wrong with one of several things, as errors say it."""

    kind: str
    message: str
    remedy: str
    exit_code: int

    @classmethod
    def of(cls, error: PromoterError | Interrupted) -> Failure:
        """State an error."""
        return cls(kind=error.kind, message=error.message, remedy=error.remedy, exit_code=error.exit_code)


def failure_of(failed: Sequence[tuple[str, Failure]], total: int, what: str) -> Failure | None:
    """Return what went wrong with several things on the whole: the first failure if all failed, or that some did.

    Args:
        failed: the names of those that failed, and why.
        total: how many things there are.
        what: what they are, as in `tags`.

    """
    if not failed or len(failed) == total:
        return failed[0][1] if failed else None
    return Failure.of(
        PartlyDone(
            f"{len(failed)} of {total} {what} failed: {', '.join(name for name, _ in failed)}.",
            "Each has its error; mend what they name, and run this again: what is there is left.",
        )
    )


class Several(Model):
    """What became of several things; `error` is what went wrong on the whole, and its exit code is the command's."""

    error: Failure | None = None

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        return self.error.exit_code if self.error else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name; `error` is among them only if something went wrong, as with every command."""
        values = super().to_dict()
        return values if self.error else {name: value for name, value in values.items() if name != "error"}


class ReleasedTag(Model):
    """What became of one tag of a release.

    `kept` is the tag that keeps what it was; `open_gates` are those that keep it from being flipped, in a dry run.
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
    """What became of a release; sizes in bytes, times in seconds.

    `digest` stands for all its destinations and their digests together: it is what people approve. `blobs` counts each
    blob once for each repository it goes to. `estimated_seconds` is how long bringing the bytes would take, in a dry
    run that could measure it. `error` is there if some tags failed and the others were flipped all the same.
    """

    status: Literal["promoted", "unchanged", "planned", "staged", "partly-done", "failed"]
    release_id: str
    digest: str
    tags: tuple[ReleasedTag, ...]
    blobs: BlobCounts = BlobCounts()
    bytes_uploaded: int = 0
    estimated_seconds: float | None = None
    duration_seconds: float = 0.0


class RolledBackTag(Model):
    """What became of one tag when its release was rolled back.

    A tag that was free before the release is removed, or left where its registry does not let go of tags. `digest` is
    what it is now, or would be; nothing if it is gone. `previous_digest` is what it was. `error` says why the image
    stream's tag could not follow.
    """

    status: Literal["rolled-back", "removed", "left", "unchanged", "planned"]
    image: str
    digest: str | None
    previous_digest: str | None
    record: str | None = None
    kept: str | None = None
    error: Failure | None = None


class ReleaseRollbackResult(Several):
    """What became of the rollback of a release; `error` is there if it left something as the release made it."""

    status: Literal["rolled-back", "unchanged", "planned", "partly-done"]
    release_id: str
    tags: tuple[RolledBackTag, ...]


class WatchedTag(Model):
    """A watched tag that was promoted, or was to be; both places are `environment/name:tag`."""

    status: Literal["promoted", "refused", "failed"]
    source: str
    destination: str
    promotion: PromotionResult | None = None
    error: Failure | None = None


class WatchResult(Several):
    """What came of one look at all watched tags: those to be promoted, and how many others there are.

    Args:
        tags: the tags that were promoted, or were to be.
        unchanged: how many are the same on both sides.
        absent: how many are not at the source.

    """

    tags: tuple[WatchedTag, ...]
    unchanged: int
    absent: int


class TagOutcome(Model):
    """What became of one tag of an image stream; `previous_digest` is what it was, which stays in its history."""

    status: Literal["tagged", "unchanged", "planned"]
    source: str
    destination: str
    digest: str
    previous_digest: str | None = None


class TagResult(Model):
    """The tags that were set, in the order in which they were."""

    promotion_id: str
    tags: tuple[TagOutcome, ...]


class ImportResult(Model):
    """What became of an import; `platforms` are those of a list, none for a single image."""

    status: Literal["imported", "planned"]
    source: str
    destination: str
    digest: str
    previous_digest: str | None = None
    platforms: tuple[str, ...] = ()
    scheduled: bool = False


class StartBuildResult(Model):
    """What became of a build: the digest that it pushed, if any, and the tags that were set to it."""

    status: Literal["built", "planned"]
    build_config: str
    build: BuildOutcome | None = None
    digest: str | None = None
    tags: tuple[TagOutcome, ...] = ()


class Finding(Model):
    """One thing that the doctor looked at.

    Args:
        subject: what it is about; findings about one subject stand together.
        status: whether it works, may become a problem, or does not work.
        message: what was found.
        remedy: what to do about it.
        kind: the kind of failure that commands would end with; see `promoter.errors`.
        exit_code: the exit code that goes with it; 0 unless it failed.

    """

    subject: str
    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str | None = None
    kind: str | None = None
    exit_code: int = 0


class DoctorResult(Model):
    """What the doctor found. `exit_code` is the command's own: the smallest of what failed, 0 if nothing did."""

    findings: tuple[Finding, ...]
    exit_code: int


class ManifestsResult(Model):
    """The objects that were rendered, as project/kind/name, and their text unless it is in the file `output`."""

    side: str
    format: str
    objects: tuple[str, ...]
    output: str | None = None
    text: str | None = None
