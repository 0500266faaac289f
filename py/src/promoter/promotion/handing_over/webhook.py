"""Handing a promotion over to production's own pipeline by the webhook of its BuildConfig."""

from __future__ import annotations

from typing import NamedTuple

from promoter.credentials.sources import load_credential
from promoter.errors import DownstreamFailed, NotFound, NotPermitted
from promoter.http.trust import Trust
from promoter.model.configuration import Webhook
from promoter.model.promotion import BuildOutcome, PromotionResult
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.builds import Build
from promoter.openshift.discovery import find_pipeline
from promoter.openshift.following import follow
from promoter.openshift.webhook import SECRET_KEY, GenericWebhook
from promoter.promotion.handing_over.downstream import IDENTITY, UNSEEN, Downstream, Unseen, hand_over_to
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places


def hand_over(promotion: Promotion, webhook: Webhook, places: Places) -> PromotionResult:
    """Hand over to a BuildConfig; see `hand_over_to`."""
    return hand_over_to(_Webhook(_door(webhook, places), webhook.jenkins, places), promotion, places)


class _Started(NamedTuple):
    """A build, named with its project."""

    project: str
    build: Build

    @property
    def name(self) -> str:
        return f"the build {self.project}/{self.build.name}"

    def lacks(self, parameters: dict[str, str]) -> list[str]:
        return self.build.lacks(parameters)


class _Webhook(Downstream[_Started]):
    """Production's pipeline, behind the webhook of its BuildConfig."""

    reader = "a token that may list builds"

    def __init__(self, door: GenericWebhook, jenkins: str | None, places: Places) -> None:
        self._door = door
        self._jenkins = jenkins
        self._places = places

    def __str__(self) -> str:
        return str(self._door)

    def find(self, identity: str) -> _Started | None:
        try:
            build = self._door.started(IDENTITY, identity)
        except Forbidden as failure:
            raise Unseen(
                failure.message,
                f"Bind the role `view` in {self._door.project} to the account of {self._door.api.credential.source}, "
                "or leave out the promotion ID.",
            ) from failure
        return _Started(self._door.project, build) if build else None

    def trigger(self, parameters: dict[str, str]) -> _Started:
        return _Started(self._door.project, self._door.trigger(parameters))

    def follow(self, run: _Started) -> BuildOutcome:
        door, places, name = self._door, self._places, run.build.name
        try:
            build = follow(door.builds, name, self._jenkins, places.deadline, places.say)
        except (NotPermitted, NotFound) as failure:  # then the destination decides
            places.say(f"the build cannot be followed: {failure.message}")
            return BuildOutcome(name=name, phase=UNSEEN)
        if not build.has_succeeded:
            why = f": {build.message}" if build.message else ""
            log = build.log_url or f"oc logs --namespace {door.project} build/{name}"
            raise DownstreamFailed(
                f"Production's pipeline {door.project}/{name} ended as {build.phase}{why}.",
                f"Its log tells why ({log}). Mend the cause, then promote again with a new promotion ID.",
            )
        return BuildOutcome(name=name, phase=build.phase, log=build.log_url)


def _door(webhook: Webhook, places: Places) -> GenericWebhook:
    trust = Trust(webhook.ca, verify=webhook.tls_verify)
    api = ClusterApi(webhook.api, places.http(trust), load_credential(webhook.credentials))
    secret = load_credential(webhook.secret, key=SECRET_KEY)
    config = webhook.build_config or find_pipeline(api, webhook.project, legacy=webhook.legacy_api)
    return GenericWebhook(api, webhook.project, config, secret, legacy=webhook.legacy_api)
