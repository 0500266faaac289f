"""Handing a promotion over to production's own pipeline, by webhook, and following it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from promoter.credentials.sources import load_credential
from promoter.errors import (
    DownstreamFailed,
    Interrupted,
    NotFound,
    NotPermitted,
    TimedOut,
    VerificationFailed,
    WrongUsage,
)
from promoter.http.trust import Trust
from promoter.model.configuration import Webhook
from promoter.model.result import BuildOutcome, PromotionResult
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.builds import Build
from promoter.openshift.following import follow
from promoter.openshift.waiting import Waiting
from promoter.openshift.webhook import GenericWebhook, PerhapsTriggered
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Place, Places
from promoter.promotion.record import read_records

_SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key
_IDENTITY = "PROMOTION_ID"
_LOOKS = 5


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
    places.say(f"handing over to {door} as promotion {promotion.identity}")
    started = None
    try:
        started = _earlier(door, parameters, promotion) or _trigger(door, parameters, places)
        places.say(f"production's pipeline: build {door.project}/{started.name}")
        ended = _follow(door, started, webhook, places)
        facts = _check(promotion, started.name, places, seen=ended is not None)
    except TimedOut as failure:
        raise TimedOut(
            f"{failure.message} Production's pipeline ({started.name if started else door}) was not seen to end.",
            _follow_further(promotion),
        ) from failure
    except Interrupted:
        places.say(
            f"Production's pipeline ({started.name if started else door}) may go on. {_follow_further(promotion)}"
        )
        raise
    outcome = BuildOutcome(
        name=started.name, phase=ended.phase if ended else "unknown", log=ended.log_url if ended else None
    )
    return promotion.result("promoted", build=outcome, **facts)


def _follow_further(promotion: Promotion) -> str:
    return f"To follow it further, run this again with --promotion-id {promotion.identity}: no second one is started."


def _door(webhook: Webhook, places: Places) -> GenericWebhook:
    trust = Trust(Path(webhook.ca) if webhook.ca else None, verify=webhook.tls_verify)
    api = ClusterApi(webhook.api, places.http(trust), load_credential(webhook.credentials))
    secret = load_credential(webhook.secret, key=_SECRET_KEY)
    return GenericWebhook(api, webhook.project, webhook.build_config, secret, legacy=webhook.legacy_api)


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
    waiting = Waiting(places.deadline, f"looking for a build of {door}")
    for _ in range(_LOOKS):
        waiting.pause()
        try:
            build = door.started(_IDENTITY, parameters[_IDENTITY])
        except Forbidden as failure:
            raise PerhapsTriggered(
                f"The webhook of {door} was called; whether it started a build cannot be seen: {failure.message}",
                "Look in production's Jenkins before you run this again: that may start a second build.",
            ) from failure
        if build:
            return build
    return None


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

    Where the build could be seen, it has ended; where not, the digest is waited for.
    """
    destination, digest = promotion.destination, promotion.image.digest
    waiting = Waiting(places.deadline, f"waiting for {digest} at {destination.reference}")
    try:
        standing = destination.standing()
        while not seen and (standing is None or standing.digest != digest):
            waiting.pause()
            standing = destination.standing()
        if standing is None or standing.digest != digest:
            found = standing.digest if standing else "not there"
            raise VerificationFailed(
                f"{destination.reference} is {found}, not {digest}, after {build}.",
                "Look at the log of production's pipeline: what did it promote?",
            )
        records = read_records(destination.repository, digest)
    except NotPermitted as failure:
        if not seen:
            raise
        places.say(f"production says it succeeded; whether it did may not be looked at from here: {failure.message}")
        return {"verified": False}
    ours = [record.digest for record in records if record.entry.promotion_id == promotion.identity]
    return {"record": str(destination.repository.reference(ours[0]))} if ours else {}
