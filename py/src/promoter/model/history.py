"""What was promoted to a tag."""

from __future__ import annotations

from promoter.model.base import Model


class HistoryEntry(Model):
    """One promotion or rollback of a tag, as it was recorded.

    Args:
        action: `promoted`, `rolled-back` or `published`.
        at: when.
        digest: what the tag became.
        previous_digest: what it was before; nothing if it was free.
        source: where the image came from; nothing for a rollback.
        requested_by: who asked for it.
        reason: why, if that was said.
        promotion_id: what it is known by.
        record: the record itself, attached to the image.
        current: whether it is what let in what the tag is now.
        approved_by: who approved it, with their reasons; nothing where nobody was asked.
        signed_off_by: the applications that signed it off; nothing where none was asked.
        override: why it passed although something was inconsistent, and what that was; nothing where nothing was.

    """

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
    """The promotions and rollbacks of a tag.

    Args:
        image: the tag.
        digest: what it is now.
        entries: what is recorded, newest first.

    """

    image: str
    digest: str
    entries: tuple[HistoryEntry, ...]
