"""Bringing a tag back to what it was; or all tags of a release, or none of them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from promoter.errors import NotFound, PartlyDone, PromoterError, Refused, WrongUsage
from promoter.model.failure import Failure
from promoter.model.line import quoted
from promoter.model.manifest import Manifest
from promoter.model.request import RollbackRequest
from promoter.model.rollback import ReleaseRollbackResult, RollbackResult, RolledBackTag
from promoter.parallel import each
from promoter.promotion.history import kept_digests
from promoter.promotion.places import Place, Places
from promoter.promotion.records.identity import new_id
from promoter.promotion.records.record import (
    RELEASE_TYPE,
    TAG,
    Released,
    entry,
    promotions_of,
    read_release,
    shown,
)
from promoter.promotion.records.statements import KIND, annotation, read_text, subject_of
from promoter.promotion.rollback import require_settleable, settle_again, settle_back
from promoter.promotion.rollback import rollback as rollback_tag
from promoter.promotion.tags.flipping import require_tag
from promoter.registry.referrers import Referrer, detach, list_referrers
from promoter.release.flipping import Flips, Turn, put_back
from promoter.release.record import Move, draft_records
from promoter.release.troubles import Troubles


def rollback(request: RollbackRequest, places: Places) -> RollbackResult | ReleaseRollbackResult:
    """Flip a tag back, or all tags of a release.

    Raises:
        WrongUsage: a digest is named as well as a release.
        PromoterError: see `promotion.rollback.rollback` and `_roll_back`.

    """
    if request.release is None:
        return rollback_tag(request, places)
    if request.to is not None:
        raise WrongUsage(
            "--to names a digest, but each tag of a release goes back to one of its own.", "Leave --to out."
        )
    return _roll_back(request, request.release, places)


class _Step(NamedTuple):
    """A tag of the release, and what it is to be again.

    Args:
        place: the tag.
        released: the digest that the release made it.
        previous: what it was before; nothing if it was free.
        standing: what it is.
        record: the release's record of it, if it is what the release made it.

    """

    place: Place
    released: str
    previous: str | None
    standing: str | None
    record: Manifest | None = None

    @property
    def name(self) -> str:
        """The tag, as references are written."""
        return str(self.place.reference)

    @property
    def is_done(self) -> bool:
        """Whether it is what it was."""
        return self.standing == self.previous

    def result(
        self,
        status: Literal["removed", "left", "unchanged", "planned"],
        digest: str | None,
        error: Failure | None = None,
    ) -> RolledBackTag:
        """Return what became of it, and what it is now."""
        return RolledBackTag(status=status, image=self.name, digest=digest, previous_digest=self.standing, error=error)


def _roll_back(request: RollbackRequest, release: str, places: Places) -> ReleaseRollbackResult:
    """Bring all tags of a release back to what they were before it.

    A tag that was free is removed where its registry can let go of it, once all others are flipped.

    Raises:
        NotFound: the tag does not say which others the release set, or something that a tag was is gone.
        Refused: a tag is not what the release made it; or its registry is none that the configuration names.
        PromoterError: something failed; all tags are as they were, or the message names those that are not.

    """
    place = places.destination(request, request.image)
    steps = _steps(place, _released(place, release), request, places)
    _require_unmoved(steps, release)
    for step in steps:
        if step.previous and not step.is_done:
            require_settleable(step.place, places, step.released, step.previous)
    if request.dry_run:
        return _result(
            release, [step.result("unchanged" if step.is_done else "planned", step.previous) for step in steps]
        )
    return _Rollback(release, steps, request, places).carry_out()


def _released(place: Place, release: str) -> list[Released]:
    """Return the release's records of a tag: one for each run that was to set it, if a killed one was run again.

    Raises:
        NotFound: there is none.

    """
    current = place.repository.resolve(place.tag)
    for digest in dict.fromkeys((current.digest, *kept_digests(place.repository, place.tag))):
        listed = [one.digest for one in _records(place, digest) if one.annotations.get(TAG) == place.tag]
        attached = (read_release(place.repository, record, digest) for record in listed)
        if found := [one for one in attached if one and _is_of(one, place, release)]:
            return found
    raise NotFound(
        f"{place.reference} has no record of a release {quoted(release)}.",
        "`promoter history --json` lists the IDs of what was promoted to it. Name a tag of that release.",
    )


def _records(place: Place, digest: str) -> list[Referrer]:
    listed = list_referrers(place.repository, digest)
    return [one for one in listed if one.annotations.get(KIND) == RELEASE_TYPE]


def _is_of(found: Released, place: Place, release: str) -> bool:
    stated = (found.predicate.get("action"), found.predicate.get("release"), found.promotion.get("tag"))
    return stated == ("promoted", release, place.tag)


def _steps(place: Place, released: list[Released], request: RollbackRequest, places: Places) -> list[_Step]:
    """Look at all tags that a release set.

    Raises:
        Refused: a tag is in a registry that the configuration does not name.
        NotPermitted, Unreachable: a tag cannot be looked at.

    """
    texts = {blob.digest: blob for one in released for blob in one.record.blobs}
    words = [read_text(place.repository, text, RELEASE_TYPE) for text in texts.values()]
    stated = [one for said in words if said for one in promotions_of(said.predicate)]
    promotions = {(one["destination"], one["tag"], one["digest"]): one for one in stated}
    opened = [(_open(place, promotion, request, places), promotion) for promotion in promotions.values()]
    steps = each(lambda those: _step(*those), opened, places.pace.at_once)
    records = _own_records(steps, texts.keys(), places.pace.at_once)
    return [step._replace(record=records.get(step.name)) for step in steps]


def _step(place: Place, promotion: dict[str, Any]) -> _Step:
    standing = place.standing()
    return _Step(place, promotion["digest"], promotion.get("previous_digest"), standing.digest if standing else None)


def _own_records(steps: Iterable[_Step], texts: Container[str], at_once: int) -> dict[str, Manifest]:
    """Return the release's records of those tags that are what it made them, by the tags.

    Each has one of the release's statements, and is attached to the image: what a statement says of other repositories'
    tags counts only where somebody who may push there attached it, too.
    """
    unmoved = [step for step in steps if step.standing == step.released]

    def find(those: list[_Step]) -> list[tuple[_Step, str]]:
        by_tag = {step.place.tag: step for step in those}
        listed = [(one.annotations.get(TAG, ""), one.digest) for one in _records(those[0].place, those[0].released)]
        return [(by_tag[tag], record) for tag, record in listed if tag in by_tag]

    def read(one: tuple[_Step, str]) -> tuple[_Step, Manifest | None]:
        step, record = one
        return step, step.place.repository.find_manifest(record)

    listed = [one for those in each(find, _by_image(unmoved), at_once) for one in those]
    records: dict[str, Manifest] = {}
    for step, record in each(read, listed, at_once):
        if record and _is_own(record, step) and record.blobs and record.blobs[0].digest in texts:
            records.setdefault(step.name, record)
    return records


def _is_own(record: Manifest, step: _Step) -> bool:
    return subject_of(record) == step.released and annotation(record, TAG) == step.place.tag


def _by_image(steps: Iterable[_Step]) -> list[list[_Step]]:
    """Return the steps whose records are in one list together."""
    found: dict[str, list[_Step]] = {}
    for step in steps:
        found.setdefault(str(step.place.repository.reference(step.released)), []).append(step)
    return [*found.values()]


def _open(place: Place, promotion: dict[str, Any], request: RollbackRequest, places: Places) -> Place:
    """Open the place of a tag that a statement names, as the configuration names it.

    Raises:
        Refused: its registry is neither configured nor the one that was asked for: no credential is shown to it.

    """
    destination, tag = str(promotion["destination"]), promotion["tag"]
    host, _, repository = destination.partition("/")
    environments = places.configuration.environments
    prefixes = {name: environment.repository("") for name, environment in environments.items()}
    for name in sorted(environments, key=lambda name: (-len(prefixes[name]), name != place.environment)):
        if environments[name].registry == host and repository.startswith(prefixes[name]):
            return places.destination(request, f"{name}/{repository.removeprefix(prefixes[name])}:{tag}")
    if host != place.reference.registry:
        raise Refused(
            f"The release set {destination}:{tag} as well, and no environment is in that registry.",
            "Add the environment to the configuration: it says how to get there.",
        )
    return places.destination(request, f"{destination}:{tag}")


def _require_unmoved(steps: list[_Step], release: str) -> None:
    """Insist that each tag is what the release made it, or what it was before.

    Raises:
        Refused: some are not; all are named.

    """
    moved = [step for step in steps if not step.is_done and not step.record]
    if moved:
        named = ", ".join(f"{step.name} is {step.standing or 'gone'}" for step in moved)
        raise Refused(
            f"{len(moved)} of {len(steps)} tags are not what release {release} made them: {named}.",
            "`promoter history` shows what came after it. Roll the tags back one by one, each without --release.",
        )


class _Rollback:
    """A rollback of a release under way.

    Args:
        release: its ID.
        steps: all its tags.
        request: what was asked for.
        places: opens what else is needed.

    """

    def __init__(self, release: str, steps: list[_Step], request: RollbackRequest, places: Places) -> None:
        self._release = release
        self._steps = steps
        self._places = places
        self._back = {step.name: step for step in steps if step.previous and not step.is_done}
        identity = new_id("rollback", release)
        self._entries = {
            name: entry("rolled-back", step.place.reference, request, identity, step.standing)
            for name, step in self._back.items()
        }

    def carry_out(self) -> ReleaseRollbackResult:
        """Flip all tags back that were something; then remove those that were free, and let image streams follow."""
        turns = self._turns()
        if turns:
            Flips(turns.values(), self._places.deadline, self._places.pace.at_once, self._places.say).flip_together()
            self._places.say(f"tags flipped back: {len(turns)}")
        removed = self._removed([(one, one.record) for one in self._steps if one.record and not one.previous])
        return _result(self._release, [removed.get(step.name) or self._outcome(step, turns) for step in self._steps])

    def _turns(self) -> dict[str, Turn]:
        at_once = self._places.pace.at_once
        found = each(lambda step: step.place.repository.manifest(step.previous or ""), self._back.values(), at_once)
        manifests = dict(zip(self._back, found, strict=True))
        moves = [
            Move(step.place.repository, manifests[name].descriptor, self._entries[name])
            for name, step in self._back.items()
        ]
        records = draft_records(moves, Troubles(keep_going=False))
        return {
            name: Turn(step.place.repository, step.place.tag, manifests[name], step.standing, records[name])
            for name, step in self._back.items()
        }

    def _removed(self, free: list[tuple[_Step, Manifest]]) -> dict[str, RolledBackTag]:
        """Remove tags that were free, and then their records, those of one image together."""
        steps = [step for step, _ in free]
        left = {step.name: failure for step, record in free if (failure := _remove(step, record))}
        kept: dict[str, Failure | None] = {}
        for those in _by_image(step for step in steps if step.name not in left):
            kept |= dict.fromkeys((step.name for step in those), _forget(those))
        return {
            step.name: step.result("left", step.standing, left[step.name])
            if step.name in left
            else step.result("removed", None, kept[step.name])
            for step in steps
        }

    def _outcome(self, step: _Step, turns: Mapping[str, Turn]) -> RolledBackTag:
        turn = turns.get(step.name)
        return self._followed(step, turn) if turn else self._settled(step)

    def _followed(self, step: _Step, turn: Turn) -> RolledBackTag:
        """Let the image stream's tag follow a tag that was flipped back, which it stays if that fails."""
        result = RollbackResult(
            status="rolled-back",
            image=step.name,
            digest=turn.manifest.digest,
            previous_digest=step.released,
            record=turn.record_name,
            kept=turn.kept,
        )
        facts = shown(self._entries[step.name]) | {"record": result.record}
        error = _unsettled(step, lambda: settle_back(step.place, self._places, result, facts))
        return RolledBackTag(**result.to_dict(), error=error)

    def _settled(self, step: _Step) -> RolledBackTag:
        """Let the image stream's tag follow a tag that needs no rollback, as far as it has not yet."""
        error = _unsettled(step, lambda: settle_again(step.place, self._places)) if step.standing else None
        return step.result("unchanged", step.previous, error)


