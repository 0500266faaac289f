"""Moving a tag: the digest it had is kept reachable first, and nobody else's move is overwritten."""

from __future__ import annotations

from promoter.errors import PromoterError, Refused
from promoter.interrupts import deferred_signals
from promoter.model.manifest import Manifest
from promoter.promotion.record import Entry, write_record
from promoter.registry.referrers import detach
from promoter.registry.repository import Repository

_LONGEST_TAG = 128
_SHORT_DIGEST = 12


def kept_prefix(tag: str) -> str:
    """Return how the tags begin that keep the digests a tag had before."""
    infix = ".was-"
    return f"{tag[: _LONGEST_TAG - len(infix) - _SHORT_DIGEST]}{infix}"


def kept_tag(tag: str, digest: str) -> str:
    """Return the tag that keeps a digest reachable once `tag` has moved on."""
    return kept_prefix(tag) + digest.removeprefix("sha256:")[:_SHORT_DIGEST]


def flip(repository: Repository, tag: str, manifest: Manifest, entry: Entry) -> tuple[Manifest, str | None]:
    """Record the move, keep what the tag was, and flip the tag to a manifest that is already in the repository.

    The record goes first: then no image is ever in production without it. If the flip fails it is taken back.

    Args:
        repository: where the tag is.
        tag: what moves.
        manifest: what it shall stand for.
        entry: what to record; its `previous_digest` is what the tag must still be.

    Returns:
        the record, and the tag that keeps the previous digest, if there was one.

    Raises:
        Refused: the tag was moved by someone else meanwhile.
        NotPermitted, Unreachable: the tag is as it was.

    """
    with deferred_signals():
        record = write_record(repository, manifest.descriptor, entry)
        try:
            kept = _keep(repository, tag, entry.previous_digest)
            _require(repository, tag, entry.previous_digest)
            repository.put_manifest(manifest.content, manifest.media_type, tag)
        except PromoterError:
            detach(repository, record)
            raise
        _require(repository, tag, manifest.digest)
    return record, kept


def _keep(repository: Repository, tag: str, digest: str | None) -> str | None:
    if digest is None:
        return None
    previous = repository.manifest(digest)
    kept = kept_tag(tag, digest)
    repository.put_manifest(previous.content, previous.media_type, kept)
    return kept


def _require(repository: Repository, tag: str, digest: str | None) -> None:
    standing = repository.find(tag)
    if (standing.digest if standing else None) != digest:
        found, expected = standing.digest if standing else "free", digest or "free"
        raise Refused(
            f"{repository.reference(tag)} was moved meanwhile: it is {found}, not {expected}.",
            "Somebody else promotes to this tag. See `promoter history`, then decide and run this again.",
        )
