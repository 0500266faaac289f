"""Moving a tag: the digest it had is kept reachable first, and nobody else's move is overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress

from promoter.errors import Interrupted, PromoterError, Refused, Unreachable
from promoter.http.patience import TryAgain
from promoter.interrupts import deferred_signals, end_of_interruptions
from promoter.model.manifest import Descriptor, Manifest
from promoter.registry.referrers import attach, detach, keep_listed
from promoter.registry.repository import Repository

_LONGEST_TAG = 128
_SHORT_DIGEST = 12
_INFIX = ".was-"
_SECONDS = 30.0
"""What a flip that has begun is given at least, so that a time-out does not leave it half done."""
_WAY_OUT_SECONDS = 5.0
"""What a flip that failed, or was stopped, may take to see how things stand and to tidy up."""


def kept_prefix(tag: str) -> str:
    """Return how the tags begin that keep the digests a tag had before; a long tag is named by its own digest."""
    if len(tag) + len(_INFIX) + _SHORT_DIGEST > _LONGEST_TAG:
        tag = hashlib.sha256(tag.encode()).hexdigest()
    return f"{tag}{_INFIX}"


def kept_tag(tag: str, digest: str) -> str:
    """Return the tag that keeps a digest reachable once `tag` has moved on."""
    return kept_prefix(tag) + digest.removeprefix("sha256:")[:_SHORT_DIGEST]


def flip(
    repository: Repository,
    tag: str,
    manifest: Manifest,
    previous: str | None,
    record: Manifest,
    *,
    say: Callable[[str], None],
    ready: Callable[[], None] = lambda: None,
) -> str | None:
    """Record the move, keep what the tag was, and flip the tag to a manifest that is already in the repository.

    The record goes first: then no image is ever in production without it. If the flip fails it is taken back.

    Args:
        repository: where the tag is.
        tag: what moves.
        manifest: what it shall stand for.
        previous: what the tag must still be.
        record: what to attach to the manifest.
        say: takes a line for people.
        ready: called when all is prepared; the tag is flipped once it returns.

    Returns:
        the tag that keeps the previous digest, if there was one.

    Raises:
        Refused: the tag was moved by someone else meanwhile.
        NotPermitted, Unreachable: the tag is as it was; or it cannot be seen, and the message says so.
        Exception: what `ready` raised; the tag is as it was.

    """
    repository.session.http.deadline.allow(_SECONDS)
    try:
        shared = attach(repository, record)
        keep(repository, tag, previous)
        ready()
        _move(repository, tag, manifest, previous)
        require_tag(repository, tag, manifest.digest)
    except (PromoterError, Interrupted) as failure:
        with deferred_signals(), repository.session.http.deadline.restored():
            _settle(repository, tag, manifest, record, failure)
            end_of_interruptions()
        shared = True
    if shared:
        see_listed(repository, [tag], [record], say)
    return kept_tag(tag, previous) if previous else None


def keep(repository: Repository, tag: str, digest: str | None) -> None:
    """Keep what a tag is reachable once it has moved on.

    Raises:
        NotFound, NotPermitted, Unreachable: that cannot be had.

    """
    if digest:
        previous = repository.manifest(digest)
        repository.put_manifest(previous.content, previous.media_type, kept_tag(tag, digest))


def _move(repository: Repository, tag: str, manifest: Manifest, previous: str | None) -> None:
    """Put the tag, having looked at it just before; looked at again before each further attempt.

    A signal waits for the attempt that is under way, and comes too late if that succeeds.
    """

    def attempt() -> None:
        with deferred_signals():
            if must_move(repository, tag, manifest.digest, previous):
                repository.put_manifest(manifest.content, manifest.media_type, tag, once=True)
            end_of_interruptions()

    persist_in_pushing(repository, tag, attempt)


def persist_in_pushing(repository: Repository, tag: str, attempt: Callable[[], None]) -> None:
    """Call what pushes a tag again while it fails in passing.

    Raises:
        NotPermitted, Unreachable, Refused: the last failure.

    """
    try:
        repository.session.http.persist(attempt)
    except TryAgain as last:
        raise repository.session.failure(last.response, f"pushing {repository.reference(tag)}") from last


def must_move(repository: Repository, tag: str, digest: str, previous: str | None) -> bool:
    """Look whether a tag still has to be moved; not if it is the digest already: an answer that got lost was a yes.

    Raises:
        Refused: it was moved by someone else.
        NotPermitted, Unreachable: it does not let itself be looked at.

    """
    standing = repository.find(tag)
    if standing and standing.digest == digest:
        return False
    _require_to_be(repository, tag, standing, previous)
    return True


def _settle(
    repository: Repository, tag: str, manifest: Manifest, record: Manifest, failure: PromoterError | Interrupted
) -> None:
    """After a failure: see whether the tag was flipped all the same, since an answer that got lost may have been a yes.

    Raises:
        PromoterError, Interrupted: the failure; the tag was not flipped, and the record is off the list.
        Unreachable: it cannot be seen.

    """
    repository.session.http.deadline.leave(_WAY_OUT_SECONDS)
    try:
        standing = repository.find(tag)
    except PromoterError as unknown:
        raise Unreachable(
            f"{failure.message} Whether {repository.reference(tag)} was flipped cannot be seen now.",
            "Look with `promoter describe` once the registry answers, or run this again: it finds out by itself.",
        ) from unknown
    if standing is None or standing.digest != manifest.digest:
        with suppress(PromoterError):  # the failure is the news; a record of what never happened is passed over
            detach(repository, record)
        raise failure


def see_listed(
    repository: Repository, tags: Sequence[str], records: Sequence[Manifest], say: Callable[[str], None]
) -> None:
    """See that records of one image are still listed. Tags are flipped: whatever is wrong now is no failure of that."""
    try:
        keep_listed(repository, *records)
    except PromoterError as failure:
        names = ", ".join(str(repository.reference(tag)) for tag in tags)
        say(
            f"Flipped, with a record attached: {names}. Whether that is still listed, which `promoter history` goes "
            f"by, could not be seen: {failure.message}"
        )


def require_tag(repository: Repository, tag: str, digest: str | None) -> None:
    """Insist that a tag is a digest, or free.

    Raises:
        Refused: somebody else moved it.

    """
    _require_to_be(repository, tag, repository.find(tag), digest)


def _require_to_be(repository: Repository, tag: str, standing: Descriptor | None, digest: str | None) -> None:
    if (standing.digest if standing else None) != digest:
        found, expected = standing.digest if standing else "free", digest or "free"
        raise Refused(
            f"{repository.reference(tag)} was moved meanwhile: it is {found}, not {expected}.",
            "Somebody else promotes to this tag. See `promoter history`, then decide and run this again.",
        )
