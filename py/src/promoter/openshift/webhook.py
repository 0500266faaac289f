"""The generic webhook of a BuildConfig.

API: POST .../namespaces/PROJECT/buildconfigs/NAME/webhooks/SECRET/generic with `{"env": [{"name", "value"}]}`. The
server answers 200 also when it ignores the parameters, or builds nothing; so only a Build of this BuildConfig that has
all our parameters in its environment counts as triggered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from promoter.credentials.sources import Credential
from promoter.errors import DownstreamFailed, NotPermitted, PromoterError, Unreachable, WrongUsage
from promoter.http.connection import ConnectionFailed, Response
from promoter.http.persistence import TryAgain
from promoter.openshift.api import Answer, ClusterApi, read
from promoter.openshift.builds import Build, Builds

BUILD_API = "/apis/build.openshift.io/v1"
LEGACY_API = "/oapi/v1"
_LOOK_FIRST = "Run this again with the same promotion ID: it looks for the build before it calls again."


class PerhapsTriggered(Unreachable):
    """The request may have reached the server, but no answer came back."""


@dataclass(frozen=True)
class GenericWebhook:
    """The door to a BuildConfig.

    Args:
        api: the cluster.
        project: the BuildConfig's project.
        config: its name.
        secret: the webhook's secret, which is part of the URL and is never shown.
        legacy: whether the API is that of a cluster before OpenShift 3.11.

    """

    api: ClusterApi
    project: str
    config: str
    secret: Credential
    legacy: bool = False

    def __post_init__(self) -> None:
        """Refuse a secret that can never work: the server takes a slash, even an encoded one, for a separator.

        Raises:
            WrongUsage: the secret has a slash.

        """
        if "/" in self.secret.secret:
            raise WrongUsage(
                f"The webhook secret from {self.secret.source} has a slash in it, which no server accepts.",
                "Make a new secret without slashes, on both sides.",
            )

    @property
    def builds(self) -> Builds:
        """The builds it starts."""
        return Builds(self.api, self.project, self._prefix)

    def trigger(self, parameters: dict[str, str]) -> Build:
        """Start a build with these parameters.

        Raises:
            NotPermitted: secret or token are not accepted, or there is no such BuildConfig: the server tells no more.
            DownstreamFailed: it started no build, another one, or one without our parameters (that one is cancelled).
            PerhapsTriggered: no answer came; whoever calls looks whether there is a build before calling again.
            Unreachable: the server did not take the request.

        """
        answer = self._post(parameters)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise NotPermitted(
                f"The webhook of {self} did not accept the secret from {self.secret.source} ({answer.message}).",
                "Compare both secrets, to the last byte; the server says the same if the BuildConfig does not exist.",
            )
        if answer.status == HTTPStatus.FORBIDDEN:
            raise NotPermitted(
                f"The webhook of {self} takes no call from {self.api.credential.source}: {answer.message}.",
                "Give the route's webhook `credentials` with any valid token of that cluster, or bind the cluster role "
                "system:webhook to system:unauthenticated in that project.",
            )
        if answer.status != HTTPStatus.OK:
            raise self._failed(answer)
        return self._insist(answer, parameters)

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

        def attempt() -> Response:
            try:
                response = self.api.http.send("POST", url, headers, body)
            except ConnectionFailed as failure:
                if failure.sent:
                    raise PerhapsTriggered(f"The webhook of {self} gave no answer.", _LOOK_FIRST) from failure
                raise
            if response.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
                raise TryAgain(response)
            return response

        try:
            return read(self.api.http.persist(attempt))
        except TryAgain as last:
            return read(last.response)

    def _failed(self, answer: Answer) -> PromoterError:
        return Unreachable(
            f"The webhook of {self} answered {answer.status}: {answer.message}.",
            "Look at the BuildConfig: is it paused, and does its project have the service account `builder`?",
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
        lost = [name for name, value in parameters.items() if found.parameters.get(name) != value]
        if lost:
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
