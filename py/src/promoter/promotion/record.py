"""Records: statements of who let which image through, attached to the image itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from promoter import __version__
from promoter.credentials.redaction import SECRETS
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.reference import ImageReference
from promoter.model.request import Stated
from promoter.promotion.identity import build_url, requester
from promoter.promotion.statements import KIND, draft_statement, now, read_statement
from promoter.registry.referrers import list_referrers
from promoter.registry.repository import Repository

PREDICATE_TYPE = "urn:image-promoter:promotion:v1"


class Entry(NamedTuple):
    """What a record states, besides the digest it is about.

    Args:
        action: `promoted` or `rolled-back`.
        at: when, in UTC (RFC 3339).
        previous_digest: what the tag was before; nothing if there was none.

    """

    action: str
    at: str
    tag: str
    destination: str
    source: str | None
    previous_digest: str | None
    promotion_id: str
    requested_by: str | None
    reason: str | None
    build: str | None
    git_commit: str | None = None
    approved_by: str | None = None
    signed_off_by: str | None = None
    promoter: str = __version__


class Record(NamedTuple):
    """A record that was found: its own digest, the digest it is about, and what it states."""

    digest: str
    subject: str
    entry: Entry


def entry(
    action: str, reference: ImageReference, stated: Stated, promotion_id: str, previous: str | None, **facts: str | None
) -> Entry:
    """Make an entry of here and now.

    Args:
        action: `promoted` or `rolled-back`.
        reference: the tag that moves.
        stated: who asks, and why.
        promotion_id: the promotion.
        previous: the digest that the tag has before.
        facts: `source`, `git_commit`, `approved_by` and `signed_off_by`, where there are any.

    """
    return Entry(
        action=action,
        at=now(),
        tag=reference.tag or "",
        destination=f"{reference.registry}/{reference.repository}",
        source=facts.get("source"),
        previous_digest=previous,
        promotion_id=promotion_id,
        requested_by=stated.requested_by or requester(),
        reason=stated.reason,
        build=build_url(),
        git_commit=facts.get("git_commit"),
        approved_by=facts.get("approved_by"),
        signed_off_by=facts.get("signed_off_by"),
    )


def draft(repository: Repository, subject: Descriptor, entry: Entry) -> Manifest:
    """Store what a record of an image states, and return the record's manifest; it counts once that is attached.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    return draft_statement(repository, subject, PREDICATE_TYPE, shown(entry))


def shown(entry: Entry) -> dict[str, str | None]:
    """Return what an entry states, without a secret in what people wrote; digests and places are nobody's secret."""
    free = ("promotion_id", "requested_by", "reason", "build", "git_commit", "approved_by", "signed_off_by")
    stated = entry._asdict()
    return stated | {name: SECRETS.redact(stated[name]) for name in free if stated[name]}


def read_records(repository: Repository, digest: str) -> list[Record]:
    """Return the records that are attached to an image, in no particular order.

    Only those about this very repository count: a record that came along from elsewhere tells of another place.
    """
    listed = [entry for entry in list_referrers(repository, digest) if entry.annotations.get(KIND) == PREDICATE_TYPE]
    records = [_read(repository, entry.digest, digest) for entry in listed]
    return [record for record in records if record]


def _read(repository: Repository, digest: str, subject: str) -> Record | None:
    """Read a record; nothing if it is none of ours after all."""
    statement = read_statement(repository, digest, subject, PREDICATE_TYPE)
    if statement is None:
        return None
    known: dict[str, Any] = {name: statement.predicate.get(name) for name in Entry._fields}
    mandatory = (known["action"], known["at"], known["tag"], known["destination"], known["promotion_id"])
    return Record(digest, subject, Entry(**known)) if all(isinstance(value, str) for value in mandatory) else None
