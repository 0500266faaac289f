"""Referrers: artifacts that point at an image.

Source: distribution spec 1.1, "Listing Referrers" and "Pushing Manifests with Subject".
Where a registry has no referrers API they are listed in an index under the tag `sha256-<hex>` ("Referrers Tag Schema").
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from promoter.errors import Unreachable
from promoter.model.manifest import OCI_INDEX, Manifest
from promoter.parallel import Later
from promoter.registry.repository import Repository

_ATTEMPTS = 5


class Referrer(NamedTuple):
    """An entry in the list of an image's referrers."""

    digest: str
    annotations: dict[str, str]


def referrers_tag(digest: str) -> str:
    """Return the tag of the fallback index for an image's digest."""
    return digest.replace(":", "-")


def list_referrers(repository: Repository, digest: str, tags: set[str] | None = None) -> list[Referrer]:
    """Return what refers to an image, whichever way the registry keeps it.

    Args:
        repository: where the image is.
        digest: the image.
        tags: all tags of the repository, where they are known: it saves asking for the fallback index.

    Raises:
        NotPermitted, Unreachable: it cannot be known.

    """
    entries = repository.referrers_by_api(digest)
    if entries is None and tags is not None and referrers_tag(digest) not in tags:
        return []
    if entries is None:
        entries = _fallback(repository, digest)[0]
    return [Referrer(entry["digest"], entry.get("annotations") or {}) for entry in entries]


def has_subject(artifact: Manifest) -> bool:
    """Tell whether a manifest refers to an image at all: a list may name what does not."""
    subject = artifact.fields.get("subject")
    return isinstance(subject, dict) and isinstance(subject.get("digest"), str)


def attach(repository: Repository, artifact: Manifest) -> bool:
    """Push an artifact whose `subject` is an image of the same repository, and list it.

    Returns:
        whether the list is one that writers share and can take each other's entries from; see `keep_listed`.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    known = None if repository.session.has_referrers_api else Later(lambda: _fallback(repository, _subject(artifact)))
    if repository.put_manifest(artifact.content, artifact.media_type, artifact.digest):
        return False
    entries, _exists = known.outcome() if known else _fallback(repository, _subject(artifact))
    _list(repository, artifact, entries)
    return True


def keep_listed(repository: Repository, artifact: Manifest) -> None:
    """See that an artifact is still in the fallback index, and put it there again if another writer lost it.

    Raises:
        Unreachable: others kept changing the index at the same time.
        NotPermitted: the repository takes no push.

    """
    for _ in range(_ATTEMPTS):
        entries, _exists = _fallback(repository, _subject(artifact))
        if not _list(repository, artifact, entries):
            return
    raise Unreachable(
        f"The list of referrers of {repository.reference(_subject(artifact))} keeps changing under our hands.",
        "Others write there at the same time; run this again.",
    )


def detach(repository: Repository, artifact: Manifest) -> None:
    """Take an artifact off the list again; the registry forgets the artifact itself where it can."""
    entries, exists = _fallback(repository, _subject(artifact))
    if exists:
        left = [entry for entry in entries if entry["digest"] != artifact.digest]
        _write_fallback(repository, _subject(artifact), left)
    repository.delete(artifact.digest)


def _subject(artifact: Manifest) -> str:
    digest: str = artifact.fields["subject"]["digest"]
    return digest


def _list(repository: Repository, artifact: Manifest, entries: list[dict[str, Any]]) -> bool:
    """Add an artifact to the entries of the fallback index; tell whether it was not among them."""
    if any(known["digest"] == artifact.digest for known in entries):
        return False
    entry = artifact.descriptor.to_json() | {"annotations": artifact.fields.get("annotations", {})}
    _write_fallback(repository, _subject(artifact), [*entries, entry])
    return True


def _fallback(repository: Repository, digest: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the entries of the fallback index, and whether there is one."""
    index = repository.find_manifest(referrers_tag(digest))
    return (index.fields.get("manifests") or [], True) if index else ([], False)


def _write_fallback(repository: Repository, digest: str, entries: list[dict[str, Any]]) -> None:
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    repository.put_manifest(json.dumps(index).encode(), OCI_INDEX, referrers_tag(digest))
