"""Promote what is watched: tags of routes that appeared, or changed since they were promoted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from promoter.errors import NotFound, PromoterError, Refused, WrongUsage
from promoter.interrupts import interruptions_again
from promoter.model.configuration import Configuration, Route
from promoter.model.failure import Failure, failure_of
from promoter.model.history import HistoryEntry
from promoter.model.line import quoted
from promoter.model.request import PromoteRequest, WatchRequest
from promoter.model.watching import WatchedTag, WatchResult
from promoter.parallel import Later, each
from promoter.promotion.history import entries_of
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places, is_reserved
from promoter.promotion.promote import promote
from promoter.promotion.records.identity import derived_id
from promoter.registry.repository import Repository

_REASON = "the watched tag appeared or changed"
_BY_HAND = "To bring it there all the same, promote it with --force; what it replaces is kept."
Found = TypeVar("Found")


class _Watched(NamedTuple):
    """A tag of an image on a route, or a pattern of tags."""

    route: Route
    name: str
    tag: str

    @property
    def source(self) -> str:
        """Where it comes from, as commands name it."""
        return f"{self.route.from_}/{self.name}:{self.tag}"

    @property
    def destination(self) -> str:
        """Where it goes to."""
        return f"{self.route.to}/{self.name}:{self.tag}"


def watch(request: WatchRequest, places: Places) -> WatchResult:
    """Look at all watched tags once, and promote one by one those that appeared or changed.

    What goes wrong with one is said, is in the result, and keeps no other from being promoted.

    Raises:
        WrongUsage: a route that is named is none, or nothing is watched.

    """
    return _Pass(request, places).result(_routes(request, places.configuration))


def _routes(request: WatchRequest, configuration: Configuration) -> list[Route]:
    named = [_named(text, configuration) for text in request.route]
    routes = [route for route in named or configuration.routes if route.watch]
    if not routes:
        raise WrongUsage("Nothing is watched.", "Give a route a `watch` list in the configuration: [web:stable].")
    return routes


def _named(text: str, configuration: Configuration) -> Route:
    origin, _, target = text.partition(":")
    route = configuration.route(origin, target)
    if route is None:
        known = ", ".join(f"{route.from_}:{route.to}" for route in configuration.routes if route.watch)
        raise WrongUsage(f"There is no route {quoted(text)} (watched: {known or 'none'}).", "Name one as FROM:TO.")
    return route


class _Pass:
    """One look at what is watched, and what came of it."""

    def __init__(self, request: WatchRequest, places: Places) -> None:
        self._request = request
        self._places = places
        self._acted_on: list[WatchedTag] = []
        self._left_alone: Counter[str] = Counter()

    def result(self, routes: Iterable[Route]) -> WatchResult:
        """Do everything, and return what came of it."""
        patterns = [_Watched(route, *pattern.split(":")) for route in routes for pattern in route.watch]
        tags = chain.from_iterable(found for _, found in self._for_each(self._matching, patterns))
        for tag, state in self._for_each(self._state, dict.fromkeys(tags)):
            if state == "due":
                self._promote(tag)
            else:
                self._leave(tag, state)
        acted_on = tuple(self._acted_on)
        if not acted_on:
            self._places.say_more(f"nothing to do, watched tags: {self._left_alone.total()}")
        return WatchResult(
            tags=acted_on,
            unchanged=self._left_alone["unchanged"],
            absent=self._left_alone["absent"],
            error=failure_of([(tag.destination, tag.error) for tag in acted_on if tag.error], len(acted_on), "tags"),
        )

    def _for_each(
        self, function: Callable[[_Watched], Found], watched: Iterable[_Watched]
    ) -> Iterator[tuple[_Watched, Found]]:
        """Yield what the function gives for each, all asked at the same time; a failure is noted instead."""

        def attempt(one: _Watched) -> tuple[_Watched, Found | PromoterError]:
            try:
                return one, function(one)
            except PromoterError as failure:
                return one, failure

        for one, found in each(attempt, watched):
            if isinstance(found, PromoterError):
                self._fail(one, found)
            else:
                yield one, found

    def _matching(self, pattern: _Watched) -> list[_Watched]:
        """Return the tags of the source that fit a pattern; the tag itself if it is one."""
        if not set(pattern.tag) & set("*?"):
            return [pattern]
        try:
            tags = [*self._source(pattern).tags()]
        except NotFound:  # no image of that name yet
            return []
        fitting = (tag for tag in sorted(tags) if fnmatchcase(tag, pattern.tag) and not is_reserved(tag))
        return [pattern._replace(tag=tag) for tag in fitting]

    def _state(self, watched: _Watched) -> str:
        """Compare both sides of a tag: `absent` from the source, `unchanged`, or `due` to be promoted."""
        destination = self._places.repository(watched.route.to, watched.name, "pull,push")
        standing = Later(lambda: destination.find(watched.tag))
        wanted, found = self._source(watched).find(watched.tag), standing.outcome()
        if wanted is None:
            return "absent"
        return "unchanged" if found and found.digest == wanted.digest else "due"

    def _source(self, watched: _Watched) -> Repository:
        return self._places.repository(watched.route.from_, watched.name, "pull")

    def _promote(self, watched: _Watched) -> None:
        """Promote a tag; a signal that came too late for it ends the pass afterwards."""
        ours = None if watched.route.hands_over else _REASON  # production's pipeline is not told
        request = PromoteRequest(
            source=watched.source,
            destination=watched.destination,
            reason=self._request.reason or ours,
            requested_by=self._request.requested_by,
        )
        try:
            with self._places.deadline.restored():
                promotion = promote(request, self._places, allowed=_overwriting_its_own)
        except PromoterError as failure:
            self._fail(watched, failure)
        else:
            if promotion.status == "unchanged":  # somebody was faster
                self._leave(watched, "unchanged")
            else:
                self._places.say(f"promoted: {watched.destination} is {promotion.digest}")
                self._note(watched, "promoted", promotion=promotion)
        interruptions_again()

    def _leave(self, watched: _Watched, state: str) -> None:
        self._places.say_more(f"{state}: {watched.destination}")
        self._left_alone[state] += 1

    def _fail(self, watched: _Watched, failure: PromoterError) -> None:
        status = "refused" if isinstance(failure, Refused) else "failed"
        self._places.say(f"{status}: {watched.destination}: {failure.message}\n  {failure.remedy}")
        self._note(watched, status, error=Failure.of(failure))

    def _note(self, watched: _Watched, status: str, **facts: Any) -> None:  # noqa: ANN401 - the result's own fields
        known: dict[str, Any] = {"status": status, "source": watched.source, "destination": watched.destination}
        self._acted_on.append(WatchedTag(**known, **facts))


def _overwriting_its_own(promotion: Promotion) -> Promotion:
    """Return a promotion that may overwrite what the same source's tag was before, under an ID for this very step.

    Each pass that finds the same makes the same ID: then two at once hand over to one build of production's pipeline,
    and one that has failed there is not started again every minute.

    Raises:
        Refused: somebody else, or a rollback, decided what stands at the destination.

    """
    newest = ""
    if promotion.previous:
        entries = entries_of(promotion.destination, promotion.previous)
        _require_own(promotion, promotion.previous.digest, entries)
        newest = entries[0].record
    ends = (promotion.source.reference, promotion.destination.reference)
    return promotion._replace(identity=derived_id(*map(str, ends), promotion.image.digest, newest))


def _require_own(promotion: Promotion, standing: str, entries: list[HistoryEntry]) -> None:
    """Insist that what stands there was promoted from the same tag, and that what comes was not rolled back.

    Args:
        promotion: the promotion.
        standing: what stands at the destination.
        entries: what is recorded of the destination's tag, newest first.

    """
    source, destination, wanted = promotion.source.reference, promotion.destination.reference, promotion.image.digest
    if not entries or not entries[0].current:
        raise Refused(f"{destination} is {standing}, and no record says who put it there last.", _BY_HAND)
    last = next((entry for entry in entries if wanted == entry.digest or wanted == _rolled_away(entry)), None)
    if last and last.digest != wanted:
        raise Refused(
            f"{destination} was rolled back from {wanted}; `promoter history` tells by whom.",
            f"It stays as it is until {source} is another digest. {_BY_HAND}",
        )
    origin = next((entry.source for entry in entries if entry.digest == standing and entry.source), "elsewhere")
    own = {str(source)}
    if promotion.route and promotion.route.hands_over:
        own.add(str(source.at(standing)))  # which is how production's pipeline names what it was handed
    if origin not in own:
        raise Refused(f"{destination} is {standing}, which came from {origin!r}, not from {source}.", _BY_HAND)


def _rolled_away(entry: HistoryEntry) -> str | None:
    """Return the digest that an entry took the tag away from, if it is a rollback."""
    return entry.previous_digest if entry.action == "rolled-back" else None
