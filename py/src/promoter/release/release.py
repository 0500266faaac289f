"""Promote many images at once: all are brought first, then all tags flip, or none."""

from __future__ import annotations

import time
from typing import Literal

from promoter.errors import PartlyDone, PromoterError
from promoter.model.reference import checked_repository
from promoter.model.request import PromoteRequest, ReleaseRequest
from promoter.model.result import Failure, ReleasedTag, ReleaseResult
from promoter.parallel import Crew, each
from promoter.promotion.bringing import entry_of
from promoter.promotion.identity import new_id
from promoter.promotion.image import Image, look_into
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.record import draft
from promoter.release.choosing import choose
from promoter.release.flipping import Flips, Turn
from promoter.release.listing import read_pairs
from promoter.release.planning import LOOKERS, Found, Way, find_ways, look_at_all, require_free
from promoter.release.progress import Progress
from promoter.release.shards import parse_shard
from promoter.release.staging import Cargo, Staging, demands
from promoter.release.troubles import Troubles

WORKERS = 8
"""How many transfers are under way at a time."""


def release(request: ReleaseRequest, places: Places) -> ReleaseResult:
    """Promote all images of a release.

    Nothing is changed before all of them, and all their destinations, were looked at; no tag flips before all images
    are where they go, by digest, and were verified there. What is there already is left: running it again goes on.

    Raises:
        PromoterError: see `promoter.errors`; all tags are as they were, or the message names those that are not.

    """
    begun = time.monotonic()
    for repository in request.mount_from:
        checked_repository(repository)
    pairs = choose(read_pairs(request.images), request, places)
    ways = find_ways(pairs, request, places)
    identity = request.promotion_id or new_id(*(f"{pair.source} {pair.destination}" for pair in pairs))
    result = _Release(identity, ways, request, places).carry_out()
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


