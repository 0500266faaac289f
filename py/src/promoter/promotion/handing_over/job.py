"""Handing a promotion over to production's own pipeline as a Jenkins job, through Jenkins' API or a generic webhook."""

from __future__ import annotations

from promoter.credentials.sources import load_credential
from promoter.errors import DownstreamFailed, NotPermitted
from promoter.http.trust import Trust
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.builds import SUCCESS
from promoter.jenkins.generic_webhook import GenericWebhook
from promoter.jenkins.jobs import Job
from promoter.jenkins.runs import Run, Vanished, follow
from promoter.model.configuration import JenkinsJob, JenkinsWebhook
from promoter.model.promotion import BuildOutcome, PromotionResult
from promoter.openshift.waiting import Waiting
from promoter.promotion.handing_over.downstream import (
    IDENTITY,
    REQUESTER,
    UNSEEN,
    VANISHED,
    Downstream,
    Unseen,
    hand_over_to,
    when_reachable,
)
from promoter.promotion.looking import Promotion
from promoter.promotion.places import Places

_OPTIONAL = (REQUESTER,)
"""What people's own pipelines need not take."""
_OUTCOMES = {
    "UNSTABLE": "It came to its end with something marked as unstable: its log tells what",
    "FAILURE": "Its log tells why",
    "ABORTED": "Somebody aborted it, or a time limit or a refused approval did: its log tells",
    "NOT_BUILT": "It did nothing, or a later build took its place: its log tells",
}


def hand_to_job(promotion: Promotion, section: JenkinsJob, places: Places) -> PromotionResult:
    """Hand over to a Jenkins job; see `hand_over_to`."""
    return hand_over_to(_pipeline(section, places), promotion, places)


class _JobPipeline(Downstream[Run]):
    """Production's pipeline, a job that is started through Jenkins' API."""

    reader = "the same credentials"

    def __init__(self, job: Job, places: Places) -> None:
        self._job = job
        self._places = places

    def __str__(self) -> str:
        return f"the job {self._job}"

    def find(self, identity: str) -> Run | None:
        found = self._job.find(IDENTITY, identity)
        return Run.of(self._job, found) if found else None

    def trigger(self, parameters: dict[str, str]) -> Run:
        """Start it; while Jenkins restarts, that is waited for."""
        parameters = self._job.require_takes(parameters, _OPTIONAL)
        waiting = Waiting(self._places.deadline, f"starting {self}")
        item = when_reachable(lambda: self._start(parameters), waiting, self._places)
        return Run(self._job, parameters, item)

    def follow(self, run: Run) -> BuildOutcome:
        """Follow a run through the queue to its end."""
        waiting = Waiting(self._places.deadline, f"following {run.name}")
        try:
            build = follow(run, waiting.pause, self._places.say)
        except Vanished as failure:
            self._places.say(f"the build cannot be followed: {failure.message}")
            return BuildOutcome(name=run.name, phase=VANISHED)
        except NotPermitted as failure:  # then the destination decides
            self._places.say(f"the build cannot be followed: {failure.message}")
            return BuildOutcome(name=run.name, phase=UNSEEN)
        log = self._job.page(build.number, "console")
        if build.result != SUCCESS:
            why = _OUTCOMES.get(build.result, "Its log tells why")
            raise DownstreamFailed(
                f"Production's pipeline {run.name} ended as {build.result}.",
                f"{why} ({log}). Mend the cause, then promote again with a new promotion ID.",
            )
        return BuildOutcome(name=run.name, phase=build.result, log=log)

    def _start(self, parameters: dict[str, str]) -> int:
        return self._job.start(parameters)


class _WebhookPipeline(_JobPipeline):
    """Production's pipeline, a job that is started by its token; without credentials it cannot be seen."""

    reader = "credentials that may read the job"

    def __init__(self, job: Job, webhook: GenericWebhook, places: Places) -> None:
        super().__init__(job, places)
        self._webhook = webhook

    def __str__(self) -> str:
        return f"the generic webhook of {self._job}"

    def find(self, identity: str) -> Run | None:
        if self._job.api.credential.is_anonymous:
            raise Unseen(
                f"the route has no credentials for {self._job.api.url}.",
                "Give its `generic-webhook` a `user` and `credentials` that may read the job, or leave out the "
                "promotion ID.",
            )
        return super().find(identity)

    def trigger(self, parameters: dict[str, str]) -> Run:
        if self._job.api.credential.is_anonymous:
            return Run(self._job, parameters, self._webhook.start(parameters, _OPTIONAL))
        return super().trigger(parameters)

    def follow(self, run: Run) -> BuildOutcome:
        if self._job.api.credential.is_anonymous:
            self._places.say(f"the build cannot be followed: the route has no credentials for {self._job.api.url}")
            return BuildOutcome(name=run.name, phase=UNSEEN)
        return super().follow(run)

    def _start(self, parameters: dict[str, str]) -> int:
        return self._webhook.start(parameters)


def _pipeline(section: JenkinsJob, places: Places) -> _JobPipeline:
    trust = Trust(section.ca, verify=section.tls_verify)
    api = JenkinsApi(section.url, places.http(trust), load_credential(section.credentials, user=section.user))
    job = Job(api, section.name)
    if isinstance(section, JenkinsWebhook):
        return _WebhookPipeline(job, GenericWebhook(job, load_credential(section.token)), places)
    return _JobPipeline(job, places)
