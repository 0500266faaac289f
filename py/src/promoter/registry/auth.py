"""Answers a registry's challenges: Basic, and Bearer tokens from the service the challenge names.

Sources: RFC 9110 section 11.6.1 (`WWW-Authenticate`), RFC 7617 (Basic), and the token specification of the distribution
project (`realm`, `service`, `scope`; `token` or `access_token`, `expires_in`, 60 seconds where it is not said).
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlencode

from promoter.credentials.redaction import SECRETS
from promoter.credentials.sources import Credential
from promoter.errors import NotPermitted, Unreachable
from promoter.http.client import RETRIED_STATUSES, HttpClient
from promoter.http.connection import checked_url
from promoter.http.patience import Busy
from promoter.registry.bindings import binding_commands
from promoter.registry.scopes import Grouping, Scopes

_DEFAULT_LIFETIME = 60.0
_LONGEST_LIFETIME = 24 * 60 * 60
_SPENT_SHARE = 0.8
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = rf"(?:^|,)\s*(?P<scheme>{_NAME})(?=\s+[^\s=]|\s*(?:,|$))"
_PARAMETER = rf'(?P<name>{_NAME})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,"]+))'
_PIECE = re.compile(f"{_SCHEME}|{_PARAMETER}")
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Challenge(NamedTuple):
    """One challenge of a `WWW-Authenticate` header: its scheme and the names of its parameters in lower case."""

    scheme: str
    parameters: dict[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """Read a `WWW-Authenticate` header: the challenges in it, in their order."""
    challenges: list[Challenge] = []
    for piece in _PIECE.finditer(header):
        if piece["scheme"]:
            challenges.append(Challenge(piece["scheme"].lower(), {}))
        elif challenges:
            value = piece["bare"] or re.sub(r"\\(.)", r"\1", piece["quoted"])
            challenges[-1].parameters.setdefault(piece["name"].lower(), value)
    return challenges


class _Token(NamedTuple):
    header: str
    spent_at: float
    scopes: Scopes


class Authenticator:
    """Keeps what one registry has been shown, and gets new tokens before the old ones are over.

    Args:
        host: the registry, for messages.
        http: also used for the token service.
        credential: whose rights are asked for.
        clock: tells the seconds that tokens' lifetimes are counted in.

    """

    def __init__(
        self, host: str, http: HttpClient, credential: Credential, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._host = host
        self._http = http
        self._credential = credential
        self._clock = clock
        self._challenge: Challenge | None = None
        self._tokens: dict[Scopes, _Token] = {}
        self._together = Grouping()
        self._lock = Lock()

    def expect(self, scopes: Iterable[str]) -> None:
        """Let tokens be asked for several of these at once: they are all going to be needed."""
        self._together.add(scopes)

    def headers(self, scopes: Scopes, *, once: bool = False) -> dict[str, str]:
        """Return the Authorization header for these scopes; nothing before the first challenge.

        With `once` it is for the caller to try again.

        Raises:
            NotPermitted: the token service does not accept the credential, or has no TLS.
            Unreachable: it gave no token; a `PassingFailure` if it may do so next time.

        """
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            return {"Authorization": self._basic()}
        with self._lock:
            token = self._fresh(self._tokens.get(scopes)) or self._renewed(self._challenge, scopes, once=once)
            self._tokens[scopes] = token
        return {"Authorization": token.header}

    def _renewed(self, challenge: Challenge, scopes: Scopes, *, once: bool) -> _Token:
        """Return a token that is good for these scopes: one that was asked for others besides, or a new one."""

        def get(wanted: Scopes) -> _Token:
            fetch = partial(self._fetch, challenge, wanted)
            return fetch() if once else self._http.persist(fetch)

        wider = self._together.around(scopes)
        if token := self._fresh(self._tokens.get(wider)):
            return token
        try:
            self._tokens[wider] = token = get(wider)
        except NotPermitted:
            if wider == scopes:
                raise
            self._together.leave(scopes)  # the refusal may be about another of them
            token = get(scopes)
        return token

    def _fresh(self, token: _Token | None) -> _Token | None:
        return token if token and token.spent_at > self._clock() else None

    def answer(self, header: str, scopes: Scopes, sent: str | None = None) -> None:
        """Take the challenges of a 401 in: the next `headers` will meet one, Bearer rather than Basic.

        Args:
            header: its `WWW-Authenticate`.
            scopes: of the request.
            sent: the request's Authorization. A token is given up if it is this one, which was not accepted; another
                thread may have renewed it meanwhile.

        Raises:
            NotPermitted: there is no way to meet them.

        """
        offered = {challenge.scheme: challenge for challenge in reversed(parse_challenges(header))}
        chosen = offered.get("bearer") or offered.get("basic")
        if chosen is None:
            raise NotPermitted(
                f"{self._host} asks for {', '.join(offered) or 'no known'} authentication.",
                "Only Basic and Bearer are known; look at what answers under this host name.",
            )
        if chosen.scheme == "basic" and self._credential.is_anonymous:
            raise self.refused("it asks for a user and a password, and none were given")
        with self._lock:
            self._challenge = chosen
            kept = self._tokens.get(scopes)
            if kept and kept.header == sent:
                del self._tokens[scopes]
                if kept.scopes != scopes:
                    self._together.leave(scopes)

    def refused(self, reason: str, scopes: Scopes = ()) -> NotPermitted:
        """Make the error for a credential that was not accepted, or lacks the rights of these scopes."""
        remedy = "Check that the credential belongs to this registry, is not expired, and has the right that is named."
        return NotPermitted(
            f"{self._host} does not accept the credential {self._credential.source}: {reason}.",
            " ".join([remedy, *binding_commands(self._credential.secret, scopes)]),
        )

    def _basic(self) -> str:
        pair = f"{self._credential.user}:{self._credential.secret}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def _fetch(self, challenge: Challenge, scopes: Scopes) -> _Token:
        """Ask for a token once; where nobody is logged in, for an anonymous one."""
        realm = challenge.parameters.get("realm", "")
        if not realm.startswith("https://"):
            raise NotPermitted(
                f"{self._host} sends callers to the token service {realm!r}, which has no TLS.",
                "No credential is sent there. Ask whoever runs the registry for a token service with TLS.",
            )
        checked_url(realm, self._host)
        query = [("service", challenge.parameters["service"])] if "service" in challenge.parameters else []
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query + [('scope', scope) for scope in scopes])}"
        asked_at = self._clock()
        response = self._http.send(
            "GET", url, {} if self._credential.is_anonymous else {"Authorization": self._basic()}
        )
        if response.status != HTTPStatus.OK:
            response.drain()
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self.refused(f"its token service answered {response.status} to {' '.join(scopes)}")
        answer = _object(response.read())
        value = answer.get("token") or answer.get("access_token")
        if not isinstance(value, str) or not _BEARER_TOKEN.fullmatch(value):
            message = f"The token service of {self._host} answered {response.status} and gave no token."
            remedy = "Look at the log of the token service."
            if response.status in RETRIED_STATUSES:
                raise Busy(message, remedy, response)
            raise Unreachable(message, remedy)
        SECRETS.learn(value)
        return _Token(f"Bearer {value}", asked_at + _lifetime(answer) * _SPENT_SHARE, scopes)


def _object(content: bytes) -> dict[str, Any]:
    """Read a JSON object; an empty one stands for anything else."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _lifetime(answer: dict[str, Any]) -> float:
    stated = answer.get("expires_in")
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not stated > 0:
        return _DEFAULT_LIFETIME
    return float(min(stated, _LONGEST_LIFETIME))
