"""Requests to a cluster's API server, and its failures in words.

An answer of the API is an object, or a `Status` (Kubernetes API conventions, "Response Status Kind"). Some come as
several JSON documents in one body, and some, from the aggregation layer, are plain text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from promoter.credentials.redaction import SECRETS
from promoter.credentials.sources import Credential
from promoter.errors import NotFound, NotPermitted, PassingFailure, PromoterError, Unreachable, WrongUsage
from promoter.http.client import HttpClient
from promoter.http.connection import Response
from promoter.http.documents import read_text
from promoter.model.line import quoted
from promoter.model.reference import without_user
from promoter.openshift.rights import missing_right

Object = dict[str, Any]
_TEXT_SHOWN = 200
_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


class Forbidden(NotPermitted):
    """The caller is known, or anonymous, and lacks a right."""


class Conflict(PassingFailure):
    """Somebody else changed the object meanwhile: it is worth looking at it, and deciding, again."""


class Answer(NamedTuple):
    """What the API server said: the status code, and every JSON document of the body, or else its text."""

    status: int
    documents: tuple[Object, ...]
    text: str

    @property
    def message(self) -> str:
        """The reason in words: a Status' message, or the beginning of the text."""
        stated = (document.get("message") for document in self.documents if document.get("kind") == "Status")
        return next((str(message) for message in stated if message), SECRETS.redact(self.text.strip())[:_TEXT_SHOWN])


class ClusterApi:
    """One cluster under one bearer token.

    Args:
        url: the API server, such as https://api.example.com:6443.
        http: the client that is used.
        credential: the token; without one, requests are anonymous.

    Raises:
        WrongUsage: the URL would send the token without TLS, or nowhere.

    """

    def __init__(self, url: str, http: HttpClient, credential: Credential) -> None:
        if not url.lower().startswith("https://"):
            raise WrongUsage(
                f"{quoted(without_user(url))} is no URL of a cluster's API.",
                "Write it as https://api.example.com:6443.",
            )
        self.url = url.rstrip("/")
        self.http = http
        self.credential = credential

    def headers(self) -> dict[str, str]:
        """Return the headers that log in."""
        accepted = {"Accept": "application/json, */*"}
        if self.credential.is_anonymous:
            return accepted
        return accepted | {"Authorization": f"Bearer {self.credential.secret}"}

    def get(self, path: str, **query: str) -> Object:
        """Get an object or a list.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        return self._ask("GET", path, query)

    def patch(self, path: str, change: Object) -> Object:
        """Apply a JSON merge patch (RFC 7396) to an object.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        return self._ask("PATCH", path, {}, change, "application/merge-patch+json")

    def put(self, path: str, document: Object) -> Object:
        """Put an object.

        Raises:
            Conflict: it is not what its resourceVersion says any more.
            WrongUsage, NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        return self._ask("PUT", path, {}, document)

    def post(self, path: str, document: Object) -> Object:
        """Post an object; what is asked for may happen twice if an answer gets lost.

        Raises:
            Conflict: it is there already, or not what its resourceVersion says any more.
            WrongUsage, NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        return self._ask("POST", path, {}, document)

    def stream(self, path: str, **query: str) -> Response:
        """Get something that is not JSON, such as a log, as it comes; asked for once.

        Raises:
            Unreachable: no answer.

        """
        return self.http.send("GET", self._url(path, query), self.headers())

    def failure(self, answer: Answer, doing: str) -> PromoterError:
        """Turn an answer that is no success into the error it means."""
        said = f"{self.url} answered {answer.status} to {doing}: {answer.message}"
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return NotPermitted(said, f"The token from {self.credential.source} is not accepted; renew it.")
        if answer.status == HTTPStatus.FORBIDDEN:
            return Forbidden(said, self._missing(answer))
        if answer.status == HTTPStatus.NOT_FOUND:
            return NotFound(said, "Check the project and the name.")
        return Unreachable(said, "Look at the cluster's API servers, then run this again.")

    def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        document: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers = self.headers() | ({} if document is None else {"Content-Type": content_type})
        body = None if document is None else json.dumps(document).encode()
        answer = read(self.http.request(method, self._url(path, query), headers, body))
        if answer.status in _DONE and answer.documents:
            return answer.documents[0]
        said = f"{self.url} answered {answer.status} to {method} {path}: {answer.message}"
        if answer.status == HTTPStatus.CONFLICT:
            raise Conflict(said, "Somebody else changes the same object; run this again.")
        if answer.status in _REFUSED:
            raise WrongUsage(said, "Correct what is named.")
        raise self.failure(answer, f"{method} {path}")

    def _missing(self, answer: Answer) -> str:
        if self.credential.is_anonymous:
            return "Name `credentials` for this cluster: without a token next to nothing is allowed."
        missing = missing_right(answer.message)
        if missing is None:
            return f"Give the account of {self.credential.source} the right that is named, by a RoleBinding there."
        return missing.right.binding(missing.user)

    def _url(self, path: str, query: dict[str, str]) -> str:
        return f"{self.url}{path}{'?' + urlencode(query) if query else ''}"


def read(response: Response) -> Answer:
    """Read an answer to its end."""
    text = read_text(response)
    try:
        documents = tuple(_documents(text))
    except (ValueError, RecursionError):
        documents = ()
    return Answer(response.status, documents, text)


def _documents(text: str) -> Iterator[Object]:
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        if not isinstance(document, dict):
            raise ValueError("not an object")  # noqa: TRY004 - the same as no JSON at all
        yield document
        rest = rest[end:].lstrip()
