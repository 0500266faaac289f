"""Requests to a Jenkins controller.

A controller that restarts refuses connections, then answers 500 and 503, and for a moment 401 and 403 to credentials
that are valid. So for a minute after any of these signs, 401 and 403 are no verdict.
"""

from __future__ import annotations

import time
from base64 import b64encode
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from promoter.credentials.sources import Credential
from promoter.errors import NotFound, PassingFailure, PromoterError, WrongUsage
from promoter.http.client import RETRIED_STATUSES, HttpClient
from promoter.http.connection import ConnectionFailed, Response
from promoter.jenkins.answers import Answer, Object, failure, read
from promoter.jenkins.crumbs import ISSUER, crumb_headers
from promoter.model.line import quoted

UNSETTLED_SECONDS = 60.0
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_NOT_TAKEN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Restarting(PassingFailure):
    """The controller is on its way down or up, or too busy: what it answers is no verdict."""


class JenkinsApi:
    """One controller under one user.

    Args:
        url: the controller, with the prefix if it has one, such as https://jenkins.example.com/jenkins.
        http: the client that is used.
        credential: API token or password; without a user it is sent as a bearer token, as OpenShift's Jenkins takes it.

    Raises:
        WrongUsage: the URL would send the token without TLS, or nowhere, or the user is none.

    """

    def __init__(self, url: str, http: HttpClient, credential: Credential) -> None:
        _require_url(url)
        if ":" in credential.user or not credential.user.isprintable():
            raise WrongUsage(
                f"{quoted(credential.user)} is no user of Jenkins.", "Write the user's ID, without a colon."
            )
        self.url = url.rstrip("/")
        self.http = http
        self.credential = credential
        self._crumb: dict[str, str] = {}
        self._unsettled_until = 0.0

    def get(self, path: str, tree: str) -> Object:
        """Get some fields of an object; asked for again while that fails in passing.

        Args:
            path: below the controller's URL.
            tree: the fields, as Jenkins' API writes them: `name,builds[number]{0,10}`.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        url = f"{self.url}{path}/api/json?{urlencode({'tree': tree})}"
        answer = self.http.persist(lambda: self._settled(read(self.page(url)), passing=RETRIED_STATUSES))
        document = answer.document if answer.status == HTTPStatus.OK else None
        if document is None:
            raise self.failure(answer, f"read {path}")
        return document

    def page(self, url: str) -> Response:
        """Get something, logged in; asked for once.

        Raises:
            ConnectionFailed: no answer.

        """
        return self._send("GET", url, self._login())

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Post a form, once; with a crumb if Jenkins wants one, which it says before it does anything.

        Raises:
            Restarting: it was not taken, and may be another time.
            ConnectionFailed: no answer.

        """
        answer = self._post(path, form)
        if answer.wants_crumb:
            self._crumb = crumb_headers(read(self.page(f"{self.url}{ISSUER}")))
            answer = self._post(path, form)
        return self._settled(answer, passing=_NOT_TAKEN)

    def post_as_nobody(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Post something, once, with none of our credentials.

        Raises:
            Restarting: it was not taken, and may be another time.
            ConnectionFailed: no answer.

        """
        answer = read(self._send("POST", f"{self.url}{path}", headers, body))
        return self._settled(answer, passing=_NOT_TAKEN)

    def require_jenkins(self) -> None:
        """See that what answers at the URL is a Jenkins at all; its login page is there for everybody.

        Raises:
            NotFound: it is none.
            Unreachable: nothing answers.

        """
        answer = self.http.request("GET", f"{self.url}/login")
        answer.drain()
        if "X-Jenkins" not in answer.headers:
            raise NotFound(
                f"There is no Jenkins at {self.url}.", "Correct the URL; Jenkins may have a prefix, as in /jenkins."
            )

    def failure(self, answer: Answer, doing: str) -> PromoterError:
        """Turn an answer that is no success into the error it means."""
        return failure(answer, self.url, doing, self.credential)

    def _post(self, path: str, form: dict[str, str]) -> Answer:
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = self._login() | self._crumb | content_type
        return read(self._send("POST", f"{self.url}{path}", headers, urlencode(form).encode()))

    def _login(self) -> dict[str, str]:
        user, secret = self.credential.user, self.credential.secret
        if not secret:
            return {}
        if not user:
            return {"Authorization": f"Bearer {secret}"}
        return {"Authorization": f"Basic {b64encode(f'{user}:{secret}'.encode()).decode()}"}

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Response:
        try:
            response = self.http.send(method, url, headers, body)
        except ConnectionFailed:
            self._unsettle()
            raise
        if response.status in RETRIED_STATUSES:
            self._unsettle()
        return response

    def _unsettle(self) -> None:
        self._unsettled_until = time.monotonic() + UNSETTLED_SECONDS

    def _settled(self, answer: Answer, passing: frozenset[int] | frozenset[HTTPStatus]) -> Answer:
        """Return an answer that is worth something."""
        refused_meanwhile = answer.is_refusal and time.monotonic() < self._unsettled_until
        if answer.status in passing or refused_meanwhile:
            raise Restarting(
                f"Jenkins at {self.url} answers {answer.status} just now: {answer.reason}.",
                "Look at Jenkins and its log; once it is up, run this again.",
            )
        return answer


def _require_url(url: str) -> None:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not (is_safe and parts.hostname) or parts.query or parts.fragment or parts.username:
        raise WrongUsage(
            f"{parts.scheme}://{parts.hostname or ''}{parts.path} is no URL for a Jenkins, or none that is safe.",
            "Write https://jenkins.example.com, with the prefix if it has one, and no login in it; http:// is only for "
            "this machine.",
        )
