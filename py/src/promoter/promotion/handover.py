"""Handing a promotion over to production's own pipeline, by webhook, and following it to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from promoter.credentials.sources import load_credential
from promoter.errors import DownstreamFailed, NotFound, NotPermitted, VerificationFailed, WrongUsage
from promoter.http.trust import Trust
from promoter.model.configuration import Webhook
from promoter.model.result import BuildOutcome, PromotionResult
from promoter.openshift.api import ClusterApi
from promoter.openshift.builds import SUCCESS, Build
from promoter.openshift.webhook import GenericWebhook, PerhapsTriggered
from promoter.promotion.places import Places
from promoter.promotion.promote import Promotion
from promoter.promotion.record import read_records

_SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key
_LOOKS = 3
_LOOK_SECONDS = 1.0


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
    started = _build_of(door, promotion.identity) or _trigger(door, parameters, promotion.identity, places.say)
    places.say(f"production's pipeline: build {door.project}/{started.name}")
    build = _follow(door, started, webhook, places)
    if build and build.phase != SUCCESS:
        why = build.message or "see its log"
        raise DownstreamFailed(
            f"Production's pipeline {door.project}/{build.name} ended as {build.phase}: {why}.",
            "Mend the cause, then promote again with a new promotion ID.",
        )
    outcome = BuildOutcome(
        name=started.name, phase=build.phase if build else "unknown", log=build.log_url if build else None
    )
    return promotion.result(
        "promoted", build=outcome, **_check(promotion, started.name, places, seen=build is not None)
    )


def _door(webhook: Webhook, places: Places) -> GenericWebhook:
    trust = Trust(Path(webhook.ca) if webhook.ca else None, webhook.tls_verify)
    api = ClusterApi(webhook.api, places.http(trust), load_credential(webhook.credentials))
    secret = load_credential(webhook.secret, key=_SECRET_KEY)
    return GenericWebhook(api, webhook.project, webhook.build_config, secret, webhook.legacy_api)


def _parameters(promotion: Promotion, places: Places) -> dict[str, str]:
    """Return what production's pipeline takes: the tag travels as GIT_COMMIT, which is what it most often is."""
    source, destination = promotion.source, promotion.destination
    names = [places.image_name(place) for place in (source, destination)]
    if names[0] != names[1]:
        raise WrongUsage(
            f"{names[0]} cannot become {names[1]} on a route through a webhook: its pipeline takes one name.",
            "Promote it under the same name, or copy it on a route of its own.",
        )
    return {
        "IMAGE_NAME": names[0],
        "NON_PROD_REGISTRY": source.reference.registry,
        "PROD_REGISTRY": destination.reference.registry,
        "NON_PROD_PROJECT_NAME": source.reference.repository.removesuffix(f"/{names[0]}"),
        "PROD_PROJECT_NAME": destination.reference.repository.removesuffix(f"/{names[1]}"),
        "GIT_COMMIT": destination.tag,
        "IMAGE_DIGEST": promotion.image.digest,
        "PROMOTION_ID": promotion.identity,
    }


def _build_of(door: GenericWebhook, identity: str) -> Build | None:
    """Return the build that has this promotion's ID; nothing where builds may not be listed."""
    try:
        builds = list(door.builds.of(door.config))
    except NotPermitted:
        return None
    return next((build for build in builds if build.parameters.get("PROMOTION_ID") == identity), None)


def _trigger(door: GenericWebhook, parameters: dict[str, str], identity: str, say: Callable[[str], None]) -> Build:
    """Trigger once. Where no answer came back, look for the build before anything is sent a second time."""
    try:
        return door.trigger(parameters)
    except PerhapsTriggered as failure:
        say(f"{failure.message} Looking for a build with our promotion ID.")
        for _ in range(_LOOKS):
            if build := _build_of(door, identity):
                return build
            time.sleep(_LOOK_SECONDS)
        raise


def _follow(door: GenericWebhook, started: Build, webhook: Webhook, places: Places) -> Build | None:
    """Return the build at its end; nothing if it cannot be seen, or is gone: then the destination decides."""
    try:
        return door.builds.follow(started.name, webhook.jenkins, places.deadline, places.say)
    except (NotPermitted, NotFound) as failure:
        places.say(f"the build cannot be followed: {failure.message}")
        return None


def _check(promotion: Promotion, build: str, places: Places, *, seen: bool) -> dict[str, Any]:
    """See that the digest stands at the destination, and return where its record is.

    Where the build could be seen, it has ended; where not, the digest is waited for.
    """
    destination, digest = promotion.destination, promotion.image.digest
    try:
        standing = destination.standing()
        while not seen and (standing is None or standing.digest != digest):
            time.sleep(min(_LOOK_SECONDS, places.deadline.require(f"waiting for {digest} at {destination.reference}")))
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
