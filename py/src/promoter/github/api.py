"""Requests to an API in GitHub's manner: GitHub's own, GitHub Enterprise's (`/api/v3`) and Gitea's (`/api/v1`).

Source: GitHub REST API, "Getting started" and "Troubleshooting". What a token may not see is answered 404, what it may
not do 403; 403 and 429 with `X-RateLimit-Remaining: 0` or `Retry-After` only say that it was too much. An error is
`{"message": …}`. A repository that has moved is a redirect; a token does not go along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from promoter.credentials.sources import Credential
from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable, WrongUsage
from promoter.http.client import HttpClient
from promoter.http.connection import host_of, origin_of
from promoter.http.documents import read_text
from promoter.http.wire import Headers
from promoter.model.reference import without_user

Object = dict[str, Any]
_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
_LONGEST_REASON = 200
_NEXT = re.compile(r'<[^>]*>;[^,]*\brel="?next\b')


class _Answer(NamedTuple):
    """What the API said."""

    status: int
    headers: Headers
    text: str

    @property
    def document(self) -> Object:
        """The JSON object it is; empty if it is none."""
        return self._json if isinstance(self._json, dict) else {}

    @property
    def objects(self) -> list[Object]:
        """The JSON objects of the array that it is; none if it is none."""
        return [item for item in self._json if isinstance(item, dict)] if isinstance(self._json, list) else []

    @property
    def _json(self) -> object:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @property
    def reason(self) -> str:
        """Why, as far as it says so."""
        return str(self.document.get("message") or "no reason is given")[:_LONGEST_REASON]

    @property
    def is_for_later(self) -> bool:
        """Whether it was only too much."""
        return bool(self.headers.get("Retry-After")) or self.headers.get("X-RateLimit-Remaining") == "0"


class Purpose(NamedTuple):
    """What an API is asked for, for messages.

    Args:
        right: the right that it takes, as a verb and what follows it.
        untaken: what to do about what is not taken as it is.

    """

    right: str
    untaken: str


STATUSES = Purpose("write commit statuses (Commit statuses, repo:status)", "See that the commit has been pushed there.")


class Forbidden(NotPermitted):
    """The token is known, and lacks a right."""


class GitHubApi:
    """One such API under one token.

    Args:
        url: with its path, such as https://api.github.com or https://github.example.com/api/v3; see `require_url`.
        http: the client that is used.
        credential: the token.
        purpose: what it is asked for.

    """

    def __init__(self, url: str, http: HttpClient, credential: Credential, purpose: Purpose = STATUSES) -> None:
        require_url(url)
        self.host = host_of(url)
        self._url = url.rstrip("/")
        self._http = http
        self._credential = credential
        self._purpose = purpose

    def get(self, path: str, doing: str) -> Object:
        """Get an object; `doing` says for messages what for, as a verb and what follows it.

        Raises:
            Forbidden, NotPermitted, NotFound, Unreachable: it cannot be had.

        """
        return self._ask("GET", path, doing).document

    def list(self, path: str, doing: str) -> Iterator[Object]:
        """Get the objects of a list, page after page ("Using pagination in the REST API").

        Args:
            path: with its query.
            doing: what for.

        Raises:
            Forbidden, NotPermitted, NotFound, Unreachable: it cannot be had.

        """
        for page in count(1):
            answer = self._ask("GET", f"{path}&page={page}", doing)
            yield from answer.objects
            if not _NEXT.search(answer.headers.get("Link") or ""):
                return

    def patch(self, path: str, document: Object, doing: str) -> Object:
        """Change an object.

        Raises:
            WrongUsage: it is not taken as it is.
            Forbidden, NotPermitted, NotFound, Unreachable: it cannot be done.

        """
        return self._ask("PATCH", path, doing, json.dumps(document).encode()).document

    def post(self, path: str, document: Object, doing: str) -> Object:
        """Post an object; what is asked for may happen twice if an answer gets lost.

        Raises:
            WrongUsage: it is not taken as it is.
            Forbidden, NotPermitted, NotFound, Unreachable: it cannot be done.

        """
        return self._ask("POST", path, doing, json.dumps(document).encode()).document

    def _ask(self, method: str, path: str, doing: str, body: bytes | None = None) -> _Answer:
        response = self._http.request(method, f"{self._url}{path}", self._headers(), body)
        answer = _Answer(response.status, response.headers, read_text(response))
        if answer.status not in _DONE:
            raise self._failure(answer, doing)
        return answer

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/vnd.github+json", "Content-Type": "application/json"}
        if self._credential.is_anonymous:
            return headers
        return headers | {"Authorization": f"Bearer {self._credential.secret}"}

    def _failure(self, answer: _Answer, doing: str) -> PromoterError:
        said = f"{self.host} answered {answer.status} when asked to {doing}: {answer.reason}."
        source = self._credential.source
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return NotPermitted(said, f"{source} is no valid token there: make a new one.")
        if answer.status == HTTPStatus.FORBIDDEN and not answer.is_for_later:
            return Forbidden(said, f"Give the token from {source} the right to {self._purpose.right}.")
        if answer.status == HTTPStatus.NOT_FOUND:
            return NotFound(
                said,
                "Check owner, repository and `api` (GitHub Enterprise: …/api/v3, Gitea: …/api/v1); what the token from "
                f"{source} may not see is not there either.",
            )
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return WrongUsage(said, self._purpose.untaken)
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            return Unreachable(
                f"{self.host} leads elsewhere when asked to {doing}: {without_user(answer.headers.get('Location'))}.",
                "Name the repository as it is called now, and the API as it is reached.",
            )
        return Unreachable(said, "Look at its status page, then run this again.")


def require_url(url: str) -> None:
    """See that a token would go there by TLS, and that messages may show the URL.

    Raises:
        WrongUsage: it would not, or nowhere; or there is a login in the URL.

    """
    if not _is_safe(url):
        raise WrongUsage(
            "The `api` of `pull-requests` is no URL, or none that is safe.",  # there may be a password in it
            "Write it as https://api.github.com, with the path if it has one, and no login in it.",
        )


def _is_safe(url: str) -> bool:
    try:
        scheme, _, _ = origin_of(url)
    except Unreachable:
        return False
    parts = urlsplit(url)
    return scheme == "https" and not (parts.username or parts.query or parts.fragment)
