"""Alignment changes as pull requests: one for each component and branch, found again by the name of its own branch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from promoter.constraints.alignment import Change, NotAligned, change_in
from promoter.constraints.components import members_of
from promoter.constraints.descriptions import commit_message, description, merged_with, nothing_left, title
from promoter.constraints.documents import as_text, items
from promoter.constraints.metadata import Image, Metadata, Repository
from promoter.credentials.sources import load_credential
from promoter.errors import NotFound, WrongUsage
from promoter.git import USER, Author, Git, Remote
from promoter.github.api import GitHubApi
from promoter.github.pull_requests import PULL_REQUESTS, PullRequest, PullRequests
from promoter.http.trust import Trust
from promoter.model.constraints import AlignmentStatus, ComponentAlignment
from promoter.model.line import quoted
from promoter.processes import private_directory
from promoter.promotion.places import Places

_GITHUB_API = "api.github.com"
_GITHUB = "github.com"
_AUTHOR = re.compile(r"(\w(?:[^<>\x00-\x1f]*\w)?) <(\w[^\s<>@]*@[\w.-]*\w)>")
"""NAME <EMAIL>; punctuation at their ends git would leave out, and promoter not know its own commits again."""

_URL = re.compile(r"https://([\w.-]+(?::\d+)?)/([\w.-]+/[\w.-]+)")


class _Place(NamedTuple):
    """Where a component's pull request is, and between which branches."""

    remote: Remote
    pulls: PullRequests
    base: str
    head: str