def _unsettled(step: _Step, settle: Callable[[], None]) -> Failure | None:
    """Return what keeps the image stream's tag from following the registry's."""
    try:
        settle()
    except PromoterError as failure:
        failure.message = f"{step.name} is {step.previous} again, but {failure.message}"
        return Failure.of(failure)
    return None


def _remove(step: _Step, record: Manifest) -> Failure | None:
    """Remove a tag that was free, where its registry lets go of tags; return why it stays."""
    repository, tag = step.place.repository, step.place.tag
    try:
        require_tag(repository, tag, step.released)
        turn = Turn(repository, tag, repository.manifest(step.released), None, record)
        if not put_back(turn):
            raise Refused(
                f"{step.name} stays {step.released}: it was free, and its registry does not let go of a tag.",
                "Have whoever runs the registry delete it; in a cluster's own, `oc delete imagestreamtag` does.",
            )
    except PromoterError as failure:
        return Failure.of(failure)
    return None


def _forget(steps: list[_Step]) -> Failure | None:
    """Take the records of one image's tags off that were removed; return why they stay."""
    repository, image = steps[0].place.repository, steps[0].released
    try:
        detach(repository, *(step.record for step in steps if step.record))
    except PromoterError as failure:
        failure.message = f"{repository.reference(image)} may keep records of removed tags: {failure.message}"
        return Failure.of(failure)
    return None


def _result(release: str, tags: list[RolledBackTag]) -> ReleaseRollbackResult:
    statuses = {tag.status for tag in tags}
    problems = [tag.error.message for tag in tags if tag.error]
    status: Literal["rolled-back", "planned", "unchanged"] = "rolled-back"
    if statuses <= {"planned", "unchanged"}:
        status = "planned" if "planned" in statuses else "unchanged"
    return ReleaseRollbackResult(
        status="partly-done" if problems else status,
        release_id=release,
        tags=tuple(tags),
        error=Failure.of(_partly_done(problems, len(tags))) if problems else None,
    )


def _partly_done(problems: list[str], total: int) -> PartlyDone:
    return PartlyDone(
        f"The release is rolled back, but for {len(problems)} of its {total} tags: {' '.join(dict.fromkeys(problems))}",
        "Mend what each error names, and run this again: what is rolled back already is left.",
    )
