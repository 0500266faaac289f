"""Flipping all tags of a release, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from promoter.errors import Interrupted, PromoterError, Unreachable
from promoter.http.deadline import Deadline
from promoter.interrupts import deferred_signals, end_of_interruptions, require_uninterrupted
from promoter.model.manifest import Manifest
from promoter.parallel import each
from promoter.promotion.flipping import keep, kept_tag, must_move, persist_in_pushing, require_tag, see_listed
from promoter.registry.referrers import attach, detach
from promoter.registry.repository import Repository

Outcome = TypeVar("Outcome")
_SECONDS = 30.0
"""What flipping is given at least once it has begun, and going back once that has."""


class Turn(NamedTuple):
    """A tag that is to flip.

    Args:
        repository: where it is.
        tag: what moves.
        manifest: what it shall stand for; it is in the repository.
        previous: the digest that it must still be; nothing if it is free.
        record: what is attached to the manifest.

    """

    repository: Repository
    tag: str
    manifest: Manifest
    previous: str | None
    record: Manifest

    def __str__(self) -> str:
        """Write the tag as references do."""
        return str(self.repository.reference(self.tag))

    @property
    def kept(self) -> str | None:
        """The tag that keeps what it was."""
        return kept_tag(self.tag, self.previous) if self.previous else None


class Flips:
    """Flips tags together.

    Args:
        turns: what flips. Tags that were something go first, since they can be put back anywhere; many registries do
            not let a tag be removed that was free.
        deadline: the time there is.
        workers: how many flips are under way at most.
        say: takes a line for people.

    """

    def __init__(self, turns: Iterable[Turn], deadline: Deadline, workers: int, say: Callable[[str], None]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.previous is None)
        self._deadline = deadline
        self._workers = workers
        self._say = say
        self._begun: set[str] = set()

    def flip(self) -> bool:
        """Record all moves, keep what the tags were, and flip them; if one cannot be, all are as they were afterwards.

        Returns:
            that it was done.

        Raises:
            PromoterError: what kept a tag from being flipped; the message tells of tags that could not be put back.
            Interrupted: a signal arrived before all were flipped.

        """
        self._deadline.allow(_SECONDS)
        with deferred_signals():
            try:
                shared = self._each(_prepare, self._turns)
                for is_free in (False, True):
                    self._each(self._move, [turn for turn in self._turns if (turn.previous is None) is is_free])
            except (PromoterError, Interrupted) as failure:
                self._go_back(failure)
                raise
            end_of_interruptions()
        listed = [turn for turn, is_shared in zip(self._turns, shared, strict=True) if is_shared]
        self._each(lambda turn: see_listed(turn.repository, turn.tag, turn.record, self._say), listed)
        return True

    def _each(self, function: Callable[[Turn], Outcome], turns: Iterable[Turn]) -> list[Outcome]:
        return each(function, turns, self._workers)

    def _move(self, turn: Turn) -> None:
        repository, tag, manifest = turn.repository, turn.tag, turn.manifest

        def attempt() -> None:
            require_uninterrupted()
            if must_move(repository, tag, manifest.digest, turn.previous):
                self._begun.add(str(turn))
                repository.put_manifest(manifest.content, manifest.media_type, tag, once=True)

        persist_in_pushing(repository, tag, attempt)
        require_tag(repository, tag, manifest.digest)

    def _go_back(self, failure: PromoterError | Interrupted) -> None:
        """Put back what was flipped here, and take all records off.

        Raises:
            Unreachable: not everything could be put back.

        """
        self._deadline.leave(_SECONDS)
        stuck = [problem for problem in self._each(self._undo, self._turns) if problem]
        if stuck:
            raise Unreachable(
                f"{failure.message} Not all tags are as they were: {'; '.join(stuck)}.",
                "Run the release again: it goes on from what is there. `promoter describe` shows what a tag is.",
            ) from failure

    def _undo(self, turn: Turn) -> str | None:
        """Put a tag back if it was flipped here, and take its record off; return what could not be done, and why."""
        try:
            if str(turn) in self._begun and not _put_back(turn):
                return f"{turn} stays {turn.manifest.digest}; it was free, and its registry does not let go of a tag"
            detach(turn.repository, turn.record)
        except PromoterError as problem:
            return f"{turn} may be {turn.manifest.digest}: {problem.message}"
        return None


def _prepare(turn: Turn) -> bool:
    """Keep what a tag is, and attach the record; return whether others write the list that it is on."""
    require_uninterrupted()
    keep(turn.repository, turn.tag, turn.previous)
    return attach(turn.repository, turn.record)


def _put_back(turn: Turn) -> bool:
    """Let a tag be what it was; tell whether it is."""
    repository, tag = turn.repository, turn.tag
    standing = repository.find(tag)
    if standing is None or standing.digest != turn.manifest.digest:
        return True
    if turn.previous is None:
        return repository.delete(tag)
    before = repository.manifest(turn.previous)
    repository.put_manifest(before.content, before.media_type, tag)
    return True
