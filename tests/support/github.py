"""A stub of GitHub's REST API, as far as statuses of commits go, over HTTPS.

It checks what GitHub checks (GitHub REST API, "Create a commit status"), and answers errors with GitHub's words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.support.servers import RequestHandler, Served, TlsServer
from tests.support.tls import CertificateAuthority

_STATES = ("pending", "success", "failure", "error")
_LONGEST_DESCRIPTION = 140
_STATUSES = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/statuses/(?P<sha>[0-9a-f]{40})")


@dataclass(frozen=True)
class Token:
    """A token: whose it is, and the repositories whose statuses it may write, or only see."""

    login: str
    writes: frozenset[str] = frozenset()
    sees: frozenset[str] = frozenset()


@dataclass
class Repository:
    """A repository: its commits, each with its statuses, oldest first."""

    commits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class GitHub(Served):
    """An API that runs while its `with` block does; `requests` are method and path of all that was asked, oldest first.

    `prefix` is in front of all paths, as GitHub Enterprise and Gitea have one.
    """

    def __init__(self, ca: CertificateAuthority, prefix: str = "") -> None:
        self.ca = ca.certificate
        self.requests: list[str] = []
        self._prefix = prefix
        self._tokens: dict[str, Token] = {}
        self._repositories: dict[str, Repository] = {}
        self._instead: list[tuple[int, dict[str, str], bytes]] = []
        self._server = _Server(_Handler, ca.issue("github"))
        self._server.github = self
        self.url = f"https://{self._server.host}{prefix}"

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """End."""
        self._server.stop()

    def add_token(self, token: str, login: str, *, writes: Iterable[str] = (), sees: Iterable[str] = ()) -> None:
        """Let a token in."""
        self._tokens[token] = Token(login, frozenset(writes), frozenset(sees))

    def add_commit(self, repository: str, sha: str) -> None:
        """Push a commit."""
        self._repositories.setdefault(repository, Repository()).commits[sha] = []

    def answer_next(
        self, status: int, headers: dict[str, str] | None = None, body: bytes = b"", times: int = 1
    ) -> None:
        """Answer the next requests like this, whatever they ask for."""
        self._instead += [(status, headers or {}, body)] * times

    def statuses(self, repository: str, sha: str) -> list[dict[str, Any]]:
        """Return the statuses of a commit, oldest first."""
        return list(self._repositories[repository].commits[sha])

    def answer(self, request: RequestHandler, body: bytes) -> None:
        """Answer a request."""
        self.requests.append(f"{request.command} {request.path}")
        if self._instead:
            request.reply(*self._instead.pop(0))
            return
        status, document = self._decide(request, body)
        request.reply(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(document).encode())

    def _decide(self, request: RequestHandler, body: bytes) -> tuple[int, dict[str, Any]]:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(given) if scheme in {"Bearer", "token"} else None
        if token is None:
            return 401, {"message": "Bad credentials" if given else "Requires authentication"}
        path = request.path.removeprefix(self._prefix)
        if (request.command, path) == ("GET", "/user"):
            return 200, {"login": token.login}
        found = _STATUSES.fullmatch(path)
        if not found or request.command != "POST" or found["repository"] not in token.writes | token.sees:
            return 404, {"message": "Not Found"}
        if found["repository"] not in token.writes:
            return 403, {"message": "Resource not accessible by personal access token"}
        commits = self._repositories[found["repository"]].commits
        if found["sha"] not in commits:
            return 422, {"message": f"No commit found for SHA: {found['sha']}"}
        return _take(commits[found["sha"]], json.loads(body))


def _take(statuses: list[dict[str, Any]], status: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Add a status, if it is one."""
    wrong = [
        name
        for name, is_right in {
            "state": status.get("state") in _STATES,
            "description": len(status.get("description") or "") <= _LONGEST_DESCRIPTION,
            "target_url": re.match("https?://", status.get("target_url") or "http://") is not None,
        }.items()
        if not is_right
    ]
    if wrong:
        return 422, {"message": f"Validation Failed: {', '.join(wrong)}"}
    statuses.append({"context": "default", **status})
    return 201, statuses[-1]


class _Server(TlsServer):
    github: GitHub


class _Handler(RequestHandler):
    server: _Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.github.answer(self, body)
