"""Statements: what is said of an image, attached to the image itself.

A statement is an in-toto statement (https://in-toto.io/Statement/v1) about the image's digest, kept as an OCI artifact
whose `subject` is the image (OCI image spec 1.1, "Guidelines for Artifact Usage"). The statement is its layer and its
config: an empty config would be one more blob to bring to every repository.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from promoter.model.manifest import OCI_MANIFEST, Descriptor, Manifest, digest_of, read_manifest
from promoter.registry.repository import Repository

STATEMENT_TYPE = "application/vnd.in-toto+json"
KIND = "in-toto.io/predicate-type"
"""The annotation that says what kind of statement it is, for those who list artifacts without reading them."""

CREATED = "org.opencontainers.image.created"
_OURS = "urn:image-promoter:"
_SHA256 = "sha256:"


class Statement(NamedTuple):
    """A statement that was found: its own digest, and what it states of the image."""

    digest: str
    predicate: dict[str, Any]


class Words(NamedTuple):
    """What a statement says, and about which images: repositories, each with a digest."""

    subjects: list[tuple[str, str]]
    predicate: dict[str, Any]


class Text(NamedTuple):
    """A statement as it is stored."""

    descriptor: Descriptor
    content: bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it, from its beginning."""
        yield self.content


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
    text = write_statement([(str(repository), subject.digest)], kind, predicate)
    repository.upload(text.descriptor, text.chunks)
    annotations = {CREATED: predicate["at"], KIND: kind}
    return statement_manifest(subject, text.descriptor, [text.descriptor], annotations)


def write_statement(subjects: Iterable[tuple[str, str]], kind: str, predicate: Mapping[str, Any]) -> Text:
    """Write a statement.

    Args:
        subjects: what it is about: repositories, each with a digest.
        kind: the predicate's type.
        predicate: what is stated; what is nothing is left out.

    """
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix(_SHA256)}} for name, digest in subjects],
        "predicateType": kind,
        "predicate": stated(predicate),
    }
    content = json.dumps(statement, indent=1).encode()
    return Text(Descriptor(STATEMENT_TYPE, digest_of(content), len(content)), content)


def stated(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts without those that are nothing."""
    return {name: value for name, value in facts.items() if value is not None}


def statement_manifest(
    subject: Descriptor, text: Descriptor, layers: Iterable[Descriptor], annotations: Mapping[str, str | None]
) -> Manifest:
    """Return the manifest that attaches a statement to an image.

    Args:
        subject: the image.
        text: the statement about it, which is among the layers.
        layers: all that is stated together.
        annotations: `KIND` among them.

    """
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": STATEMENT_TYPE,
        "config": text.to_json(),
        "layers": [layer.to_json() for layer in layers],
        "subject": Descriptor(subject.media_type, subject.digest, subject.size).to_json(),
        "annotations": annotations,
    }
    return read_manifest(json.dumps(manifest).encode(), OCI_MANIFEST)


def is_statement(manifest: Manifest) -> bool:
    """Tell whether an artifact is a statement of ours: its own annotation counts, not what a list says of it."""
    return statement_kind(manifest).startswith(_OURS)


def read_statement(repository: Repository, locator: str, subject: str, kind: str) -> Statement | None:
    """Read a statement; nothing if there is none of this kind, about this image of this repository.

    Args:
        repository: where it is, which the statement has to name as its `destination`.
        locator: its tag or digest, which is not trusted to tell what it is.
        subject: the digest that it has to be about.
        kind: the predicate's type.

    Raises:
        NotFound: its text is not there.
        NotPermitted, Unreachable, VerificationFailed: it cannot be read.

    """
    found = read_attached(repository, locator, subject, kind)
    if found is None or found[1].predicate.get("destination") != str(repository):
        return None
    manifest, statement = found
    digests = [digest for _, digest in statement.subjects]
    return Statement(manifest.digest, statement.predicate) if digests == [subject] else None


def read_attached(repository: Repository, locator: str, subject: str, kind: str) -> tuple[Manifest, Words] | None:
    """Read an artifact and what it says; nothing if it is of another kind, or attached to another image.

    Nothing, too, if it is not there: whoever prunes what has no tag takes what is listed as well.

    Raises:
        NotFound: its text is not there.
        NotPermitted, Unreachable, VerificationFailed: it cannot be read.

    """
    manifest = repository.find_manifest(locator)
    if manifest is None or statement_kind(manifest) != kind or subject_of(manifest) != subject or not manifest.blobs:
        return None
    words = read_text(repository, manifest.blobs[0], kind)
    return (manifest, words) if words else None


def read_text(repository: Repository, text: Descriptor, kind: str) -> Words | None:
    """Read what a statement says; nothing if it is none of this kind.

    Raises:
        NotFound: it is not there.
        NotPermitted, Unreachable, VerificationFailed: it cannot be read.

    """
    try:
        statement = json.loads(repository.read_blob(text))
        subjects = [(one.get("name"), f"{_SHA256}{one['digest']['sha256']}") for one in statement["subject"]]
        is_right = statement["predicateType"] == kind and isinstance(statement["predicate"], dict)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return Words(subjects, statement["predicate"]) if is_right else None


def statement_kind(manifest: Manifest) -> str:
    """Return what kind of statement an artifact says it is."""
    return annotation(manifest, KIND)


def annotation(manifest: Manifest, name: str) -> str:
    """Return an annotation of an artifact; empty if there is none."""
    annotations = manifest.fields.get("annotations")
    return str(annotations.get(name, "")) if isinstance(annotations, dict) else ""


def subject_of(manifest: Manifest) -> str | None:
    """Return the digest of the image that an artifact is attached to."""
    subject = manifest.fields.get("subject")
    return subject.get("digest") if isinstance(subject, dict) else None
