"""The Generic Webhook Trigger plugin: a job is started by whoever has its token.

API (generic-webhook-trigger-plugin 2.4.1, `GenericWebHookRequestReceiver.java`; `make test-jenkins` holds a real one to
it): POST JENKINS/generic-webhook-trigger/invoke. The token is looked for in the query, then in the header `token`, then
as a bearer token. The answer is 200 and `{"message", "jobs": {FULL NAME: {"triggered", "id", "url",
"resolvedVariables", …}}}`, `id` being the queue item, with all jobs that have that token; one whose trigger failed has
a text there, and the status is 500. If no job has the token, 404 and `{"message", "jobs": null}`; 200 and nothing if
all that have it keep silent (`silentResponse`) or failed. Builds wait for the job's quiet period, and are not merged.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from http import HTTPStatus

from promoter.credentials.sources import Credential
from promoter.errors import (
    DownstreamFailed,
    NotFound,
    NotPermitted,
    PerhapsTriggered,
    PromoterError,
    Refused,
    WrongUsage,
)
from promoter.http.connection import ConnectionFailed
from promoter.jenkins.answers import Answer, Object
from promoter.jenkins.jobs import Job

_PATH = "/generic-webhook-trigger/invoke"


class GenericWebhook:
    """The way to start a job by its token.

    Args:
        job: the job that has the token; its controller's credentials are only used to look at it.
        token: the token.

    Raises:
        WrongUsage: there is no token: the plugin would start every job that has none.

    """

    def __init__(self, job: Job, token: Credential) -> None:
        if token.is_anonymous:
            raise WrongUsage(
                f"The generic webhook of {job} has no token.",
                "Name where it is: `token`, in the route's generic-webhook.",
            )
        self._job = job
        self._token = token

    def start(self, parameters: dict[str, str], optional: Collection[str] = ()) -> int:
        """Start the job with these parameters, as the fields of a JSON object. Return the queue item.

        Args:
            parameters: what it is to get.
            optional: names of those that it may lose.

        Raises:
            PerhapsTriggered: no answer came, or none that tells; whoever calls looks before calling again.
            NotPermitted: no job has the token, or the plugin's whitelist does not let us in.
            Refused: the job's filter did not let it start, or it is disabled.
            DownstreamFailed: another job was started, or ours without our parameters (which is cancelled).
            NotFound, Unreachable: nothing there takes it.

        """
        headers = {"Content-Type": "application/json", "token": self._token.secret}
        body = json.dumps(parameters).encode()

        def attempt() -> Answer:
            try:
                return self._job.api.post_as_nobody(_PATH, headers, body)
            except ConnectionFailed as failure:
                if failure.sent:
                    raise self._perhaps("gave no answer") from failure
                raise

        answer = self._job.api.http.persist(attempt)
        jobs = (answer.document or {}).get("jobs")
        if answer.status == HTTPStatus.OK and isinstance(jobs, dict):
            return self._insist(jobs, {name: value for name, value in parameters.items() if name not in optional})
        raise self._refusal(answer)

    def _insist(self, jobs: Object, parameters: dict[str, str]) -> int:
        """Return the queue item, if our job was started with our parameters."""
        started = jobs.get(self._job.name)
        if not isinstance(started, dict):
            raise DownstreamFailed(
                f"The token from {self._token.source} belongs to {', '.join(jobs) or 'no job'}, not to {self._job}.",
                "Correct the route's `name`, or its `token`; what was started may have to be stopped.",
            )
        if not started.get("triggered"):
            raise Refused(
                f"The generic webhook of {self._job} started nothing: its filter does not match, or it is disabled.",
                "Look at the filter (regexpFilterText, regexpFilterExpression) of the job's trigger.",
            )
        item, resolved = int(started["id"]), started.get("resolvedVariables") or {}
        if lost := [name for name, value in parameters.items() if resolved.get(name) != value]:
            raise DownstreamFailed(
                f"The job {self._job} started without our {', '.join(lost)}; {self._cancel(item)}.",
                "Give its trigger a genericVariable for each: key NAME, value $.NAME.",
            )
        return item

    def _refusal(self, answer: Answer) -> PromoterError:
        """Turn an answer without a queue item into the error it means.

        Its text is not shown: a whitelist's refusal repeats the request's headers.
        """
        if answer.status == HTTPStatus.NOT_FOUND and answer.document:
            return NotPermitted(
                f"No job at {self._job.api.url} has the token from {self._token.source}.",
                "Compare both tokens; a Pipeline whose text declares its trigger has it once it has run.",
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            return NotFound(
                f"{self._job.api.url} has no generic webhook.",
                "Check the URL, and that Jenkins has the plugin generic-webhook-trigger.",
            )
        if answer.status == HTTPStatus.FORBIDDEN:
            return NotPermitted(
                f"The generic webhook at {self._job.api.url} does not take calls from here.",
                "Add this machine's address to the plugin's whitelist, or look at what is in front of Jenkins.",
            )
        if answer.status == HTTPStatus.OK or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._perhaps(f"answered {answer.status} and no queue item")
        return self._job.api.failure(answer, f"start {self._job} by its webhook")

    def _cancel(self, item: int) -> str:
        try:
            self._job.cancel(item)
        except PromoterError as failure:
            return f"it could not be cancelled ({failure.message})"
        return "it was cancelled"

    def _perhaps(self, what: str) -> PerhapsTriggered:
        return PerhapsTriggered(
            f"The generic webhook of {self._job} {what}.",
            "Look into Jenkins' own log, and see that the job's trigger has silentResponse off.",
        )
