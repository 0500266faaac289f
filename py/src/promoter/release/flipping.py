"""Flipping the tags of a release: all or none, or each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock
from typing import NamedTuple

from promoter.errors import Interrupted, PromoterError, Unreachable
from promoter.http.deadline import Deadline
from promoter.interrupts import deferred_signals, end_of_interruptions, undeferred_signals
from promoter.model.manifest import Manifest
from promoter.parallel import Crew, each
from promoter.promotion.tags.flipping import keep, kept_tag, must_move, persist_in_pushing, require_tag, see_listed
from promoter.registry.referrers import attach, detach
from promoter.registry.repository import Repository
from promoter.release.troubles import Troubles

_SECONDS = 30.0
_SECONDS_A_TAG = 0.2
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

    @property
    def name(self) -> str:
        """The tag, as references name it."""
        return str(self.repository.reference(self.tag))

    @property
    def record_name(self) -> str:
        """The record, as references name it."""
        return str(self.repository.reference(self.record.digest))

    @property
    def subject(self) -> str:
        """What the record is attached to: whose list of referrers one thread at a time may write."""
        return str(self.repository.reference(self.manifest.digest))

    @property
    def kept(self) -> str | None:
        """The tag that keeps what it was."""
        return kept_tag(self.tag, self.previous) if self.previous else None


class Flips:
    """Flips tags.

    Args:
        turns: what flips.
        deadline: the time there is.
        workers: how many flips are under way at most.
        say: takes a line for people.

    """

    def __init__(self, turns: Iterable[Turn], deadline: Deadline, workers: int, say: Callable[[str], None]) -> None:
        self._turns = sorted(turns, key=lambda turn: (turn.previous is None, turn.name))
        self._deadline = deadline
        self._seconds = _SECONDS + _SECONDS_A_TAG * len(self._turns)
        self._workers = workers
        self._say = say
        self._locks = {turn.subject: Lock() for turn in self._turns}
        self._is_over = False
        self._recorded: set[str] = set()
        self._begun: set[str] = set()
        self._listed: list[Turn] = []

    def flip_together(self) -> None:
        """Record all moves, keep what the tags were, and flip them; if one cannot be, all are as they were afterwards.

        Tags that were something go first: they can be put back anywhere, while not every registry lets go of a tag
        that was free. Whoever flips the same tags begins with the same one, alone, and so is refused before anything
        is mixed.

        Raises:
            PromoterError: what kept a tag from being flipped.
            Interrupted: a signal arrived before all were flipped.

        """
        first, others = self._turns[:1], self._turns[1:]
        taken = [turn for turn in others if turn.previous]
        free = [turn for turn in others if not turn.previous]
        with deferred_signals():
            try:
                with undeferred_signals():
                    self._deadline.allow(self._seconds)
                    self._together(self._prepare, self._turns)
                    for group in (first, taken, free):
                        self._together(self._move, group)
            except (Exception, Interrupted) as failure:
                self._go_back(self._turns, failure)
                raise
            end_of_interruptions()
        self._see_listed()

    def flip_each(self, troubles: Troubles) -> None:
        """Do the same to each tag for itself; one that cannot be flipped is as it was, and a trouble.

        Raises:
            Interrupted: a signal arrived before all were flipped.

        """
        flipped: set[str] = set()

        def flip(turn: Turn) -> None:
            self._prepare(turn)
            self._move(turn)
            flipped.add(turn.name)

        def attempt(turn: Turn) -> None:
            try:
                self._locked(flip, turn)
            except PromoterError as failure:
                if stuck := self._undo(turn):
                    _add(failure, [stuck])
                troubles.raise_for([turn.name], failure)

        with deferred_signals():
            try:
                with undeferred_signals():
                    self._deadline.allow(self._seconds)
                    self._work(attempt, self._turns)
            except Interrupted as signal:
                self._go_back([turn for turn in self._turns if turn.name not in flipped], signal)
                raise
            end_of_interruptions()
        self._see_listed()

    def _together(self, step: Callable[[Turn], None], turns: list[Turn]) -> None:
        """Do something for all; a failure ends what only waits to be tried again."""

        def attempt(turn: Turn) -> None:
            try:
                self._locked(step, turn)
            except Exception:
                self._stop()
                raise

        self._work(attempt, turns)

    def _work(self, task: Callable[[Turn], None], turns: list[Turn]) -> None:
        """Do something for all, in threads: a signal then never breaks off a request, and finds the way back free."""
        crew = Crew(min(self._workers, len(turns)))
        for turn in turns:
            crew.add(partial(task, turn))
        crew.work()

    def _locked(self, step: Callable[[Turn], None], turn: Turn) -> None:
        with self._locks[turn.subject]:
            self._require_going(turn)
            step(turn)

    def _require_going(self, turn: Turn) -> None:
        """See that nothing is begun any more once the way back was."""
        if self._is_over:
            raise Unreachable(f"{turn.name} was left as it was, since others failed.", "See what failed.")

    def _prepare(self, turn: Turn) -> None:
        """Keep what a tag is, and attach the record."""
        keep(turn.repository, turn.tag, turn.previous)
        self._recorded.add(turn.name)
        if attach(turn.repository, turn.record):
            self._listed.append(turn)

    def _move(self, turn: Turn) -> None:
        repository, tag, manifest = turn.repository, turn.tag, turn.manifest

        def attempt() -> None:
            self._require_going(turn)
            if must_move(repository, tag, manifest.digest, turn.previous):
                self._begun.add(turn.name)
                repository.put_manifest(manifest.content, manifest.media_type, tag, once=True)

        persist_in_pushing(repository, tag, attempt)
        require_tag(repository, tag, manifest.digest)

    def _see_listed(self) -> None:
        each(lambda turn: see_listed(turn.repository, turn.tag, turn.record, self._say), self._listed, self._workers)

    def _stop(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._deadline.leave(self._seconds)

    def _go_back(self, turns: list[Turn], failure: BaseException) -> None:
        """Put back what was flipped here, and take the records off; the failure tells what could not be put back.

        From here on a signal comes too late.
        """
        self._stop()
        stuck = [problem for problem in each(self._undo, turns, self._workers) if problem]
        if stuck and isinstance(failure, PromoterError | Interrupted):
            _add(failure, stuck)
        elif stuck:
            self._say("; ".join(stuck))
        end_of_interruptions()

    def _undo(self, turn: Turn) -> str | None:
        """Put a tag back if it was flipped here, and take its record off; return what could not be done, and why."""
        try:
            with self._locks[turn.subject]:
                was_put_back = turn.name not in self._begun or put_back(turn)
                if turn.name in self._recorded and was_put_back:
                    detach(turn.repository, turn.record)
        except PromoterError as problem:
            return f"{turn.name} may be {turn.manifest.digest}: {problem.message}"
        if was_put_back:
            return None
        return f"{turn.name} stays {turn.manifest.digest}; it was free, and its registry does not let go of a tag"


def _add(failure: PromoterError | Interrupted, stuck: list[str]) -> None:
    """Let a failure tell what is not as it was."""
    failure.message = f"{failure.message} Not all tags are as they were: {'; '.join(stuck)}."
    failure.remedy = "Run this again: it goes on from what is there. `promoter describe` shows what a tag is."


def put_back(turn: Turn) -> bool:
    """Let a tag be what it was; tell whether it is."""
    repository, tag = turn.repository, turn.tag
    standing = repository.find(tag)
    if standing is None or standing.digest != turn.manifest.digest:
        return True
    if turn.previous is None:
        return repository.delete(tag) or _set_free(turn)
    before = repository.manifest(turn.previous)
    repository.put_manifest(before.content, before.media_type, tag)
    return True


def _set_free(turn: Turn) -> bool:
    """Let a tag be nothing where tags cannot be deleted: a manifest that is deleted by its digest takes its tags along.

    The record's is nobody else's. It is not put under the tag where it could not be deleted.
    """
    repository, record = turn.repository, turn.record
    if not repository.delete(record.digest):
        return False
    repository.put_manifest(record.content, record.media_type, turn.tag)
    return repository.delete(record.digest) and repository.find(turn.tag) is None
