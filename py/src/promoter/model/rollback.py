"""What became of a rollback: of a tag, or of a release."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model
from promoter.model.failure import Failure, Several


class RollbackResult(Model):
    """What became of the rollback of a tag.

    Args:
        status: `rolled-back`; `unchanged` if it was the digest already; `planned` in a dry run.
        image: the tag.
        digest: what it is now, or would be.
        previous_digest: what it was.
        record: the record of the rollback, attached to the image; nothing if nothing was changed.
        kept: name of the tag that keeps what it was; nothing if nothing was changed.

    """

    status: Literal["rolled-back", "unchanged", "planned"]
    image: str
    digest: str
    previous_digest: str
    record: str | None = None
    kept: str | None = None


class RolledBackTag(Model):
    """What became of one tag when its release was rolled back.

    Args:
        status: `rolled-back`; `removed` if it was free before the release; `left` if its registry did not let go of
            it then; `unchanged` if it was what it was before the release already; `planned` in a dry run.
        image: the tag.
        digest: what it is now, or would be; nothing if it is gone.
        previous_digest: what it was; nothing if it was free.
        record: the record of the rollback, attached to the image; nothing if none was written.
        kept: name of the tag that keeps what it was; nothing if none does.
        error: why it was left, why its record may still be there, or why the image stream's tag could not follow;
            nothing if all went well.

    """

    status: Literal["rolled-back", "removed", "left", "unchanged", "planned"]
    image: str
    digest: str | None
    previous_digest: str | None
    record: str | None = None
    kept: str | None = None
    error: Failure | None = None


class ReleaseRollbackResult(Several):
    """What became of the rollback of a release (`--release`).

    Args:
        status: `rolled-back`; `unchanged` if all tags were what they were before it already; `planned` in a dry run;
            `partly-done` if something is left as the release made it, which `error` names.
        release_id: what the release is known by.
        tags: what became of its tags.

    """

    status: Literal["rolled-back", "unchanged", "planned", "partly-done"]
    release_id: str
    tags: tuple[RolledBackTag, ...]
