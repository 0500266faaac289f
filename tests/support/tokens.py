"""A cluster's tokens: service account tokens, and the token endpoint a registry sends its clients to."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import math
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.servers import RequestHandler, Served, TlsServer
from tests.support.tls import CertificateAuthority

PATH = "/openshift/token"
ISSUER = "openshift"
CLUSTER_ISSUER = "kubernetes/serviceaccount"

# docker-registry accepts a token for this long after its `exp`.
REGISTRY_LEEWAY_SECONDS = 60

# What a subject may do: project -> actions, such as {"shop-dev": "pull", "shop": "pull,push"}.
Grants = Mapping[str, str]
# What a registry token allows: repository -> actions.
Access = Mapping[str, Iterable[str]]


@dataclass(frozen=True)
class TokenRequest:
    """A request that the endpoint answered. `subject` is empty for who is anonymous or not known."""

    method: str
    account: str
    subject: str
    scopes: tuple[str, ...]
    status: int


class TokenService(Served):
    """Mints the tokens of service accounts and exchanges them for registry tokens at `realm`.

    GET `realm` answers Basic `openshift:TOKEN` with a signed token for what is both asked for and granted.
    Without credentials the answer is a token for the `anonymous` grants. Unknown and expired tokens
    get 401, the OAuth2 POST gets 404, as OpenShift answers it.
    `registry_token_seconds` is how long a registry token is truly accepted (up to a second longer); it
    may be changed at any time. `over_at` is when the last one is not any more, in seconds since the epoch.
    """

    def __init__(
        self,
        ca: CertificateAuthority,
        *,
        registry_token_seconds: float = 300,
        anonymous: Grants | None = None,
    ) -> None:
        self.registry_token_seconds = registry_token_seconds
        self.over_at = 0
        self.anonymous: Grants = anonymous or {}
        self.service = f"registry-{uuid.uuid4().hex[:8]}"
        signing = ca.issue(f"{self.service}-signing")
        self.certificate = signing.certificate
        self._key = _load_key(signing.key)
        self._key_id = _libtrust_id(self._key.public_key())
        self._cluster_key = ec.generate_private_key(ec.SECP256R1())
        self._grants: dict[str, Grants] = {}
        self._requests: list[TokenRequest] = []
        self._server = TlsServer(_handler(self), ca.issue(f"{self.service}-endpoint"))
        self.realm = f"https://{self._server.host}{PATH}"

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """End."""
        self._server.stop()

    def mint(self, subject: str, grants: Grants, lifetime_seconds: float | None = None) -> str:
        """Return a service account's token.

        `subject` is "system:serviceaccount:PROJECT:NAME". Without a lifetime the token has no `exp`;
        with a negative one it has expired already.
        """
        _, _, project, name = subject.split(":")
        token_id = str(uuid.uuid4())
        claims: dict[str, Any] = {
            "iss": CLUSTER_ISSUER,
            "sub": subject,
            "jti": token_id,
            "kubernetes.io/serviceaccount/namespace": project,
            "kubernetes.io/serviceaccount/service-account.name": name,
            "kubernetes.io/serviceaccount/secret.name": f"{name}-token",
        }
        if lifetime_seconds is not None:
            claims["exp"] = math.ceil(time.time() + lifetime_seconds)
        self._grants[token_id] = dict(grants)
        return jwt.encode(claims, self._cluster_key, algorithm="ES256")

    def registry_token(self, access: Access, subject: str = "") -> str:
        """Return a registry token for exactly this access."""
        now = time.time()
        over_at = self.over_at = math.ceil(now + self.registry_token_seconds)
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": self.service,
            "iat": int(now),
            "nbf": int(now),
            "exp": over_at - REGISTRY_LEEWAY_SECONDS,
            "jti": str(uuid.uuid4()),
            "access": [
                {"type": "repository", "name": name, "actions": sorted(actions)} for name, actions in access.items()
            ],
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._key_id})

    @property
    def requests(self) -> list[TokenRequest]:
        """Return what was asked so far, oldest first."""
        return list(self._requests)

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[TokenRequest]]:
        """Give a list that holds, once the block has ended, the requests made during it."""
        start = len(self._requests)
        seen: list[TokenRequest] = []
        yield seen
        seen += self._requests[start:]

    def exchange(self, authorization: str, account: str, scopes: tuple[str, ...]) -> tuple[int, bytes]:
        """Return the status and the body that answer a GET, and record it."""
        try:
            subject, grants = self._identify(authorization)
        except (jwt.InvalidTokenError, ValueError):
            self._requests.append(TokenRequest("GET", account, "", scopes, 401))
            return 401, b""
        self._requests.append(TokenRequest("GET", account, subject, scopes, 200))
        token = self.registry_token(_allowed(scopes, grants), subject)
        answer = {
            "token": token,
            "access_token": token,
            "expires_in": math.ceil(self.registry_token_seconds),
            "issued_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        return 200, json.dumps(answer).encode()

    def refuse_oauth(self) -> None:
        """Record a POST, which is not supported."""
        self._requests.append(TokenRequest("POST", "", "", (), 404))

    def _identify(self, authorization: str) -> tuple[str, Grants]:
        if not authorization:
            return "", self.anonymous
        claims = jwt.decode(
            _password(authorization),
            self._cluster_key.public_key(),
            algorithms=["ES256"],
            issuer=CLUSTER_ISSUER,
        )
        return claims["sub"], self._grants[claims["jti"]]


def _handler(service: TokenService) -> type[RequestHandler]:
    class Handler(RequestHandler):
        def answer(self) -> None:
            if self.command == "POST":
                self._refuse_oauth()
            else:
                self._exchange()

        def _exchange(self) -> None:
            url = urlsplit(self.path)
            if url.path != PATH:
                self.reply(404)
                return
            query = parse_qs(url.query)
            scopes = tuple(scope for value in query.get("scope", []) for scope in value.split())
            account = query.get("account", [""])[0]
            status, body = service.exchange(self.headers.get("Authorization", ""), account, scopes)
            self.reply(status, {"Content-Type": "application/json"}, body)

        def _refuse_oauth(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            service.refuse_oauth()
            self.reply(404)

    return Handler


def _password(authorization: str) -> str:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError("not Basic")
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _allowed(scopes: Iterable[str], grants: Grants) -> dict[str, set[str]]:
    access: dict[str, set[str]] = {}
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        repository, _, actions = rest.rpartition(":")
        granted = set(grants.get(repository.partition("/")[0], "").split(",")) - {""}
        allowed = granted & set(actions.split(","))
        if kind == "repository" and allowed:
            access.setdefault(repository, set()).update(allowed)
    return access


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _libtrust_id(key: ec.EllipticCurvePublicKey) -> str:
    """Return the name docker-registry knows a trusted key by: 240 bits of its digest, in groups of four."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    name = base64.b32encode(hashlib.sha256(spki).digest()[:30]).decode()
    return ":".join(name[i : i + 4] for i in range(0, len(name), 4))
