"""A stub of GitHub over HTTPS: of its REST API statuses of commits and pull requests, and its git repositories.

It checks what GitHub checks (GitHub REST API, "Create a commit status"; see `github_pulls`), and answers errors with
GitHub's words. Everything is private: nothing is seen without a token.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.git import BRANCH, git
from tests.support.git_http import answer_git
from tests.support.github_pulls import PullRequests
from tests.support.servers import RequestHandler, Served, TlsServer
from tests.support.tls import CertificateAuthority

_STATES = ("pending", "success", "failure", "error")
_LONGEST_DESCRIPTION = 140
_REPOSITORY = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)(?P<rest>/.*)")
_STATUSES = re.compile(r"/statuses/(?P<sha>[0-9a-f]{40})")
_GIT = re.compile(r"/(?P<repository>[^/]+/[^/]+?)(?:\.git)?(?P<rest>/(?:info/refs|git-upload-pack|git-receive-pack))")


@dataclass(frozen=True)
class Token:
    """A token: whose it is, and the repositories that it may write, or only see."""

    login: str
    writes: frozenset[str] = frozenset()
    sees: frozenset[str] = frozenset()


@dataclass
class Repository:
    """A repository: its commits, each with its statuses, oldest first; its pull requests, where it is a real one."""

    commits: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: PullRequests | None = None


class GitHub(Served):
    """An API that runs while its `with` block does; `requests` are method and path of all that was asked, oldest first.

    `prefix` is in front of all paths, as GitHub Enterprise and Gitea have one. git's repositories are in `directory`,
    and are reached without the prefix.
    """

    def __init__(self, ca: CertificateAuthority, prefix: str = "", directory: Path | None = None) -> None:
        self.ca = ca.certificate
        self.requests: list[str] = []
        self._prefix = prefix
        self._directory = directory or Path()
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

    def add_repository(self, repository: str, sources: Path, branch: str = BRANCH) -> str:
        """Make a git repository one branch of which has all that is in a directory; return its URL."""
        bare = self.bare(repository)
        git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(bare))
        of = (f"--git-dir={bare}", f"--work-tree={sources}")
        git(*of, "add", "--all", "--force")
        git(*of, "commit", "--quiet", "--message", f"{repository} as it is")
        page = f"https://{self._server.host}/{repository}"
        self._repositories[repository] = Repository(pulls=PullRequests(repository, bare, page))
        return page

    def bare(self, repository: str) -> Path:
        """Return where a repository is."""
        return self._directory / f"{repository}.git"

    def pulls(self, repository: str) -> PullRequests:
        """Return the pull requests of a repository that was added."""
        pulls = self._repositories[repository].pulls
        assert pulls is not None
        return pulls

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
        if found := _GIT.fullmatch(urlsplit(request.path).path):
            self._answer_git(request, body, found["repository"], found["rest"])
            return
        status, document = self._decide(request, body)
        request.reply(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(document).encode())

    def _answer_git(self, request: RequestHandler, body: bytes, repository: str, rest: str) -> None:
        token = self._token(request)
        if token is None:
            request.reply(401, {"WWW-Authenticate": 'Basic realm="GitHub"'})
        elif repository not in token.writes | token.sees:
            request.reply(404)
        elif "git-receive-pack" in request.path and repository not in token.writes:
            request.reply(403)
        else:
            answer_git(request, body, self._directory, f"/{repository}.git{rest}", token.login)

    def _token(self, request: RequestHandler) -> Token | None:
        """Return the token that a request has, as API clients or as git send it."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme in {"Bearer", "token"}:
            return self._tokens.get(given)
        try:
            return self._tokens.get(b64decode(given, validate=True).decode().partition(":")[2])
        except (binascii.Error, UnicodeDecodeError):
            return None

    def _decide(self, request: RequestHandler, body: bytes) -> tuple[int, Any]:
        token = self._token(request)
        if token is None:
            given = request.headers.get("Authorization")
            return 401, {"message": "Bad credentials" if given else "Requires authentication"}
        url = urlsplit(request.path.removeprefix(self._prefix))
        if (request.command, url.path) == ("GET", "/user"):
            return 200, {"login": token.login}
        found = _REPOSITORY.fullmatch(url.path)
        if not found or found["repository"] not in token.writes | token.sees:
            return 404, {"message": "Not Found"}
        if request.command != "GET" and found["repository"] not in token.writes:
            return 403, {"message": "Resource not accessible by personal access token"}
        repository = self._repositories[found["repository"]]
        return _answer(repository, request.command, f"{found['rest']}?{url.query}", json.loads(body or b"{}"), token)


def _answer(repository: Repository, method: str, path: str, document: dict[str, Any], token: Token) -> tuple[int, Any]:
    """Answer a request for what is below a repository's own path."""
    path, _, query = path.partition("?")
    if status := _STATUSES.fullmatch(path):
        return _post_status(repository, method, status["sha"], document)
    if repository.pulls is None:
        return 404, {"message": "Not Found"}
    return repository.pulls.answer(method, path, query, document, token.login)


def _post_status(repository: Repository, method: str, sha: str, status: dict[str, Any]) -> tuple[int, Any]:
    if method != "POST":
        return 404, {"message": "Not Found"}
    if sha not in repository.commits:
        return 422, {"message": f"No commit found for SHA: {sha}"}
    return _take(repository.commits[sha], status)


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
