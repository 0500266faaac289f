"""Promote many images at once: all are brought first, then all tags flip, or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from promoter.model.failure import Failure, failure_of
from promoter.model.gates import Gates
from promoter.model.manifest import Manifest
from promoter.model.promotion import PromotionResult
from promoter.model.reference import checked_repository
from promoter.model.release import ReleasedTag, ReleaseResult
from promoter.model.request import ReleaseRequest
from promoter.parallel import Crew, each
from promoter.promotion.bringing.bring import entry_of
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places
from promoter.promotion.records.identity import new_id
from promoter.release.choosing import choose
from promoter.release.flipping import Flips, Turn
from promoter.release.images import cargoes_of, look_into_all, promotion_of
from promoter.release.listing import read_pairs
from promoter.release.planning import Found, Way, find_ways, look_at_all, release_digest, require_free
from promoter.release.progress import Progress
from promoter.release.record import Move, draft_records
from promoter.release.results import Aim, status_of, tags_of
from promoter.release.shards import Shard, parse_shard
from promoter.release.staging import Cargo, Staging, Traffic, demands, size_of
from promoter.release.troubles import Troubles

WORKERS = 8
"""How many transfers are under way at least; more where registries are far. Large blobs are fewer, see `staging`."""
_Results = dict[str, PromotionResult]
"""What came of tags, by their references."""


def release(request: ReleaseRequest, places: Places) -> ReleaseResult:
    """Promote all images of a release.

    Nothing is changed before all of them, and all their destinations, were looked at; no tag flips before all images
    are where they go, by digest, and were verified there. What is there already is left: running it again goes on.

    Raises:
        PromoterError: see `promoter.errors`; all tags are as they were, or the message names those that are not.

    """
    begun = time.monotonic()
    _require_form(request)
    pairs = choose(read_pairs(request.images), request, places)
    ways = find_ways(pairs, request, places)
    identity = request.promotion_id or new_id(*(f"{pair.source} {pair.destination}" for pair in pairs))
    result = _Release(identity, ways, request, places).carry_out()
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _require_form(request: ReleaseRequest) -> None:
    """See that what was asked for can be, before anything is sent."""
    for repository in request.mount_from:
        checked_repository(repository)
    if request.shard is not None:
        parse_shard(request.shard)
    if _has_word(request):
        from promoter.release.clearing import require_form  # noqa: PLC0415

        require_form(request)


def _has_word(request: ReleaseRequest) -> bool:
    """Tell whether people said anything to it."""
    return bool(request.approval or request.approved_digest) or request.override is not None


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
        self._shard = parse_shard(request.shard) if request.shard is not None else None
        self._troubles = Troubles(keep_going=request.keep_going)

    def carry_out(self) -> ReleaseResult:
        """Look at everything, bring what is to be brought, and flip."""
        looked = look_at_all(self._ways, self._troubles, self._places.pace)
        digest = release_digest(looked)
        found = {one.way.name: one for one in require_free(looked, self._request, self._troubles)}
        coming = (one for one in found.values() if not one.is_done)
        images = look_into_all(coming, self._troubles, self._places.pace.at_once)
        promotions = self._cleared([self._promotion(found[name], images[name].top) for name in images], digest)
        standing = self._standing(found.values())
        follow = self._following([*promotions, *standing])
        traffic, results = self._go(promotions, cargoes_of(promotions, images))
        followed = follow(results | {promotion.name: promotion.result("unchanged") for promotion in standing})
        tags = tags_of(self._ways, found, followed, self._aim, self._troubles)
        return ReleaseResult(
            status=status_of(tags, self._aim),
            release_id=self._identity,
            digest=digest,
            tags=tags,
            blobs=traffic.counts,
            bytes_uploaded=traffic.bytes,
            estimated_seconds=traffic.seconds,
            error=self._failure(tags),
        )

    def _failure(self, tags: Sequence[ReleasedTag]) -> Failure | None:
        """Return what the command fails with; what a shard has left out is told by whoever runs the whole."""
        failed = [(tag.destination, tag.error) for tag in tags if tag.error]
        return None if self._aim == "staged" else failure_of(failed, len(tags), "tags")

    @property
    def _aim(self) -> Aim:
        if self._request.dry_run:
            return "planned"
        return "staged" if self._shard else "promoted"

    @property
    def _workers(self) -> int:
        return max(WORKERS, self._places.pace.at_once)

    def _promotion(self, one: Found, image: Manifest) -> Promotion:
        return promotion_of(one, image, self._request, self._identity)

    def _standing(self, found: Iterable[Found]) -> list[Promotion]:
        """Return the promotions of tags that are the digest already, but have image streams to settle."""
        followed = [one for one in found if one.is_done and self._places.has_cluster(one.way.destination.environment)]

        def look(one: Found) -> Promotion | None:
            repository, digest = one.way.destination.repository, one.image.digest
            manifest = self._troubles.attempt([one.way.name], partial(repository.manifest, digest))
            return self._promotion(one, manifest) if manifest else None

        return [promotion for promotion in each(look, followed, self._places.pace.at_once) if promotion]

    def _cleared(self, promotions: list[Promotion], digest: str) -> list[Promotion]:
        """Return those whose routes let them pass; mostly there are no gates, and then nothing is imported for them."""
        gates = [promotion.route.gates for promotion in promotions if promotion.route]
        if not promotions or not (_has_word(self._request) or any(these != Gates() for these in gates)):
            return promotions
        from promoter.release.clearing import clear  # noqa: PLC0415

        return clear(promotions, self._request, digest, self._troubles, self._places)

    def _following(self, promotions: list[Promotion]) -> Callable[[_Results], _Results]:
        """Return what follows once the tags are flipped; mostly that is nothing."""
        if self._shard or not any(map(self._is_followed, promotions)):
            return lambda results: results
        from promoter.release.following import Followers  # noqa: PLC0415

        return Followers(promotions, self._places, self._troubles).follow

    def _is_followed(self, promotion: Promotion) -> bool:
        has_rollout = promotion.route is not None and promotion.route.rollout is not None
        return has_rollout or self._places.has_cluster(promotion.destination.environment)

    def _go(self, promotions: list[Promotion], cargoes: list[Cargo]) -> tuple[Traffic, _Results]:
        """Do what is to be done; return what was brought, and what came of the tags."""
        planned = {promotion.name: promotion.result("planned") for promotion in promotions}
        if not cargoes:
            return Traffic(), planned
        if self._request.dry_run:
            from promoter.release.surveying import survey  # noqa: PLC0415

            return survey(cargoes, self._places.pace.at_once), planned
        if self._shard:
            return self._stage(cargoes, self._shard), planned
        return self._bring(cargoes), self._flip(promotions)

    def _stage(self, cargoes: list[Cargo], shard: Shard) -> Traffic:
        part = shard.part_of(demands(cargoes))
        self._places.say(f"bringing shard {shard}, as release {self._identity}; images in all: {len(cargoes)}")
        with Progress(0, size_of(part), self._places.say) as progress:
            staging = self._staging(cargoes, progress)
            staging.bring_blobs(part)
        return staging.traffic

    def _bring(self, cargoes: list[Cargo]) -> Traffic:
        self._places.say(f"images to bring: {len(cargoes)}, as release {self._identity}")
        wanted = demands(cargoes)
        with Progress(len(cargoes), size_of(wanted), self._places.say) as progress:
            staging = self._staging(cargoes, progress)
            staging.bring(wanted)
        return staging.traffic

    def _staging(self, cargoes: list[Cargo], progress: Progress) -> Staging:
        crew = Crew(self._workers, lambda: self._places.lulls.count)
        return Staging(cargoes, crew, self._troubles, progress)

    def _flip(self, promotions: list[Promotion]) -> _Results:
        """Flip the tags whose images came: all or none, or each for itself if the release keeps going."""
        arrived = [promotion for promotion in promotions if not self._troubles.of(promotion.name)]
        records = draft_records(map(_move, arrived), self._troubles)
        drafted = [promotion for promotion in arrived if promotion.name in records]
        turns = [_turn(promotion, records[promotion.name]) for promotion in self._still_signed_off(drafted)]
        if not turns:
            return {}
        flips = Flips(turns, self._places.deadline, self._workers, self._places.say)
        if self._request.keep_going:
            flips.flip_each(self._troubles)
        else:
            flips.flip_together()
        by_name = {turn.name: turn for turn in turns if not self._troubles.of(turn.name)}
        self._places.say(f"tags flipped: {len(by_name)} of {len(turns)}")
        return {
            promotion.name: promotion.result("promoted", kept=turn.kept, record=turn.record_name)
            for promotion in arrived
            if (turn := by_name.get(promotion.name))
        }

    def _still_signed_off(self, promotions: list[Promotion]) -> list[Promotion]:
        """Return those that no application has rejected while they were brought; mostly none was asked."""
        if not any(promotion.asks_for_sign_offs for promotion in promotions):
            return promotions
        from promoter.release.clearing import still_signed_off  # noqa: PLC0415

        return still_signed_off(promotions, self._troubles, self._places.pace.at_once)


def _move(promotion: Promotion) -> Move:
    return Move(promotion.destination.repository, promotion.image.descriptor, entry_of(promotion))


def _turn(promotion: Promotion, record: Manifest) -> Turn:
    place = promotion.destination
    return Turn(place.repository, place.tag, promotion.image, promotion.previous_digest, record)