class Proposals:
    """The pull requests of a group's components.

    Args:
        metadata: the group.
        places: where the API is, and how long there is time.
        dry_run: whether to only say what would happen.

    Raises:
        WrongUsage: the configuration does not say where the API is, or whose the commits are; or git is missing.
        NotPermitted: its token cannot be loaded.

    """

    def __init__(self, metadata: Metadata, places: Places, *, dry_run: bool = False) -> None:
        section = places.configuration.pull_requests
        if section is None:
            raise WrongUsage(
                f"There is nowhere to open pull requests: `pull-requests` is missing; {places.configuration.origin}.",
                "Give the configuration its section `pull-requests`.",
            )
        self._metadata = metadata
        self._dry_run = dry_run
        self._author = _author(section.author)
        self._credential = load_credential(section.credentials, user=USER)
        self._trust = Trust(section.ca, verify=section.tls_verify)
        http = places.http(self._trust, places.deadline)
        self._api = GitHubApi(section.api, http, self._credential, PULL_REQUESTS)
        self._host = _GITHUB if self._api.host == _GITHUB_API else self._api.host
        self._git = Git(places.deadline, places.patience, places.say)
        self._open: dict[str, PullRequest | None] = {}

    def find(self, image: Image) -> PullRequest | None:
        """Return a component's open pull request; nothing if there is none.

        Raises:
            NotFound, WrongUsage: the metadata names no repository and branch for it, or one that is elsewhere.
            NotPermitted, Unreachable: the API does not tell.

        """
        if image.key not in self._open:
            place = self._place(image)
            self._open[image.key] = place.pulls.find(place.head, place.base)
        return self._open[image.key]

    def keep(self, image: Image) -> ComponentAlignment:
        """Open a component's pull request, bring it up to date, or close it; what it needs.

        Raises:
            NotFound, WrongUsage: as for `find`; or see `change_in`.
            Refused: somebody else has changed its branch meanwhile.
            NotPermitted, Unreachable: git or the API refused.

        """
        place = self._place(image)
        with private_directory() as directory:
            base = directory / "base"
            self._git.checkout(place.remote, place.base, base)
            change = change_in(base, image, self._metadata)
            if isinstance(change, NotAligned):
                return self._leave(image, place, change)
            if not change.bases:
                return self._close(image, place, nothing_left(place.base)) or _left(image, "aligned")
            return self._propose(image, place, change, directory)

    def _leave(self, image: Image, place: _Place, reason: NotAligned) -> ComponentAlignment:
        """Leave a component alone. What people have to look at they may be mending in the open pull request: it stays.

        Where alignment is switched off, nobody wants it.
        """
        if reason.status == "disabled":
            return self._close(image, place, f"{reason.why}.") or _left(image, reason.status, reason.why)
        proposal = self.find(image)
        return _left(image, reason.status, reason.why, proposal.url if proposal else None)

    def _close(self, image: Image, place: _Place, why: str) -> ComponentAlignment | None:
        """Close a component's pull request, and say why in it; nothing if there is none."""
        proposal = self.find(image)
        if proposal is None:
            return None
        if not self._dry_run:
            place.pulls.close(proposal.number, why)
        self._open[image.key] = None
        return _left(image, "closed", why, proposal.url)

    def _propose(self, image: Image, place: _Place, change: Change, directory: Path) -> ComponentAlignment:
        proposal = self.find(image)
        parents = self._open_parents(image)
        first = [parent.url for key, parent in parents.items() if self._goes_first(key)]
        if proposal is None and first:
            why = f"to be merged first: {', '.join(first)}"
            return ComponentAlignment(component=image.key, status="waiting", changes=change.bases, why=why)
        text = description(image, change, self._metadata.group.name, parents)
        status: AlignmentStatus
        if proposal is None:
            status, proposal = "opened", self._opened(image, place, change, directory, text)
        else:
            pushed = self._pushed_anew(image, place, change, directory)
            status = "updated" if self._described(place, proposal, text) or pushed else "unchanged"
        self._open[image.key] = proposal
        return ComponentAlignment(
            component=image.key, status=status, changes=change.bases, url=proposal.url if proposal else None
        )

    def _opened(self, image: Image, place: _Place, change: Change, directory: Path, text: str) -> PullRequest | None:
        """Open a pull request; a branch that an earlier one has left is made anew. Nothing in a dry run."""
        if self._dry_run:
            return None
        self._push(image, place, change, directory / "base", self._git.tip(place.remote, place.head))
        proposal = place.pulls.open(place.head, place.base, title(image, self._metadata.group.name), text)
        if labels := _labels(image):
            place.pulls.label(proposal.number, labels)
        return proposal

    def _pushed_anew(self, image: Image, place: _Place, change: Change, directory: Path) -> bool:
        """Bring the branch of an open pull request up to date, if it is not; what others have added to it stays."""
        head = directory / "head"
        tip = self._git.checkout(place.remote, place.head, head)
        if self._git.author(head) == self._author:
            if _holds(head, change):
                return False
            self._push(image, place, change, directory / "base", tip)
            return True
        left = change_in(head, image, self._metadata)
        if isinstance(left, NotAligned) or not left.bases:
            return False
        self._push(image, place, left, head, tip)
        return True

    def _push(self, image: Image, place: _Place, change: Change, checkout: Path, expected: str | None) -> None:
        if self._dry_run:
            return
        (checkout / change.path).write_bytes(change.after)
        message = commit_message(image, change, self._metadata.group.name)
        self._git.commit(checkout, [change.path], message, self._author)
        self._git.push(place.remote, checkout, place.head, expected)

    def _described(self, place: _Place, proposal: PullRequest, text: str) -> bool:
        """Have a pull request say what is so now, and tell whether it did not."""
        body = merged_with(proposal.body, text)
        if body is None:
            return False
        if not self._dry_run:
            place.pulls.describe(proposal.number, body)
        return True

    def _open_parents(self, image: Image) -> dict[str, PullRequest]:
        """Return the open pull requests of the images of the group that a component is built on."""
        parents = [self._metadata.image(key) for key in members_of(image)]
        here = [parent for parent in parents if parent.repository and self._name_here(parent.repository)]
        found = {parent.key: self.find(parent) for parent in here}
        return {key: proposal for key, proposal in found.items() if proposal}

    def _goes_first(self, key: str) -> bool:
        return self._metadata.image(key).streams_prs.get("merge_first") is True

    def _place(self, image: Image) -> _Place:
        repository = image.repository
        if repository is None or repository.branch is None:
            raise NotFound(
                f"{image.file} names no {'branch' if repository else 'repository'} of its source.",
                "Name both (content.source.git), or leave the component out.",
            )
        name = self._name_here(repository)
        if name is None:
            raise WrongUsage(
                f"The source of {image.key} is not at {self._host}, where the configuration's `pull-requests` are.",
                "Name where everybody may fetch it (content.source.git.web), or leave the component out.",
            )
        remote = Remote(f"https://{self._host}/{name}", self._credential, self._trust)
        head = f"alignment/{repository.branch}/{image.key}"
        return _Place(remote, PullRequests(self._api, name), repository.branch, head)

    def _name_here(self, repository: Repository) -> str | None:
        """Return OWNER/NAME of a repository at the API's host; nothing for one that is elsewhere."""
        match = _URL.fullmatch(repository.https)
        return match[2] if match and match[1] == self._host else None


def _author(text: str) -> Author:
    match = _AUTHOR.fullmatch(text)
    if match is None:
        raise WrongUsage(f"`author` of `pull-requests` is nobody: {quoted(text)}.", "Write it as NAME <EMAIL>.")
    return Author(match[1], match[2])


def _left(image: Image, status: AlignmentStatus, why: str | None = None, url: str | None = None) -> ComponentAlignment:
    return ComponentAlignment(component=image.key, status=status, why=why, url=url)


def _holds(checkout: Path, change: Change) -> bool:
    file = checkout / change.path
    return file.is_file() and file.read_bytes() == change.after


def _labels(image: Image) -> tuple[str, ...]:
    where = f"{image.file}: streams_prs"
    return tuple(as_text(label, f"{where}.auto_label") for label in items(image.streams_prs, where, "auto_label"))
