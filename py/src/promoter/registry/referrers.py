"""Referrers: artifacts that point at an image.

Source: distribution spec 1.1, "Listing Referrers" and "Pushing Manifests with Subject".
Where a registry has no referrers API they are listed in an index under the tag `sha256-<hex>` ("Referrers Tag Schema").
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from promoter.errors import Unreachable
from promoter.model.manifest import OCI_INDEX, Manifest
from promoter.parallel import Later, each
from promoter.registry.repository import Rejected, Repository

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
        entries = _fallback(repository, digest)
    return [Referrer(entry["digest"], entry.get("annotations") or {}) for entry in entries]


def has_subject(artifact: Manifest) -> bool:
    """Tell whether a manifest refers to an image at all: a list may name what does not."""
    subject = artifact.fields.get("subject")
    return isinstance(subject, dict) and isinstance(subject.get("digest"), str)


def attach(repository: Repository, artifact: Manifest, *pushed: Manifest) -> bool:
    """Push an artifact whose `subject` is an image of the same repository, and list it.

    Args:
        repository: where the image is.
        artifact: the artifact.
        pushed: others of the same image, which `push` told are still to be listed: they are listed along with it.

    Returns:
        whether the list is one that writers share and can take each other's entries from; see `keep_listed`.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    known = None if repository.session.has_referrers_api else Later(lambda: _fallback(repository, _subject(artifact)))
    unlisted = [*pushed, artifact] if push(repository, artifact) else [*pushed]
    if not unlisted:
        return False
    _list(repository, unlisted, known.outcome() if known else _fallback(repository, _subject(artifact)))
    return True


def push(repository: Repository, artifact: Manifest) -> bool:
    """Push an artifact; tell whether it is still to be listed, since the registry itself lists none.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    return not repository.put_manifest(artifact.content, artifact.media_type, artifact.digest)


def keep_listed(repository: Repository, *artifacts: Manifest) -> None:
    """See that artifacts of one image are in the fallback index, and put those there that are not.

    Raises:
        Unreachable: others kept changing the index at the same time.
        NotPermitted: the repository takes no push.

    """
    subject = _subject(artifacts[0])
    for _ in range(_ATTEMPTS):
        if not _list(repository, artifacts, _fallback(repository, subject)):
            return
    raise Unreachable(
        f"The list of referrers of {repository.reference(subject)} keeps changing under our hands.",
        "Others write there at the same time; run this again.",
    )


def detach(repository: Repository, *artifacts: Manifest) -> None:
    """Take artifacts of one image off the list again; the registry forgets the artifacts themselves where it can."""
    unlist(repository, *artifacts)
    each(repository.delete, [artifact.digest for artifact in artifacts], repository.session.http.pace.at_once)


def unlist(repository: Repository, *artifacts: Manifest) -> None:
    """Take artifacts of one image off the fallback index; left alone if none is on it: others write it, too."""
    subject = _subject(artifacts[0])
    entries = _fallback(repository, subject)
    gone = {artifact.digest for artifact in artifacts}
    left = [entry for entry in entries if entry["digest"] not in gone]
    if len(left) < len(entries):
        _write_fallback(repository, subject, left)


def _subject(artifact: Manifest) -> str:
    digest: str = artifact.fields["subject"]["digest"]
    return digest


def _list(repository: Repository, artifacts: Sequence[Manifest], entries: list[dict[str, Any]]) -> bool:
    """Add artifacts of one image to the entries of the fallback index; tell whether any was not among them."""
    known = {entry["digest"] for entry in entries}
    lacking = [_entry(artifact) for artifact in artifacts if artifact.digest not in known]
    if lacking:
        _write_fallback(repository, _subject(artifacts[0]), [*entries, *lacking])
    return bool(lacking)


def _entry(artifact: Manifest) -> dict[str, Any]:
    return artifact.descriptor.to_json() | {"annotations": artifact.fields.get("annotations", {})}


def _fallback(repository: Repository, digest: str) -> list[dict[str, Any]]:
    """Return the entries of the fallback index."""
    index = repository.find_manifest(referrers_tag(digest))
    return (index.fields.get("manifests") or []) if index else []


def _write_fallback(repository: Repository, digest: str, entries: list[dict[str, Any]]) -> None:
    """Write the fallback index; without what was pruned since it was listed, which registries would reject all for."""
    try:
        _put_fallback(repository, digest, entries)
    except Rejected:
        found = each(lambda one: repository.find(one["digest"]), entries, repository.session.http.pace.at_once)
        there = [entry for entry, one in zip(entries, found, strict=True) if one]
        if len(there) == len(entries):
            raise
        _put_fallback(repository, digest, there)


def _put_fallback(repository: Repository, digest: str, entries: list[dict[str, Any]]) -> None:
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    repository.put_manifest(json.dumps(index).encode(), OCI_INDEX, referrers_tag(digest))
