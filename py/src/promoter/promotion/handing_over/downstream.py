"""Handing a promotion over to production's own pipeline, whatever runs it, and following it to its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from promoter.errors import (
    DownstreamFailed,
    Interrupted,
    NotFound,
    NotPermitted,
    PassingFailure,
    PerhapsTriggered,
    PromoterError,
    TimedOut,
    Unreachable,
    VerificationFailed,
    WrongUsage,
)
from promoter.model.promotion import BuildOutcome, PromotionResult
from promoter.openshift.waiting import Waiting
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Place, Places
from promoter.promotion.records.identity import LONGEST
from promoter.promotion.records.record import read_records

IDENTITY, REQUESTER = "PROMOTION_ID", "REQUESTED_BY"
SENT = (
    "IMAGE_NAME",
    "NON_PROD_REGISTRY",
    "PROD_REGISTRY",
    "NON_PROD_PROJECT_NAME",
    "PROD_PROJECT_NAME",
    "GIT_COMMIT",
    "IMAGE_DIGEST",
    IDENTITY,
)
"""The parameters that make a promotion this one in production; who asks for it may differ from run to run."""

UNSEEN = "unknown"
VANISHED = "vanished"
_LOOKS = 5
Seen = TypeVar("Seen")


class Started(Protocol):
    """What was started of production's pipeline: a build, or what will become one."""

    @property
    def name(self) -> str:
        """What people find it by."""

    def lacks(self, parameters: dict[str, str]) -> list[str]:
        """Return which of these parameters it has not, or with another value."""


Run = TypeVar("Run", bound=Started)


class Unseen(NotPermitted):
    """It may not be looked at whether anything runs."""


class Downstream(ABC, Generic[Run]):
    """Production's pipeline, as one kind of server runs it; `str()` names it.

    `reader` is what the credentials have to be good for if a run is to be found again.
    """

    reader: str

    @abstractmethod
    def find(self, identity: str) -> Run | None:
        """Return the run that has this promotion ID, if there is one.

        Raises:
            Unseen: the right to look for it is missing.
            NotFound, NotPermitted, Unreachable: it cannot be looked for.

        """

    @abstractmethod
    def trigger(self, parameters: dict[str, str]) -> Run:
        """Start it, once.

        Raises:
            PerhapsTriggered: whether it started is not known.
            PromoterError: it did not start.

        """

    @abstractmethod
    def follow(self, run: Run) -> BuildOutcome:
        """Wait for the end of a run; what cannot be seen has the phase `UNSEEN`, what is gone `VANISHED`.

        Raises:
            DownstreamFailed: it did not succeed.
            TimedOut: it had not ended in time.

        """


def hand_over_to(downstream: Downstream[Run], promotion: Promotion, places: Places) -> PromotionResult:
    """Trigger production's pipeline, follow it, and check what stands at the destination then.

    A run that already has this promotion's ID is followed, not started again.

    Raises:
        DownstreamFailed: production's pipeline did not succeed.
        TimedOut: it had not ended in time; it goes on, and running this again follows it.
        VerificationFailed: it succeeded, but another digest stands at the destination.

    """
    parameters = _parameters(promotion, places)
    _say_what_is_not_sent(promotion, places)
    places.say(f"handing over to {downstream} as promotion {promotion.identity}")
    further = _follow_further(downstream, promotion.identity)
    started = _earlier(downstream, parameters, promotion)
    try:
        asked_by = promotion.requested_by[:LONGEST]
        started = started or _trigger(downstream, parameters | {REQUESTER: asked_by}, places)
        places.say(f"production's pipeline: {started.name}")
        outcome = downstream.follow(started)
        facts = _check(promotion, outcome, places)
    except TimedOut as failure:
        raise TimedOut(
            f"{failure.message} Production's pipeline ({started.name if started else downstream}) was not seen to end.",
            further,
        ) from failure
    except Interrupted as interruption:
        interruption.remedy = f"Production's pipeline ({started.name if started else downstream}) may go on. {further}"
        raise
    except PromoterError as failure:
        if started and not isinstance(failure, DownstreamFailed):  # which has ended
            failure.remedy = f"{failure.remedy} {further}"
        raise
    return promotion.result("promoted", build=outcome, **facts)


def when_reachable(
    ask: Callable[[], Seen], waiting: Waiting, places: Places, *, passing: type[Unreachable] = PassingFailure
) -> Seen:
    """Ask a server for something again and again, until it fails otherwise than in passing.

    Raises:
        TimedOut: it failed in passing all the time.

    """
    while True:
        try:
            return ask()
        except passing as failure:
            places.say(f"(cannot be looked at just now: {failure.message})")
            waiting.pause()


def _see(look: Callable[[], Seen], waiting: Waiting, places: Places) -> Seen:
    """Look at something, as soon as it lets itself be looked at: a mere look may be repeated after any answer."""
    return when_reachable(look, waiting, places, passing=Unreachable)


def _follow_further(downstream: Downstream[Run], identity: str) -> str:
    return (
        f"To follow it further, run this again with --promotion-id {identity} and {downstream.reader}: "
        "no second one is started."
    )


def _say_what_is_not_sent(promotion: Promotion, places: Places) -> None:
    """Name what was given and stays here: what is recorded and allowed in production is production's to say."""
    request, tag = promotion.request, promotion.destination.tag
    given = {
        "--reason": request.reason,
        "--mount-from": request.mount_from,
        "--force": request.force,
        "--approval": request.approval,
        "--override": request.override,
        "--git-commit": request.git_commit if request.git_commit != tag else None,
    }
    if kept := [flag for flag, value in given.items() if value]:
        places.say(f"not sent to production, whose pipeline decides for itself: {', '.join(kept)}")


