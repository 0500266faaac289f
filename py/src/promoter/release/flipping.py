"""Flipping the tags of a release: all or none, or each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from threading import Lock
from typing import NamedTuple, TypeVar

from promoter.errors import Interrupted, PromoterError, Unreachable
from promoter.http.deadline import Deadline
from promoter.interrupts import deferred_signals, end_of_interruptions, undeferred_signals
from promoter.model.manifest import Manifest
from promoter.parallel import Crew, each
from promoter.promotion.tags.flipping import keep, kept_tag, must_move, persist_in_pushing, require_tag, see_listed
from promoter.registry.referrers import attach, push, unlist
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
    def before(self) -> str | None:
        """What the tag was, as references name it; nothing if it was free."""
        return str(self.repository.reference(self.previous)) if self.previous else None

    @property
    def locks(self) -> Iterator[str]:
        """What one thread at a time may do something to, the image that the tag was among it."""
        return filter(None, (self.name, self.subject, self.before, str(self.repository)))

    @property
    def kept(self) -> str | None:
        """The tag that keeps what it was."""
        return kept_tag(self.tag, self.previous) if self.previous else None


class _Records(NamedTuple):
    """The tags whose records are of one image: its list of referrers is read and written once for all of them."""

    turns: list[Turn]

    @property
    def name(self) -> str:
        """The image, as references name it."""
        return self.turns[0].subject

    @property
    def manifests(self) -> list[Manifest]:
        """The records themselves."""
        return [turn.record for turn in self.turns]


_Object = TypeVar("_Object", Turn, _Records)
_Step = Callable[[_Object], None]


def _by_image(turns: Iterable[Turn]) -> list[_Records]:
    found: dict[str, _Records] = {}
    for turn in turns:
        found.setdefault(turn.subject, _Records([])).turns.append(turn)
    return [*found.values()]


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
        self._locks = {name: Lock() for turn in self._turns for name in turn.locks}
        self._last = {records.turns[-1].name for records in _by_image(self._turns)}
        self._is_over = False
        self._recorded: set[str] = set()
        self._unlisted: set[str] = set()
        self._begun: set[str] = set()
        self._listed: set[str] = set()

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
                    self._together(self._record, _by_image(self._turns))
                    for group in (first, taken, free):
                        self._together(self._move, group)
            except (Exception, Interrupted) as failure:
                self._go_back(self._turns, failure)
                raise
            end_of_interruptions()
        self._see_listed(self._turns)

    def flip_each(self, troubles: Troubles) -> None:
        """Do the same to each tag for itself; one that cannot be flipped is as it was, and a trouble.

        Raises:
            Interrupted: a signal arrived before all were flipped.

        """
        flipped: set[str] = set()

        def going() -> list[Turn]:
            return [turn for turn in self._turns if not troubles.of(turn.name)]

        def flip(turn: Turn) -> None:
            self._move(turn)
            flipped.add(turn.name)

        with deferred_signals():
            try:
                with undeferred_signals():
                    self._deadline.allow(self._seconds)
                    self._each(self._prepare, self._turns, troubles)
                    self._each(self._record, _by_image(going()), troubles)
                    self._each(flip, going(), troubles)
                    for name, problem in self._take_off([turn for turn in self._turns if turn.name not in flipped]):
                        if failure := troubles.of(name):
                            _add(failure, [problem])
            except Interrupted as signal:
                self._go_back([turn for turn in self._turns if turn.name not in flipped], signal)
                raise
            end_of_interruptions()
        self._see_listed(going())

    def _together(self, step: _Step[_Object], those: Iterable[_Object]) -> None:
        """Do something for all; a failure ends what only waits to be tried again."""

        def attempt(one: _Object) -> None:
            try:
                self._locked(step, one)
            except Exception:
                self._stop()
                raise

        self._work(attempt, those)

    def _each(self, step: _Step[_Object], those: Iterable[_Object], troubles: Troubles) -> None:
        """Do something for each; a failure is a trouble of its tags, which are put back if they were flipped."""

        def attempt(one: _Object) -> None:
            try:
                self._locked(step, one)
            except PromoterError as failure:
                turns = one.turns if isinstance(one, _Records) else [one]
                if stuck := [problem for turn in turns if (problem := self._undo(turn))]:
                    _add(failure, stuck)
                troubles.raise_for([turn.name for turn in turns], failure)

        self._work(attempt, those)

    def _work(self, task: _Step[_Object], those: Iterable[_Object]) -> None:
        """Do something for all, in threads: a signal then never breaks off a request, and finds the way back free."""
        todo = list(those)
        crew = Crew(min(self._workers, len(todo)))
        for one in todo:
            crew.add(partial(task, one))
        crew.work()

    def _locked(self, step: _Step[_Object], one: _Object) -> None:
        with self._locks[one.name]:
            self._require_going(one.name)
            step(one)

    def _require_going(self, name: str) -> None:
        """See that nothing is begun any more once the way back was."""
        if self._is_over:
            raise Unreachable(f"{name} was left as it was, since others failed.", "See what failed.")

    def _prepare(self, turn: Turn) -> None:
        """Keep what a tag is, and push its record; the last one of an image is pushed once all of these are there.

        Of tags that were the same, one after the other: distribution fails who reads what is put just then.
        """
        if turn.before:
            with self._locks[turn.before]:
                keep(turn.repository, turn.tag, turn.previous)
        if turn.name not in self._last:
            self._recorded.add(turn.name)
            if push(turn.repository, turn.record):
                self._unlisted.add(turn.name)

    def _record(self, records: _Records) -> None:
        """Push the last record of an image, and list all of them."""
        *others, last = records.turns
        self._recorded.add(last.name)
        pushed = [turn.record for turn in others if turn.name in self._unlisted]
        if attach(last.repository, last.record, *pushed):
            self._listed.add(records.name)

    def _move(self, turn: Turn) -> None:
        """Flip a tag; those of one image one after the other, as distribution fails who reads what is put just then."""
        repository, tag, manifest = turn.repository, turn.tag, turn.manifest

        def attempt() -> None:
            self._require_going(turn.name)
            if must_move(repository, tag, manifest.digest, turn.previous):
                self._begun.add(turn.name)
                repository.put_manifest(manifest.content, manifest.media_type, tag, once=True)

        with self._locks[turn.subject]:
            persist_in_pushing(repository, tag, attempt)
            require_tag(repository, tag, manifest.digest)

    def _see_listed(self, turns: Iterable[Turn]) -> None:
        def see(records: _Records) -> None:
            tags = [turn.tag for turn in records.turns]
            see_listed(records.turns[0].repository, tags, records.manifests, self._say)

        each(see, [records for records in _by_image(turns) if records.name in self._listed], self._workers)

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
        stuck += [problem for _, problem in self._take_off(turns)]
        if stuck and isinstance(failure, PromoterError | Interrupted):
            _add(failure, stuck)
        elif stuck:
            self._say("; ".join(stuck))
        end_of_interruptions()

    def _undo(self, turn: Turn) -> str | None:
        """Put a tag back if it was flipped here; return what could not be done, and why.

        One after the other in a repository: deleting a manifest, distribution fails over tags that go at the same time.
        """
        try:
            with self._locks[turn.name], self._locks[turn.subject], self._locks[str(turn.repository)]:
                if turn.name not in self._begun or put_back(turn):
                    self._begun.discard(turn.name)
                    return None
        except PromoterError as problem:
            return f"{turn.name} may be {turn.manifest.digest}: {problem.message}"
        return f"{turn.name} stays {turn.manifest.digest}; it was free, and its registry does not let go of a tag"

    def _take_off(self, turns: Iterable[Turn]) -> list[tuple[str, str]]:
        """Take off the records of those tags that are as they were; return which could not be, by a tag, and why.

        A record that stays listed is not deleted: who reads the list would look for it.
        """
        back = [turn for turn in turns if turn.name in self._recorded and turn.name not in self._begun]
        images = _by_image(back)
        problems = dict(filter(None, each(self._unlist, images, self._workers)))
        unlisted = [turn for turn in back if turn.subject not in problems]
        problems |= dict(filter(None, each(self._forget, unlisted, self._workers)))
        return [(one.turns[0].name, problems[one.name]) for one in images if one.name in problems]

    def _unlist(self, records: _Records) -> tuple[str, str] | None:
        try:
            with self._locks[records.name]:
                unlist(records.turns[0].repository, *records.manifests)
        except PromoterError as failure:
            return _kept_record(records.name, failure)
        return None

    def _forget(self, turn: Turn) -> tuple[str, str] | None:
        """Have the registry forget a record, where it can."""
        try:
            turn.repository.delete(turn.record.digest)
        except PromoterError as failure:
            return _kept_record(turn.subject, failure)
        return None


def _kept_record(subject: str, failure: PromoterError) -> tuple[str, str]:
    return subject, f"{subject} may keep records of what was taken back: {failure.message}"


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
