"""Handing a promotion over to production's own pipeline, by webhook, and following it to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from promoter.credentials.sources import load_credential
from promoter.errors import (
    DownstreamFailed,
    Interrupted,
    NotFound,
    NotPermitted,
    PromoterError,
    TimedOut,
    Unreachable,
    VerificationFailed,
    WrongUsage,
)
from promoter.http.trust import Trust
from promoter.model.configuration import Webhook
from promoter.model.result import BuildOutcome, PromotionResult
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.builds import Build
from promoter.openshift.discovery import find_pipeline
from promoter.openshift.following import follow
from promoter.openshift.waiting import Waiting
from promoter.openshift.webhook import GenericWebhook, PerhapsTriggered
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Place, Places
from promoter.promotion.record import read_records

_SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key
_IDENTITY = "PROMOTION_ID"
_LOOKS = 5
Seen = TypeVar("Seen")


def hand_over(promotion: Promotion, webhook: Webhook, places: Places) -> PromotionResult:
    """Trigger production's pipeline, follow it, and check what stands at the destination then.

    A build that already has this promotion's ID is followed, not started again.

    Raises:
        DownstreamFailed: production's pipeline did not succeed.
        TimedOut: it had not ended in time; it goes on, and running this again follows it.
        VerificationFailed: it succeeded, but another digest stands at the destination.

    """
    door = _door(webhook, places)
    parameters = _parameters(promotion, places)
    _say_what_is_not_sent(promotion, places)
    places.say(f"handing over to {door} as promotion {promotion.identity}")
    started = _earlier(door, parameters, promotion)
    try:
        started = started or _trigger(door, parameters, places)
        places.say(f"production's pipeline: build {door.project}/{started.name}")
        ended = _follow(door, started, webhook, places)
        facts = _check(promotion, started.name, places, seen=ended is not None)
    except TimedOut as failure:
        raise TimedOut(
            f"{failure.message} Production's pipeline ({started.name if started else door}) was not seen to end.",
            _follow_further(promotion.identity),
        ) from failure
    except Interrupted as interruption:
        interruption.remedy = (
            f"Production's pipeline ({started.name if started else door}) may go on. "
            f"{_follow_further(promotion.identity)}"
        )
        raise
    except PromoterError as failure:
        if started and not isinstance(failure, DownstreamFailed):  # which has ended
            failure.remedy = f"{failure.remedy} {_follow_further(promotion.identity)}"
        raise
    outcome = BuildOutcome(
        name=started.name, phase=ended.phase if ended else "unknown", log=ended.log_url if ended else None
    )
    return promotion.result("promoted", build=outcome, **facts)


def _follow_further(identity: str) -> str:
    return (
        f"To follow it further, run this again with --promotion-id {identity} and a token that may list builds: "
        "no second one is started."
    )


def _say_what_is_not_sent(promotion: Promotion, places: Places) -> None:
    """Name what was given and stays here: what is recorded and allowed in production is production's to say."""
    request, tag = promotion.request, promotion.destination.tag
    given = {
        "--reason": request.reason,
        "--requested-by": request.requested_by,
        "--mount-from": request.mount_from,
        "--force": request.force,
        "--git-commit": request.git_commit if request.git_commit != tag else None,
    }
    if kept := [flag for flag, value in given.items() if value]:
        places.say(f"not sent to production, whose pipeline decides for itself: {', '.join(kept)}")


def _door(webhook: Webhook, places: Places) -> GenericWebhook:
    trust = Trust(Path(webhook.ca) if webhook.ca else None, verify=webhook.tls_verify)
    api = ClusterApi(webhook.api, places.http(trust), load_credential(webhook.credentials))
    secret = load_credential(webhook.secret, key=_SECRET_KEY)
    config = webhook.build_config or find_pipeline(api, webhook.project, legacy=webhook.legacy_api)
    return GenericWebhook(api, webhook.project, config, secret, legacy=webhook.legacy_api)


def _parameters(promotion: Promotion, places: Places) -> dict[str, str]:
    """Return what production's pipeline takes: the tag travels as GIT_COMMIT, which is what it most often is."""
    source, destination = promotion.source, promotion.destination
    name, other = places.image_name(source), places.image_name(destination)
    if name != other:
        raise WrongUsage(
            f"{name} cannot become {other} on a route through a webhook: its pipeline takes one name.",
            "Promote it under the same name, or copy it on a route of its own.",
        )
    return {
        "IMAGE_NAME": name,
        "NON_PROD_REGISTRY": source.reference.registry,
        "PROD_REGISTRY": destination.reference.registry,
        "NON_PROD_PROJECT_NAME": _project(source, name),
        "PROD_PROJECT_NAME": _project(destination, name),
        "GIT_COMMIT": destination.tag,
        "IMAGE_DIGEST": promotion.image.digest,
        _IDENTITY: promotion.identity,
    }


