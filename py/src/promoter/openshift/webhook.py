"""The generic webhook of a BuildConfig.

API: POST .../namespaces/PROJECT/buildconfigs/NAME/webhooks/SECRET/generic with `{"env": [{"name", "value"}]}`. The
server answers 200 also when it ignores the parameters, or builds nothing; so only a Build of this BuildConfig that has
all our parameters in its environment counts as triggered.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from urllib.parse import quote

from promoter.credentials.sources import Credential
from promoter.errors import (
    DownstreamFailed,
    NotFound,
    NotPermitted,
    PassingFailure,
    PerhapsTriggered,
    PromoterError,
    WrongUsage,
)
from promoter.http.connection import ConnectionFailed
from promoter.openshift.api import Answer, ClusterApi, read
from promoter.openshift.builds import Build, Builds

BUILD_API = "/apis/build.openshift.io/v1"
LEGACY_API = "/oapi/v1"
SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key
"""The key of a Secret that OpenShift takes a webhook's secret from."""
_BAD_TOKEN = "Unauthorized"  # noqa: S105 - what the server says of one
_NOT_FORWARDED = "service unavailable"


class _NotTaken(PassingFailure):
    """The server did not take the request: it may be called again."""


class GenericWebhook:
    """The door to a BuildConfig.

    Args:
        api: the cluster.
        project: the BuildConfig's project.
        config: its name.
        secret: the webhook's secret, which is part of the URL and is never shown.
        legacy: whether the API is that of a cluster before OpenShift 3.11.

    Raises:
        WrongUsage: the secret can never work: the server takes a slash, even an encoded one, for a separator.

    """

    def __init__(self, api: ClusterApi, project: str, config: str, secret: Credential, *, legacy: bool = False) -> None:
        self.api = api
        self.project = project
        self.config = config
        self.secret = secret
        self.legacy = legacy
        if "/" in secret.secret:
            raise WrongUsage(
                f"The webhook secret from {secret.source} has a slash in it, which no server accepts.",
                "Make a new secret without slashes, on both sides.",
            )

    @property
    def builds(self) -> Builds:
        """The builds it starts."""
        return Builds(self.api, self.project, self._prefix)

    def started(self, name: str, value: str) -> Build | None:
        """Return the build that has this parameter with this value, if there is one.

        Raises:
            NotFound, NotPermitted, Unreachable: the builds cannot be listed; Forbidden if only the right is missing.

        """
        return next((build for build in self.builds.of(self.config) if build.parameters.get(name) == value), None)

    def trigger(self, parameters: dict[str, str]) -> Build:
        """Start a build with these parameters.

        Raises:
            NotPermitted: secret or token are not accepted, or there is no such BuildConfig: the server tells no more.
            DownstreamFailed: it started no build, another one, or one without our parameters (that one is cancelled).
            PerhapsTriggered: no answer came, or none that tells; whoever calls looks whether there is a build before
                calling again.
            NotFound, Unreachable: the server did not take the request.

        """
        answer = self._post(parameters)
        if answer.status == HTTPStatus.OK and answer.documents:
            return self._insist(answer, parameters)
        raise self._failure(answer)

    def __str__(self) -> str:
        """Name the BuildConfig."""
        return f"{self.project}/{self.config}"

    @property
    def _prefix(self) -> str:
        return LEGACY_API if self.legacy else BUILD_API

    def _post(self, parameters: dict[str, str]) -> Answer:
        secret = quote(self.secret.secret, safe="")
        config = f"{self._prefix}/namespaces/{self.project}/buildconfigs/{self.config}"
        url = f"{self.api.url}{config}/webhooks/{secret}/generic"
        body = json.dumps({"env": [{"name": name, "value": value} for name, value in parameters.items()]}).encode()
        headers = self.api.headers() | {"Content-Type": "application/json"}

        def attempt() -> Answer:
            try:
                answer = read(self.api.http.send("POST", url, headers, body))
            except ConnectionFailed as failure:
                if failure.sent:
                    raise self._perhaps("gave no answer") from failure
                raise
            if _is_not_taken(answer):
                raise _NotTaken(
                    f"The webhook of {self} answered {answer.status}: {answer.message}.",
                    "Look at the cluster's API servers, then run this again.",
                )
            return answer

        return self.api.http.persist(attempt)

    def _failure(self, answer: Answer) -> PromoterError:
        """Turn an answer without a build into the error it means."""
        said = f"answered {answer.status}: {answer.message}"
        if answer.status == HTTPStatus.UNAUTHORIZED and answer.message != _BAD_TOKEN:
            return NotPermitted(
                f"The webhook of {self} did not accept the secret from {self.secret.source} ({answer.message}).",
                "Compare both secrets, to the last byte; the server says the same if the BuildConfig does not exist.",
            )
        if answer.status == HTTPStatus.FORBIDDEN:
            return NotPermitted(
                f"The webhook of {self} takes no call from {self.api.credential.source}: {answer.message}.",
                "Give the route's webhook `credentials` with any valid token of that cluster, or bind the cluster role "
                "system:webhook to system:unauthenticated in that project.",
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            return NotFound(
                f"The webhook of {self} {said}.",
                "Check the API's URL in the route, and `legacy-api`: only old clusters have /oapi/v1.",
            )
        if answer.status == HTTPStatus.OK or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._perhaps(said)
        return self.api.failure(answer, f"the webhook of {self}")

    def _perhaps(self, what: str) -> PerhapsTriggered:
        return PerhapsTriggered(
            f"The webhook of {self} {what}.",
            "Look at the cluster's API servers, and at the BuildConfig: is it paused, and does its project have the "
            "service account `builder`?",
        )

    def _insist(self, answer: Answer, parameters: dict[str, str]) -> Build:
        """Return the build that was started, if it is ours."""
        found = next((Build(document) for document in answer.documents if document.get("kind") == "Build"), None)
        if found is None:
            raise DownstreamFailed(
                f"The webhook of {self} answered 200 and started no build: {answer.message}.",
                "Look at the BuildConfig's triggers and its git reference.",
            )
        if found.config != (self.project, self.config):
            raise DownstreamFailed(
                f"The webhook of {self} answered with a build of {'/'.join(map(str, found.config))}.",
                "Something answers in the API server's place; check the URL in the route.",
            )
        if lost := found.lacks(parameters):
            cancelled = self._cancel(found.name)
            raise DownstreamFailed(
                f"The build {self.project}/{found.name} started without our {', '.join(lost)}; {cancelled}.",
                "Set `allowEnv: true` on the generic trigger of the BuildConfig.",
            )
        return found

    def _cancel(self, name: str) -> str:
        try:
            self.builds.cancel(name)
        except PromoterError as failure:
            return f"it could not be cancelled ({failure.message})"
        return "it was cancelled"


def _is_not_taken(answer: Answer) -> bool:
    """Tell whether the API server only said that it is too busy, or that what serves builds is away."""
    away = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.text.strip() == _NOT_FORWARDED
    return away or answer.status == HTTPStatus.TOO_MANY_REQUESTS
