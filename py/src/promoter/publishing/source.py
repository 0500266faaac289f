"""What an image is built from: a commit of a git repository, or a directory as it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from promoter.credentials.sources import ANONYMOUS, load_credential
from promoter.errors import NotFound, WrongUsage
from promoter.git import DEFAULT_BRANCH, USER, Git, Remote, require_remote
from promoter.http.trust import Trust
from promoter.model.line import quoted
from promoter.model.publishing import PublishRequest
from promoter.model.reference import checked_tag
from promoter.promotion.places import Places

VERSION_FILE = "VERSION"
_DOCKERFILES = ("Containerfile", "Dockerfile")
_LONGEST_VERSION = 128


class Source(NamedTuple):
    """Sources on this machine.

    Args:
        root: the directory that nothing may lead out of.
        context: the directory in it that is built.
        url: where they come from; nothing for a directory.
        commit: which commit they are; nothing for a directory as it is.
        committed_at: when that was made, in seconds since 1970.

    """

    root: Path
    context: Path
    url: str | None = None
    commit: str | None = None
    committed_at: int | None = None

    @property
    def version(self) -> str | None:
        """What the context's file VERSION says, if there is one.

        Raises:
            WrongUsage: it leads out of the repository, or what it says can be no tag.

        """
        file = self.context / VERSION_FILE
        if not file.is_file():
            return None
        path = _inside(self.root, file, f"The file {VERSION_FILE}")
        try:
            with path.open(encoding="utf-8") as opened:
                version = opened.read(_LONGEST_VERSION + 2).strip()
        except (OSError, ValueError):
            version = ""
        try:
            return checked_tag(version)
        except WrongUsage as error:
            raise WrongUsage(
                f"The file {VERSION_FILE} of the context says no version: {error.message}",
                f"Write the version alone into it, or name it: --version. {error.remedy}",
            ) from error

    def dockerfile(self, name: str | None) -> Path:
        """Return the Dockerfile, by its name seen from the context.

        Raises:
            WrongUsage: it leads out of the repository.
            NotFound: there is none.

        """
        names = _DOCKERFILES if name is None else (name,)
        for candidate in names:
            path = _inside(self.root, self.context / candidate, f"The Dockerfile {candidate}")
            if path.is_file():
                return path
        raise NotFound(
            f"There is no {' and no '.join(names)} in {self._shown}.",
            "Name the directory that is built with --context, and the Dockerfile, seen from there, with --file.",
        )

    @property
    def _shown(self) -> str:
        below = self.context.relative_to(self.root)
        return f"{below} of the repository" if below.parts else "the repository's root"


def fetch(request: PublishRequest, context: str, directory: Path, places: Places) -> Source:
    """Get the sources onto this machine.

    Args:
        request: which repository, and which ref.
        context: the directory of the repository that is built.
        directory: where a commit is checked out to; it is not there yet.
        places: says how it goes, and until when.

    Raises:
        WrongUsage: the repository is none, or the context is no directory of it.
        NotFound: there is no such repository or ref.
        NotPermitted, Unreachable, TimedOut: it cannot be fetched.

    """
    here = Path(request.repository)
    is_here = bool(request.repository) and here.is_dir()
    if is_here and request.ref is None:
        root = here.resolve()
        return Source(root, _context(root, context))
    git = Git(places.deadline, places.patience, places.say)
    remote = Remote(here.resolve().as_uri()) if is_here else _remote(request)
    commit = git.checkout(remote, request.ref or DEFAULT_BRANCH, directory)
    committed_at = git.committed_at(directory)
    shutil.rmtree(directory / ".git")  # it is different each time, and `COPY . .` would bring it along
    root, url = directory.resolve(), None if is_here else remote.url
    return Source(root, _context(root, context), url, commit, committed_at)


def _remote(request: PublishRequest) -> Remote:
    if ":" not in request.repository:
        raise WrongUsage(
            f"{quoted(request.repository)} is neither a directory here nor a URL.",
            "Name one of them; a URL begins https://.",
        )
    require_remote(request.repository)
    source = request.git_credentials
    credential = load_credential(source, user=USER) if source else ANONYMOUS
    return Remote(request.repository, credential, Trust(request.git_ca))


def _context(root: Path, name: str) -> Path:
    path = _inside(root, root / name, f"The context {name}")
    if not path.is_dir():
        raise NotFound(f"The context {name} is no directory of the repository.", "Name one with --context.")
    return path


def _inside(root: Path, path: Path, what: str) -> Path:
    """Return a path with all links followed, if it is in the repository.

    Raises:
        WrongUsage: it is elsewhere.

    """
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a null byte
        resolved = root.parent
    if not resolved.is_relative_to(root):
        raise WrongUsage(f"{what} is outside of the repository.", "Only what is in the repository is built.")
    return resolved
