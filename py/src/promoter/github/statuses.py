"""The status of a commit, which its pull request shows.

API (GitHub REST API, "Create a commit status"): POST /repos/OWNER/REPOSITORY/statuses/SHA with `state`, `description`
(140 characters at most), `context` and `target_url`. The newest of a context is what counts. 422 if there is no such
commit, or if it has had 1000 statuses.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from promoter.github.api import GitHubApi
from promoter.model.commit import Commit

State = Literal["pending", "success", "failure", "error"]
_LONGEST_DESCRIPTION = 140


class Status(NamedTuple):
    """A status: `failure` is a verdict, `error` means that there is none."""

    state: State
    description: str


def post_status(api: GitHubApi, commit: Commit, status: Status, context: str, target_url: str | None) -> None:
    """Give a commit a status.

    Args:
        api: where the commit's repository is.
        commit: the commit.
        status: the status; a description that is too long is cut.
        context: the name under which it stands beside others.
        target_url: where it leads to, if anywhere.

    Raises:
        NotPermitted: the token is not accepted, or may not write statuses.
        NotFound, WrongUsage: there is no such repository or commit.
        Unreachable, TimedOut: there is no answer, or none that helps.

    """
    document = {"state": status.state, "description": _cut(status.description), "context": context}
    if target_url:
        document["target_url"] = target_url
    path = f"/repos/{commit.owner}/{commit.repository}/statuses/{commit.sha}"
    api.post(path, document, f"give {commit} the status {status.state}")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_DESCRIPTION else f"{text[: _LONGEST_DESCRIPTION - 1]}…"
