"""Statements: what is said of an image, attached to the image itself.

A statement is an in-toto statement (https://in-toto.io/Statement/v1) about the image's digest, kept as an OCI artifact
whose `subject` is the image (OCI image spec 1.1, "Guidelines for Artifact Usage"). The statement is its layer and its
config: an empty config would be one more blob to bring to every repository.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from promoter.model.manifest import OCI_MANIFEST, Descriptor, Manifest, digest_of, read_manifest
from promoter.registry.repository import Repository

STATEMENT_TYPE = "application/vnd.in-toto+json"
KIND = "in-toto.io/predicate-type"
"""The annotation that says what kind of statement it is, for those who list artifacts without reading them."""

_OURS = "urn:image-promoter:"


class Statement(NamedTuple):
    """A statement that was found: its own digest, and what it states of the image."""

    digest: str
    predicate: dict[str, Any]


def now() -> str:
    """Return the time, in UTC (RFC 3339), to the millisecond."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


def draft_statement(
    repository: Repository, subject: Descriptor, kind: str, predicate: Mapping[str, str | None]
) -> Manifest:
    """Store what is stated of an image, and return the statement's manifest; it counts once that is pushed.

    Args:
        repository: where the image is.
        subject: the image.
        kind: the predicate's type.
        predicate: what is stated; `at` is when.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(repository), "digest": {"sha256": subject.digest.removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": {name: value for name, value in predicate.items() if value is not None},
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
            "org.opencontainers.image.created": predicate["at"],
            KIND: kind,
        },
    }
    return read_manifest(json.dumps(manifest).encode(), OCI_MANIFEST)


def is_statement(manifest: Manifest) -> bool:
    """Tell whether an artifact is a statement of ours: its own annotation counts, not what a list says of it."""
    return _kind(manifest).startswith(_OURS)


def read_statement(repository: Repository, locator: str, subject: str, kind: str) -> Statement | None:
    """Read a statement; nothing if it is of another kind, about another image, or about one of another repository.

    Args:
        repository: where it is, which the statement has to name as its `destination`.
        locator: its tag or digest, which is not trusted to tell what it is.
        subject: the digest that it has to be about.
        kind: the predicate's type.

    Raises:
        NotFound: it is not there.
        NotPermitted, Unreachable, VerificationFailed: it cannot be read.

    """
    manifest = repository.manifest(locator)
    if _kind(manifest) != kind or _subject(manifest) != subject or not manifest.blobs:
        return None
    try:
        statement = json.loads(repository.read_blob(manifest.blobs[-1]))
        about = [f"sha256:{one['digest']['sha256']}" for one in statement["subject"]]
        is_right = about == [subject] and statement["predicateType"] == kind
        is_here = statement["predicate"]["destination"] == str(repository)
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return Statement(manifest.digest, statement["predicate"]) if is_right and is_here else None


def _kind(manifest: Manifest) -> str:
    annotations = manifest.fields.get("annotations")
    return str(annotations.get(KIND)) if isinstance(annotations, dict) else ""


def _subject(manifest: Manifest) -> str | None:
    subject = manifest.fields.get("subject")
    return subject.get("digest") if isinstance(subject, dict) else None
