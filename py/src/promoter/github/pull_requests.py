"""Pull requests from a branch of a repository into another one of it.

API (GitHub REST API, "Pull requests"; comments and labels are those of issues): GET and POST
/repos/OWNER/REPOSITORY/pulls, PATCH …/pulls/NUMBER, POST /repos/OWNER/REPOSITORY/issues/NUMBER/comments and …/labels. A
branch has at most one open pull request into another. A list's `head` is OWNER:BRANCH; Gitea does not know it, and
answers all.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from urllib.parse import quote, urlencode

from promoter.errors import Unreachable
from promoter.github.api import GitHubApi, Object, Purpose

PULL_REQUESTS = Purpose(
    "write contents and pull requests (Contents, Pull requests, Issues: write; repo)",
    "See that both branches are there, and differ.",
)
_PAGE = 100


class PullRequest(NamedTuple):
    """A pull request.

    Args:
        number: its number in the repository.
        title: its title.
        body: what it says.
        url: where people see it.
        created: when it was opened.
        head: the branch that is to be merged.
        base: the branch that it is to be merged into.
        source: the repository of `head`; empty if that is no more.

    """

    number: int
    title: str
    body: str
    url: str
    created: dt.datetime
    head: str
    base: str
    source: str


class PullRequests:
    """The pull requests of a repository.

    Args:
        api: where it is.
        repository: OWNER/NAME.

    All methods raise NotPermitted, NotFound, WrongUsage or Unreachable, by what the API answers.

    """

    def __init__(self, api: GitHubApi, repository: str) -> None:
        self._api = api
        self._repository = repository
        self._path = f"/repos/{quote(repository)}"

    def find(self, head: str, base: str) -> PullRequest | None:
        """Return the open pull request from a branch into another; nothing if there is none."""
        owner = self._repository.partition("/")[0]
        query = urlencode({"state": "open", "head": f"{owner}:{head}", "base": base, "per_page": _PAGE, "limit": _PAGE})
        doing = f"list the pull requests of {self._repository}"
        ends = (head, base, self._repository.lower())
        listed = map(_read, self._api.list(f"{self._path}/pulls?{query}", doing))
        return next((one for one in listed if (one.head, one.base, one.source.lower()) == ends), None)

    def open(self, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request from a branch into another."""
        document = {"head": head, "base": base, "title": title, "body": body}
        doing = f"open a pull request in {self._repository}"
        return _read(self._api.post(f"{self._path}/pulls", document, doing))

    def describe(self, number: int, body: str) -> None:
        """Have a pull request say something else; its title stays."""
        self._api.patch(f"{self._path}/pulls/{number}", {"body": body}, f"change {self._repository}#{number}")

    def close(self, number: int, why: str) -> None:
        """Close a pull request, after saying why."""
        doing = f"close {self._repository}#{number}"
        self._api.post(f"{self._path}/issues/{number}/comments", {"body": why}, doing)
        self._api.patch(f"{self._path}/pulls/{number}", {"state": "closed"}, doing)

    def label(self, number: int, labels: tuple[str, ...]) -> None:
        """Give a pull request labels, besides those that it has."""
        path = f"{self._path}/issues/{number}/labels"
        self._api.post(path, {"labels": list(labels)}, f"label {self._repository}#{number}")


def _read(found: Object) -> PullRequest:
    try:
        return PullRequest(
            int(found["number"]),
            str(found["title"]),
            str(found["body"] or ""),
            str(found["html_url"]),
            dt.datetime.fromisoformat(found["created_at"]).astimezone(dt.UTC),
            str(found["head"]["ref"]),
            str(found["base"]["ref"]),
            str((found["head"]["repo"] or {}).get("full_name", "")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreachable(
            "The API of `pull-requests` answered with something that is no pull request.",
            "Check `api` (GitHub Enterprise: …/api/v3, Gitea: …/api/v1).",
        ) from error
