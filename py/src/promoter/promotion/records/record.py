"""Records: statements of who let which image through, attached to the image itself.

All images of a release have one statement in common. Each of its tags has a record of its own all the same, which
points at the statement: only what is attached to an image counts for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from promoter import __version__
from promoter.credentials.redaction import SECRETS
from promoter.model.manifest import Descriptor, Manifest, is_digest
from promoter.model.reference import ImageReference
from promoter.model.request import Stated
from promoter.promotion.records.identity import build_url, requester
from promoter.promotion.records.statements import (
    KIND,
    annotation,
    draft_statement,
    now,
    read_attached,
    read_statement,
)
from promoter.registry.referrers import list_referrers
from promoter.registry.repository import Repository

PREDICATE_TYPE = "urn:image-promoter:promotion:v1"
RELEASE_TYPE = "urn:image-promoter:release:v1"
TAG = "image-promoter/tag"
"""The annotation that says which tag of its image a release's record is of."""


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
    override: str | None = None
    promoter: str = __version__


class Record(NamedTuple):
    """A record that was found: its own digest, the digest it is about, and what it states."""

    digest: str
    subject: str
    entry: Entry


class Released(NamedTuple):
    """A release's record of one tag.

    Args:
        record: what is attached to the image; its first blob is the statement that names the tag, all others are what
            else the release stated.
        predicate: what the statement says of all its images.
        promotion: what it says of this one.

    """

    record: Manifest
    predicate: dict[str, Any]
    promotion: dict[str, Any]


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
        facts: `source`, `git_commit`, `approved_by`, `signed_off_by` and `override`, where there are any.

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
        override=facts.get("override"),
    )


def draft(repository: Repository, subject: Descriptor, entry: Entry) -> Manifest:
    """Store what a record of an image states, and return the record's manifest; it counts once that is attached.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    return draft_statement(repository, subject, PREDICATE_TYPE, shown(entry))


def shown(entry: Entry) -> dict[str, str | None]:
    """Return what an entry states, without a secret in what people wrote; digests and places are nobody's secret."""
    free = ("promotion_id", "requested_by", "reason", "build", "git_commit", "approved_by", "signed_off_by", "override")
    stated = entry._asdict()
    return stated | {name: SECRETS.redact(stated[name]) for name in free if stated[name]}


def read_records(repository: Repository, digest: str, tag: str | None = None) -> list[Record]:
    """Return the records that are attached to an image, in no particular order.

    Only those about this very repository count: a record that came along from elsewhere tells of another place.

    Args:
        repository: where the image is.
        digest: the image.
        tag: where only its records are of interest; what a release recorded of others is not read then.

    """
    ways = {PREDICATE_TYPE: _read, RELEASE_TYPE: _read_of_release}
    listed = [one for one in list_referrers(repository, digest) if tag in (None, one.annotations.get(TAG, tag))]
    found = [(ways.get(one.annotations.get(KIND, "")), one.digest) for one in listed]
    records = [read(repository, record, digest) for read, record in found if read]
    return [record for record in records if record]


def _read(repository: Repository, digest: str, subject: str) -> Record | None:
    """Read a record; nothing if it is none of ours after all."""
    statement = read_statement(repository, digest, subject, PREDICATE_TYPE)
    return _record(digest, subject, statement.predicate) if statement else None


def _read_of_release(repository: Repository, digest: str, subject: str) -> Record | None:
    released = read_release(repository, digest, subject)
    if released is None:
        return None
    facts = {**released.predicate, **released.promotion, "promotion_id": released.predicate.get("release")}
    return _record(digest, subject, facts)


def _record(digest: str, subject: str, stated: Mapping[str, Any]) -> Record | None:
    known: dict[str, Any] = {name: stated.get(name) for name in Entry._fields}
    mandatory = (known["action"], known["at"], known["tag"], known["destination"], known["promotion_id"])
    return Record(digest, subject, Entry(**known)) if all(isinstance(value, str) for value in mandatory) else None


def read_release(repository: Repository, digest: str, subject: str) -> Released | None:
    """Read a release's record of one tag of an image; nothing if there is none, or it does not name the image here.

    Args:
        repository: where the image is.
        digest: the record's.
        subject: the image's.

    Raises:
        NotFound: its text is not there.
        NotPermitted, Unreachable, VerificationFailed: it cannot be read.

    """
    found = read_attached(repository, digest, subject, RELEASE_TYPE)
    if found is None or (str(repository), subject) not in found[1].subjects:
        return None
    manifest, words = found
    named = {"destination": str(repository), "tag": annotation(manifest, TAG), "digest": subject}
    for promotion in promotions_of(words.predicate):
        if named.items() <= promotion.items():
            return Released(manifest, words.predicate, promotion)
    return None


def promotions_of(predicate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the promotions that a release's statement names, without any that makes no sense."""
    promotions = predicate.get("promotions")
    return list(filter(_is_promotion, promotions)) if isinstance(promotions, list) else []


def _is_promotion(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    digests = [one.get("digest"), *([one["previous_digest"]] if one.get("previous_digest") else [])]
    places = [one.get("destination"), one.get("tag")]
    return all(isinstance(text, str) for text in (*places, *digests)) and all(map(is_digest, digests))
