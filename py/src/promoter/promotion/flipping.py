"""Moving a tag: the digest it had is kept reachable first, and nobody else's move is overwritten."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from promoter.errors import PromoterError, Refused, Unreachable
from promoter.http.patience import TryAgain
from promoter.interrupts import deferred_signals, end_of_interruptions
from promoter.model.manifest import Descriptor, Manifest
from promoter.registry.referrers import attach, detach
from promoter.registry.repository import Repository

_LONGEST_TAG = 128
_SHORT_DIGEST = 12
_INFIX = ".was-"
_SECONDS = 30.0
"""What a flip that has begun is given at least, so that a time-out does not leave it half done."""


def kept_prefix(tag: str) -> str:
    """Return how the tags begin that keep the digests a tag had before; a long tag is named by its own digest."""
    if len(tag) + len(_INFIX) + _SHORT_DIGEST > _LONGEST_TAG:
        tag = hashlib.sha256(tag.encode()).hexdigest()
    return f"{tag}{_INFIX}"


def kept_tag(tag: str, digest: str) -> str:
    """Return the tag that keeps a digest reachable once `tag` has moved on."""
    return kept_prefix(tag) + digest.removeprefix("sha256:")[:_SHORT_DIGEST]


def flip(repository: Repository, tag: str, manifest: Manifest, previous: str | None, record: Manifest) -> str | None:
    """Record the move, keep what the tag was, and flip the tag to a manifest that is already in the repository.

    The record goes first: then no image is ever in production without it. If the flip fails it is taken back.

    Args:
        repository: where the tag is.
        tag: what moves.
        manifest: what it shall stand for.
        previous: what the tag must still be.
        record: what to attach to the manifest.

    Returns:
        the tag that keeps the previous digest, if there was one.

    Raises:
        Refused: the tag was moved by someone else meanwhile.
        NotPermitted, Unreachable: the tag is as it was; or it cannot be seen, and the message says so.

    """
    repository.session.http.deadline.allow(_SECONDS)
    with deferred_signals():
        try:
            attach(repository, record)
            _keep(repository, tag, previous)
            _move(repository, tag, manifest, previous)
            _require(repository, tag, manifest.digest)
        except PromoterError as failure:
            if not _stands(repository, tag, manifest.digest, failure):
                with suppress(PromoterError):  # the failure is the news; a record of what never happened is passed over
                    detach(repository, record)
                raise
        end_of_interruptions()
    return kept_tag(tag, previous) if previous else None


def _keep(repository: Repository, tag: str, digest: str | None) -> None:
    if digest:
        previous = repository.manifest(digest)
        repository.put_manifest(previous.content, previous.media_type, kept_tag(tag, digest))


def _move(repository: Repository, tag: str, manifest: Manifest, previous: str | None) -> None:
    """Put the tag, having looked at it just before; looked at again before each further attempt."""

    def attempt() -> None:
        standing = repository.find(tag)
        if standing and standing.digest == manifest.digest:
            return  # an answer that got lost was a yes
        _require_to_be(repository, tag, standing, previous)
        repository.put_manifest(manifest.content, manifest.media_type, tag, once=True)

    try:
        repository.session.http.persist(attempt)
    except TryAgain as last:
        raise repository.session.failure(last.response, f"pushing {repository.reference(tag)}") from last


def _stands(repository: Repository, tag: str, digest: str, failure: PromoterError) -> bool:
    """Tell whether the tag is what it shall be all the same: an answer that got lost may have been a yes."""
    try:
        standing = repository.find(tag)
    except PromoterError as unknown:
        raise Unreachable(
            f"{failure.message} Whether {repository.reference(tag)} was flipped cannot be seen now.",
            "Look with `promoter describe` once the registry answers, or run this again: it finds out by itself.",
        ) from unknown
    return standing is not None and standing.digest == digest


def _require(repository: Repository, tag: str, digest: str | None) -> None:
    _require_to_be(repository, tag, repository.find(tag), digest)


def _require_to_be(repository: Repository, tag: str, standing: Descriptor | None, digest: str | None) -> None:
    if (standing.digest if standing else None) != digest:
        found, expected = standing.digest if standing else "free", digest or "free"
        raise Refused(
            f"{repository.reference(tag)} was moved meanwhile: it is {found}, not {expected}.",
            "Somebody else promotes to this tag. See `promoter history`, then decide and run this again.",
        )