def _parameters(promotion: Promotion, places: Places) -> dict[str, str]:
    """Return what is `SENT`; the tag travels as GIT_COMMIT, which is what it most often is."""
    source, destination = promotion.source, promotion.destination
    name, other = places.image_name(source), places.image_name(destination)
    if name != other:
        raise WrongUsage(
            f"{name} cannot become {other} on a route that hands over to production: its pipeline takes one name.",
            "Promote it under the same name, or copy it on a route of its own.",
        )
    values = (
        name,
        source.reference.registry,
        destination.reference.registry,
        _project(source, name),
        _project(destination, name),
        destination.tag,
        promotion.image.digest,
        promotion.identity,
    )
    return dict(zip(SENT, values, strict=True))


def _project(place: Place, name: str) -> str:
    project = place.reference.repository.removesuffix(name).removesuffix("/")
    if not project:
        raise WrongUsage(
            f"{place.reference} is in no project, which production's pipeline takes as a parameter.",
            "Give the environment a `project`.",
        )
    return project


def _earlier(downstream: Downstream[Run], parameters: dict[str, str], promotion: Promotion) -> Run | None:
    """Return the run that has this promotion's ID already.

    Where runs may not be seen it cannot be known; then an ID that was given, and so may be known there, is refused.

    Raises:
        WrongUsage: the run is for another image or place.
        NotPermitted: the ID was given, and runs may not be seen.

    """
    try:
        run = downstream.find(promotion.identity)
    except Unseen as failure:
        if promotion.request.promotion_id is None:
            return None
        raise NotPermitted(
            f"Whether promotion {promotion.identity} has been handed over already cannot be seen: {failure.message}",
            failure.remedy,
        ) from failure
    if run and (other := run.lacks(parameters)):
        raise WrongUsage(
            f"Promotion {promotion.identity} is {run.name} already, with another {', '.join(other)}.",
            "Take an ID of its own for each promotion, or none.",
        )
    return run


def _trigger(downstream: Downstream[Run], parameters: dict[str, str], places: Places) -> Run:
    """Trigger once. Where it is not known whether anything was started, look for it; never call a second time."""
    try:
        return downstream.trigger(parameters)
    except PerhapsTriggered as failure:
        places.say(f"{failure.message} Looking for a build with our promotion ID.")
        if run := _look(downstream, parameters, places):
            return run
        raise PerhapsTriggered(
            f"{failure.message} No build has our promotion ID.",
            f"{failure.remedy} Then run this again with --promotion-id {parameters[IDENTITY]}.",
        ) from failure


def _look(downstream: Downstream[Run], parameters: dict[str, str], places: Places) -> Run | None:
    """Return what was started after all, if it comes to be seen. While the server is away, it is waited for."""
    waiting = Waiting(places.deadline, f"looking for a build of {downstream}")
    identity = parameters[IDENTITY]
    for _ in range(_LOOKS):
        waiting.pause()
        try:
            run = _see(lambda: downstream.find(identity), waiting, places)
        except (NotFound, NotPermitted) as failure:
            raise PerhapsTriggered(
                f"{downstream} was called; whether it started a build cannot be seen: {failure.message}",
                f"Look for PROMOTION_ID {identity} in production's Jenkins. {_follow_further(downstream, identity)}",
            ) from failure
        if run:
            return run
    return None


def _check(promotion: Promotion, outcome: BuildOutcome, places: Places) -> dict[str, Any]:
    """See that the digest stands at the destination, and return where its record is.

    Where the build could be seen, it has ended; where not, the digest is waited for. A destination that is away is.
    """
    destination, digest, seen = promotion.destination, promotion.image.digest, outcome.phase != UNSEEN
    waiting = Waiting(places.deadline, f"waiting for {digest} at {destination.reference}")
    try:
        standing = _see(destination.standing, waiting, places)
        while not seen and (standing is None or standing.digest != digest):
            waiting.pause()
            standing = _see(destination.standing, waiting, places)
        if standing is None or standing.digest != digest:
            raise _not_brought(promotion, outcome, standing.digest if standing else "not there")
        records = _see(lambda: read_records(destination.repository, digest), waiting, places)
    except NotPermitted as failure:
        if outcome.phase in (UNSEEN, VANISHED):
            raise
        places.say(f"production says it succeeded; whether it did may not be looked at from here: {failure.message}")
        return {"verified": False}
    ours = [record.digest for record in records if record.entry.promotion_id == promotion.identity]
    if not ours:
        places.say(
            f"{destination.reference} has the digest, but no record of promotion {promotion.identity}: something else "
            "brought it there, or production's pipeline records nothing."
        )
        return {}
    return {"record": str(destination.repository.reference(ours[0]))}


def _not_brought(promotion: Promotion, outcome: BuildOutcome, found: str) -> PromoterError:
    stands = f"{promotion.destination.reference} is {found}, not {promotion.image.digest}"
    if outcome.phase == VANISHED:
        return DownstreamFailed(
            f"Production's pipeline {outcome.name} vanished before it was seen to end, and {stands}.",
            "Ask who deleted it; then promote again with a new promotion ID.",
        )
    return VerificationFailed(
        f"{stands}, after {outcome.name}.", "Look at the log of production's pipeline: what did it promote?"
    )
