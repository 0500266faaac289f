"""The pull requests of a repository of the GitHub stub.

Source: GitHub REST API, "Pull requests" (list, create, get, update), and of issues "Comments" and "Labels".
"""

from __future__ import annotations

import datetime as dt
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.support.git import git

Answer = tuple[int, Any]
Document = dict[str, Any]
_PATH = re.compile(r"/(?P<kind>pulls|issues)(?:/(?P<number>\d+))?(?:/(?P<part>comments|labels))?")
_STATES = ("open", "closed", "all")
_NOT_FOUND: Answer = (404, {"message": "Not Found"})


class PullRequests:
    """The pull requests of one repository, between branches of it.

    Args:
        repository: OWNER/NAME.
        bare: its bare repository.
        page: where people see it, such as `https://localhost:1234/team/web`.

    """

    def __init__(self, repository: str, bare: Path, page: str) -> None:
        self.all: list[Document] = []
        self.comments: dict[int, list[str]] = {}
        self._repository = repository
        self._bare = bare
        self._page = page

    def answer(self, method: str, path: str, query: str, document: Document, login: str) -> Answer:
        """Answer a request for what is below the repository's own path."""
        found = _PATH.fullmatch(path)
        if not found:
            return _NOT_FOUND
        if found["number"] is None:
            return self._list(query) if method == "GET" else self._create(document, login)
        pull = self._find(int(found["number"]))
        if pull is None:
            return _NOT_FOUND
        if found["part"] == "comments":
            self.comments.setdefault(pull["number"], []).append(document["body"])
            return 201, {"body": document["body"]}
        if found["part"] == "labels":
            pull["labels"] += [{"name": name} for name in document["labels"]]
            return 200, pull["labels"]
        return self._update(pull, document) if method == "PATCH" else (200, self._shown(pull))

    def merge(self, number: int) -> None:
        """Merge one, as people do: its target is what its branch is."""
        pull = self._find(number) or {}
        git(f"--git-dir={self._bare}", "update-ref", f"refs/heads/{pull['base']['ref']}", pull["head"]["ref"])
        pull |= {"state": "closed", "merged_at": _now()}

    def _find(self, number: int) -> Document | None:
        return next((pull for pull in self.all if pull["number"] == number), None)

    def _list(self, query: str) -> Answer:
        wanted = {name: values[-1] for name, values in parse_qs(query).items()}
        state, head = wanted.get("state", "open"), wanted.get("head")
        if state not in _STATES:
            return 422, {"message": "Validation Failed: state"}
        matching = [
            self._shown(pull)
            for pull in reversed(self.all)
            if state in {"all", pull["state"]}
            and wanted.get("base", pull["base"]["ref"]) == pull["base"]["ref"]
            and head in {None, pull["head"]["label"]}
        ]
        size, page = int(wanted.get("per_page", "30")), int(wanted.get("page", "1"))
        return 200, matching[size * (page - 1) : size * page]

    def _create(self, document: Document, login: str) -> Answer:
        owner = self._repository.partition("/")[0]
        head, base = document["head"].removeprefix(f"{owner}:"), document["base"]
        tips = self._tip(head), self._tip(base)
        if None in tips:
            return 422, {"message": f"Validation Failed: {'base' if tips[0] else 'head'} invalid"}
        if tips[0] == tips[1]:
            return 422, {"message": f"Validation Failed: No commits between {base} and {head}"}
        if any(pull["state"] == "open" and pull["head"]["ref"] == head for pull in self.all):
            return 422, {"message": f"Validation Failed: A pull request already exists for {owner}:{head}."}
        number = len(self.all) + 1
        self.all.append(
            {
                "number": number,
                "state": "open",
                "title": document["title"],
                "body": document.get("body"),
                "html_url": f"{self._page}/pull/{number}",
                "created_at": _now(),
                "merged_at": None,
                "user": {"login": login},
                "labels": [],
                "head": {"ref": head, "label": f"{owner}:{head}", "repo": {"full_name": self._repository}},
                "base": {"ref": base, "label": f"{owner}:{base}", "repo": {"full_name": self._repository}},
            }
        )
        return HTTPStatus.CREATED, self._shown(self.all[-1])

    def _update(self, pull: Document, document: Document) -> Answer:
        if document.get("state", "open") not in {"open", "closed"}:
            return 422, {"message": "Validation Failed: state"}
        pull |= {name: document[name] for name in ("title", "body", "state") if name in document}
        return 200, self._shown(pull)

    def _shown(self, pull: Document) -> Document:
        head = pull["head"] | {"sha": self._tip(pull["head"]["ref"])}
        return pull | {"head": head}

    def _tip(self, branch: str) -> str | None:
        listed = git(f"--git-dir={self._bare}", "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return listed.strip() or None


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
