"""Records: who let which image through, attached to the image itself.

A record is an in-toto statement (https://in-toto.io/Statement/v1) about the image's digest, kept as an OCI artifact
whose `subject` is the image (OCI image spec 1.1, "Guidelines for Artifact Usage"). The statement is its layer and its
config: an empty config would be one more blob to bring to every repository.
"""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Any, NamedTuple

from promoter import __version__
from promoter.credentials.redaction import SECRETS
from promoter.model.manifest import OCI_MANIFEST, Descriptor, Manifest, digest_of, read_manifest
from promoter.model.reference import ImageReference
from promoter.model.request import Stated
from promoter.promotion.identity import build_url, requester
from promoter.registry.referrers import list_referrers
from promoter.registry.repository import Repository

STATEMENT_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "urn:image-promoter:promotion:v1"
_KIND = "in-toto.io/predicate-type"


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
    promoter: str = __version__


class Record(NamedTuple):
    """A record that was found: its own digest, the digest it is about, and what it states."""

    digest: str
    subject: str
    entry: Entry


def _now() -> str:
    """Return the time, in UTC, to the millisecond."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


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
        facts: `source` and `git_commit`, where there are any.

    """
    return Entry(
        action=action,
        at=_now(),
        tag=reference.tag or "",
        destination=f"{reference.registry}/{reference.repository}",
        source=facts.get("source"),
        previous_digest=previous,
        promotion_id=promotion_id,
        requested_by=stated.requested_by or requester(),
        reason=stated.reason,
        build=build_url(),
        git_commit=facts.get("git_commit"),
    )


def draft(repository: Repository, subject: Descriptor, entry: Entry) -> Manifest:
    """Store what a record of an image states, and return the record's manifest; it counts once that is attached.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(repository), "digest": {"sha256": subject.digest.removeprefix("sha256:")}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {name: value for name, value in shown(entry).items() if value is not None},
    }
    content = json.dumps(statement, indent=1).encode()
    payload = Descriptor(STATEMENT_TYPE, digest_of(content), len(content))
    repository.upload(payload, partial(iter, (content,)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": STATEMENT_TYPE,
        "config": payload.to_json(),
        "layers": [payload.to_json()],
        "subject": Descriptor(subject.media_type, subject.digest, subject.size).to_json(),
        "annotations": {
            "org.opencontainers.image.created": entry.at,
            _KIND: PREDICATE_TYPE,
        },
    }
    return read_manifest(json.dumps(manifest).encode(), OCI_MANIFEST)


def shown(entry: Entry) -> dict[str, str | None]:
    """Return what an entry states, without a secret in what people wrote; digests and places are nobody's secret."""
    free = ("promotion_id", "requested_by", "reason", "build", "git_commit")
    stated = entry._asdict()
    return stated | {name: SECRETS.redact(stated[name]) for name in free if stated[name]}


def read_records(repository: Repository, digest: str) -> list[Record]:
    """Return the records that are attached to an image, in no particular order.

    Only those about this very repository count: a record that came along from elsewhere tells of another place.
    """
    listed = [entry for entry in list_referrers(repository, digest) if entry.annotations.get(_KIND) == PREDICATE_TYPE]
    records = [_read(repository, entry.digest, digest) for entry in listed]
    return [record for record in records if record and record.entry.destination == str(repository)]


def is_record(manifest: Manifest) -> bool:
    """Tell whether an artifact is a record: its own annotation counts, not what a list says of it."""
    annotations = manifest.fields.get("annotations")
    return isinstance(annotations, dict) and annotations.get(_KIND) == PREDICATE_TYPE


def _read(repository: Repository, digest: str, subject: str) -> Record | None:
    """Read a record; nothing if it is none of ours after all."""
    manifest = repository.manifest(digest)
    if not is_record(manifest) or not manifest.blobs:
        return None
    try:
        predicate = json.loads(repository.read_blob(manifest.blobs[-1]))["predicate"]
        known: dict[str, Any] = {name: predicate.get(name) for name in Entry._fields}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    mandatory = (known["action"], known["at"], known["tag"], known["destination"], known["promotion_id"])
    return Record(digest, subject, Entry(**known)) if all(isinstance(value, str) for value in mandatory) else None