class _Release:
    """A release under way.

    Args:
        identity: what it is known by.
        ways: where all its images come from and go to.
        request: what was asked for.
        places: opens what else is needed.

    """

    def __init__(self, identity: str, ways: list[Way], request: ReleaseRequest, places: Places) -> None:
        self._identity = identity
        self._ways = ways
        self._request = request
        self._places = places
        self._shard = parse_shard(request.shard) if request.shard else None
        self._troubles = Troubles(keep_going=request.keep_going)
        self._found: dict[str, Found] = {}
        self._turns: dict[str, Turn] = {}

    def carry_out(self) -> ReleaseResult:
        """Look at everything, bring what is to be brought, and flip."""
        looked = look_at_all(self._ways, self._troubles)
        self._found = {one.way.name: one for one in require_free(looked, self._request, self._troubles)}
        todo = [one for one in self._found.values() if not one.is_done]
        images = self._images(todo)
        promotions = {one.way.name: self._promotion(one, image) for one, image in images}
        cargoes = _cargoes(images, promotions)
        staging = Staging(cargoes, Crew(WORKERS), self._troubles, Progress(len(cargoes), self._places.say))
        if cargoes and not self._request.dry_run:
            self._bring(staging, cargoes)
            if self._shard is None:
                self._flip(promotions)
        return self._result(staging)

    def _bring(self, staging: Staging, cargoes: list[Cargo]) -> None:
        if self._shard:
            self._places.say(f"bringing shard {self._shard} of {len(cargoes)} images, as release {self._identity}")
            staging.bring_blobs(self._shard.part_of(demands(cargoes)))
        else:
            self._places.say(f"bringing {len(cargoes)} images, as release {self._identity}")
            staging.bring()

    def _images(self, todo: list[Found]) -> list[tuple[Found, Image]]:
        """Return what each image consists of; each is looked into once, wherever it goes."""
        sources = {_source_key(one): one for one in todo}

        def look(one: Found) -> Image | None:
            repository = one.way.source.repository
            names = [other.way.name for other in todo if _source_key(other) == _source_key(one)]
            return self._troubles.attempt(names, lambda: look_into(repository, repository.manifest(one.image.digest)))

        found = dict(zip(sources, each(look, sources.values(), LOOKERS), strict=True))
        return [(one, image) for one in todo if (image := found[_source_key(one)])]

    def _promotion(self, one: Found, image: Image) -> Promotion:
        way, request = one.way, self._request
        asked = {name: getattr(request, name) for name in request.fields if name in PromoteRequest.fields}
        promoted = PromoteRequest(source=way.pair.source, destination=way.pair.destination, **asked)
        return Promotion(promoted, way.route, way.source, way.destination, image.top, one.previous, self._identity)

    def _flip(self, promotions: dict[str, Promotion]) -> None:
        """Flip the tags whose images came: all or none, or each for itself if the release keeps going."""
        arrived = [promotion for name, promotion in promotions.items() if not self._troubles.of(name)]
        drafted = each(self._turn, arrived, LOOKERS)
        turns = [turn for turn in drafted if turn]
        for group in [[turn] for turn in turns] if self._request.keep_going else [turns]:
            flips = Flips(group, self._places.deadline, LOOKERS, self._places.say)
            if self._troubles.attempt(map(str, group), flips.flip):
                self._turns |= {str(turn): turn for turn in group}

    def _turn(self, promotion: Promotion) -> Turn | None:
        repository, manifest = promotion.destination.repository, promotion.image
        name = str(promotion.destination.reference)
        drafting = lambda: draft(repository, manifest.descriptor, entry_of(promotion))  # noqa: E731
        record = self._troubles.attempt([name], drafting)
        previous = promotion.previous_digest
        return Turn(repository, promotion.destination.tag, manifest, previous, record) if record else None

    def _result(self, staging: Staging) -> ReleaseResult:
        tags = tuple(map(self._tag, self._ways))
        failed = [tag for tag in tags if tag.error]
        statuses = {tag.status for tag in tags} - {"unchanged"}
        return ReleaseResult(
            status="partly-done" if failed else statuses.pop() if statuses else "unchanged",  # type: ignore[arg-type]
            release_id=self._identity,
            tags=tags,
            blobs=staging.counts,
            bytes_uploaded=staging.bytes_uploaded,
            error=_partly_done(failed, len(tags)) if failed else None,
        )

    @property
    def _unflipped(self) -> Literal["planned", "staged"]:
        """What a tag is said to be that was not flipped, and was not to be."""
        return "planned" if self._request.dry_run else "staged"

    def _tag(self, way: Way) -> ReleasedTag:
        source = str(way.source.reference)
        if failure := self._troubles.of(way.name):
            return ReleasedTag(status="failed", source=source, destination=way.name, error=_failure(failure))
        one, turn = self._found[way.name], self._turns.get(way.name)
        return ReleasedTag(
            status="unchanged" if one.is_done else "promoted" if turn else self._unflipped,
            source=source,
            destination=way.name,
            digest=one.image.digest,
            previous_digest=one.previous.digest if one.previous and not one.is_done else None,
            kept=turn.kept if turn else None,
            record=str(turn.repository.reference(turn.record.digest)) if turn else None,
        )


def _source_key(one: Found) -> tuple[str, str]:
    return str(one.way.source.repository), one.image.digest


def _cargoes(images: list[tuple[Found, Image]], promotions: dict[str, Promotion]) -> list[Cargo]:
    """Return what is to be brought: each image to each repository once, whatever tags it gets there."""
    found: dict[tuple[str, str], Cargo] = {}
    for one, image in images:
        way, mount_from = one.way, promotions[one.way.name].mount_from
        key = (str(way.destination.repository), one.image.digest)
        known = found.get(key, Cargo(way.source, way.destination, image, mount_from, ()))
        found[key] = known._replace(tags=(*known.tags, way.name))
    return list(found.values())


def _failure(error: PromoterError) -> Failure:
    return Failure(kind=error.kind, message=error.message, remedy=error.remedy, exit_code=error.exit_code)


def _partly_done(failed: list[ReleasedTag], total: int) -> Failure:
    return _failure(
        PartlyDone(
            f"{len(failed)} of {total} tags of the release failed: {', '.join(tag.destination for tag in failed)}.",
            "Each has its error; mend what they name, and run the release again: what is there is left.",
        )
    )
