"""Answers a registry's challenges: Basic, and Bearer tokens from the service the challenge names.

Sources: RFC 9110 section 11.6.1 (`WWW-Authenticate`), RFC 7617 (Basic), and the token specification of the distribution
project (`realm`, `service`, `scope`; `token` or `access_token`, `expires_in`, 60 seconds where it is not said).
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from urllib.parse import urlencode

from promoter.credentials.redaction import SECRETS
from promoter.credentials.sources import Credential
from promoter.errors import NotPermitted, Unreachable
from promoter.http.client import HttpClient

_DEFAULT_LIFETIME = 60.0
_SPENT_SHARE = 0.8
_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')

Scopes = tuple[str, ...]


@dataclass(frozen=True)
class Challenge:
    """One `WWW-Authenticate` header: its scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str]


def parse_challenge(header: str) -> Challenge:
    """Read a `WWW-Authenticate` header with a single challenge."""
    scheme, _, rest = header.strip().partition(" ")
    parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    return Challenge(scheme.lower(), parameters)


@dataclass(frozen=True)
class _Token:
    header: str
    spent_at: float


class Authenticator:
    """Keeps what one registry has been shown, and gets new tokens before the old ones are over.

    Args:
        host: the registry, for messages.
        http: also used for the token service.
        credential: whose rights are asked for.

    """

    def __init__(self, host: str, http: HttpClient, credential: Credential) -> None:
        self._host = host
        self._http = http
        self._credential = credential
        self._challenge: Challenge | None = None
        self._tokens: dict[Scopes, _Token] = {}
        self._lock = Lock()

    def headers(self, scopes: Scopes) -> dict[str, str]:
        """Return the Authorization header for these scopes; nothing before the first challenge."""
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            return {"Authorization": self._basic()}
        with self._lock:
            token = self._tokens.get(scopes)
            if token is None or token.spent_at <= time.monotonic():
                token = self._tokens[scopes] = self._fetch(self._challenge, scopes)
        return {"Authorization": token.header} if token.header else {}

    def answer(self, header: str, scopes: Scopes) -> None:
        """Take a challenge in: the next `headers` will meet it.

        Raises:
            NotPermitted: there is no way to meet it.

        """
        challenge = parse_challenge(header)
        if challenge.scheme not in ("basic", "bearer"):
            raise NotPermitted(
                f"{self._host} asks for {challenge.scheme or 'no known'} authentication.",
                "Only Basic and Bearer are known; look at what answers under this host name.",
            )
        if challenge.scheme == "basic" and self._credential.is_anonymous:
            raise self.refused("it asks for a user and a password, and none were given")
        self._challenge = challenge
        self._tokens.pop(scopes, None)

    def refused(self, reason: str) -> NotPermitted:
        """Make the error for a credential that was not accepted."""
        return NotPermitted(
            f"{self._host} does not accept the credential {self._credential.source}: {reason}.",
            "Check that the credential belongs to this registry, is not expired, and has the right that is named.",
        )

    def _basic(self) -> str:
        pair = f"{self._credential.user}:{self._credential.secret}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    def _fetch(self, challenge: Challenge, scopes: Scopes) -> _Token:
        """Get a token; where nobody is logged in, an anonymous one."""
        realm = challenge.parameters.get("realm", "")
        if not realm.startswith("https://"):
            raise NotPermitted(
                f"{self._host} sends callers to the token service {realm!r}, which has no TLS.",
                "No credential is sent there. Ask whoever runs the registry for a token service with TLS.",
            )
        query = [("service", challenge.parameters["service"])] if "service" in challenge.parameters else []
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query + [('scope', scope) for scope in scopes])}"
        asked_at = time.monotonic()
        response = self._http.request(
            "GET", url, {} if self._credential.is_anonymous else {"Authorization": self._basic()}
        )
        content = response.read()
        if response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self.refused(f"its token service answered {response.status} to {' '.join(scopes)}")
        try:
            answer = json.loads(content)
            value = str(answer.get("token") or answer["access_token"])
            lifetime = float(answer.get("expires_in") or _DEFAULT_LIFETIME)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable(
                f"The token service of {self._host} gave no token, but {response.status}: {error}.",
                "Look at the log of the token service.",
            ) from error
        SECRETS.learn(value)
        return _Token(f"Bearer {value}", asked_at + lifetime * _SPENT_SHARE)