def _project(place: Place, name: str) -> str:
    project = place.reference.repository.removesuffix(name).removesuffix("/")
    if not project:
        raise WrongUsage(
            f"{place.reference} is in no project, which production's pipeline takes as a parameter.",
            "Give the environment a `project`.",
        )
    return project


def _earlier(door: GenericWebhook, parameters: dict[str, str], promotion: Promotion) -> Build | None:
    """Return the build that has this promotion's ID already.

    Where builds may not be listed it cannot be known; then an ID that was given, and so may be known there, is refused.

    Raises:
        WrongUsage: the build is for another image or place.
        NotPermitted: the ID was given, and builds may not be listed.

    """
    try:
        build = door.started(_IDENTITY, promotion.identity)
    except Forbidden as failure:
        if promotion.request.promotion_id is None:
            return None
        raise NotPermitted(
            f"Whether promotion {promotion.identity} has been handed over already cannot be seen: {failure.message}",
            f"Bind the role `view` in {door.project} to the account of {door.api.credential.source}, "
            "or leave out the promotion ID.",
        ) from failure
    if build and (other := build.lacks(parameters)):
        raise WrongUsage(
            f"Promotion {promotion.identity} is the build {door.project}/{build.name} already, with another "
            f"{', '.join(other)}.",
            "Take an ID of its own for each promotion, or none.",
        )
    return build


def _trigger(door: GenericWebhook, parameters: dict[str, str], places: Places) -> Build:
    """Trigger once. Where it is not known whether a build was started, look for it; never call a second time."""
    try:
        return door.trigger(parameters)
    except PerhapsTriggered as failure:
        places.say(f"{failure.message} Looking for a build with our promotion ID.")
        if build := _look(door, parameters, places):
            return build
        raise PerhapsTriggered(
            f"{failure.message} No build has our promotion ID.",
            f"{failure.remedy} Then run this again with --promotion-id {parameters[_IDENTITY]}.",
        ) from failure


def _look(door: GenericWebhook, parameters: dict[str, str], places: Places) -> Build | None:
    """Return the build that was started after all, if one comes to be seen. While the API is away, it is waited for."""
    waiting = Waiting(places.deadline, f"looking for a build of {door}")
    identity = parameters[_IDENTITY]
    for _ in range(_LOOKS):
        waiting.pause()
        try:
            build = _when_reachable(lambda: door.started(_IDENTITY, identity), waiting, places)
        except (NotFound, NotPermitted) as failure:
            raise PerhapsTriggered(
                f"The webhook of {door} was called; whether it started a build cannot be seen: {failure.message}",
                f"Look for PROMOTION_ID {identity} in production's Jenkins. {_follow_further(identity)}",
            ) from failure
        if build:
            return build
    return None


def _when_reachable(look: Callable[[], Seen], waiting: Waiting, places: Places) -> Seen:
    """Look at something, as soon as it lets itself be looked at.

    Raises:
        TimedOut: it did not in time.

    """
    while True:
        try:
            return look()
        except Unreachable as failure:
            places.say(f"(cannot be looked at just now: {failure.message})")
            waiting.pause()


def _follow(door: GenericWebhook, started: Build, webhook: Webhook, places: Places) -> Build | None:
    """Return the build at its end; nothing if it cannot be seen, or is gone: then the destination decides.

    Raises:
        DownstreamFailed: it did not succeed.

    """
    try:
        build = follow(door.builds, started.name, webhook.jenkins, places.deadline, places.say)
    except (NotPermitted, NotFound) as failure:
        places.say(f"the build cannot be followed: {failure.message}")
        return None
    if not build.has_succeeded:
        why = f": {build.message}" if build.message else ""
        log = build.log_url or f"oc logs --namespace {door.project} build/{build.name}"
        raise DownstreamFailed(
            f"Production's pipeline {door.project}/{build.name} ended as {build.phase}{why}.",
            f"Its log tells why ({log}). Mend the cause, then promote again with a new promotion ID.",
        )
    return build


def _check(promotion: Promotion, build: str, places: Places, *, seen: bool) -> dict[str, Any]:
    """See that the digest stands at the destination, and return where its record is.

    Where the build could be seen, it has ended; where not, the digest is waited for. A destination that is away is.
    """
    destination, digest = promotion.destination, promotion.image.digest
    waiting = Waiting(places.deadline, f"waiting for {digest} at {destination.reference}")
    try:
        standing = _when_reachable(destination.standing, waiting, places)
        while not seen and (standing is None or standing.digest != digest):
            waiting.pause()
            standing = _when_reachable(destination.standing, waiting, places)
        if standing is None or standing.digest != digest:
            found = standing.digest if standing else "not there"
            raise VerificationFailed(
                f"{destination.reference} is {found}, not {digest}, after {build}.",
                "Look at the log of production's pipeline: what did it promote?",
            )
        records = _when_reachable(lambda: read_records(destination.repository, digest), waiting, places)
    except NotPermitted as failure:
        if not seen:
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
