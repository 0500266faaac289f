"""Opens what commands name: the metadata, and the repositories of its components."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from promoter.constraints.access import Access
from promoter.constraints.files import is_directory, is_file, read_inside
from promoter.constraints.metadata import Image, Metadata, Repository, read_metadata
from promoter.dockerfiles.reading import Dockerfile, read_dockerfile
from promoter.errors import NotFound, PromoterError, WrongUsage
from promoter.git import DEFAULT_BRANCH, Git
from promoter.model.line import shortened
from promoter.parallel import each
from promoter.processes import private_directory
from promoter.promotion.places import Places

_GIT = re.compile(r"[a-z+]+://.+|[\w.-]+@[\w.-]+:.+")
_NO_NAMES = ("", ".", "..")
"""What the metadata may call something, and is no name of a checkout: it would be another directory."""


@contextmanager
def open_metadata(named: str, access: Access, places: Places) -> Iterator[Metadata]:
    """Read the metadata of a directory, or of a git repository at `URL` or `URL#REF`.

    Raises:
        NotFound: there is no such directory, repository or ref, or a file is missing in it.
        Refused: a file leads out of it.
        WrongUsage: it is neither, or a file of it is not as the format has it.
        NotPermitted, Unreachable, TimedOut: git could not fetch it.

    """
    if _GIT.fullmatch(named):
        url, _, ref = named.partition("#")
        with private_directory() as directory:
            git = Git(places.deadline, places.patience, places.say)
            git.checkout(access.remote(url), ref or DEFAULT_BRANCH, directory)
            yield read_metadata(directory)
    elif is_directory(Path(named)):
        yield read_metadata(Path(named))
    else:
        raise NotFound(
            f"There is no directory {shortened(named)}.",
            "Name a directory, or a git URL such as https://HOST/PATH#REF.",
        )


@contextmanager
def open_sources(named: str | None, images: list[Image], access: Access, places: Places) -> Iterator[Sources]:
    """Give the components' repositories: those of a directory, or else those that the metadata names, fetched by git.

    Raises:
        NotFound: there is no such directory.
        WrongUsage: it is a file, and there are several components; or git is missing.

    """
    if named is not None:
        yield Checkouts(Path(named), alone=len(images) == 1)
        return
    with private_directory() as directory:
        yield Fetched(images, access, directory, places)


class Checkouts:
    """The components' repositories as somebody has checked them out.

    Args:
        directory: a directory with a checkout for each; for one component also its checkout, or its Dockerfile.
        alone: whether there is one component only.

    Raises:
        NotFound: it is not there.
        WrongUsage: it is a file, and there are several components.

    """

    def __init__(self, directory: Path, *, alone: bool) -> None:
        if not (is_directory(directory) or is_file(directory)):
            raise NotFound(f"There is no {directory}.", "Name a directory with a checkout for each component.")
        if is_file(directory) and not alone:
            raise WrongUsage(
                f"{directory} is one file.", "Name the one component (--component) whose Dockerfile it is."
            )
        self._directory = directory
        self._alone = alone

    def dockerfile(self, image: Image) -> Dockerfile:
        """Read a component's Dockerfile.

        Raises:
            NotFound: there is no checkout of it, or no Dockerfile in that.
            Refused: its path leads out of the checkout.
            WrongUsage: BuildKit would refuse it.

        """
        if is_file(self._directory):
            file = self._directory.resolve()
            return read_dockerfile(read_inside(file.parent, file.name), str(self._directory))
        return _read(image, self.checkout(image))

    def checkout(self, image: Image) -> Path:
        """Return a component's checkout: the one named like it, or else like its repository.

        Of one component it is the directory itself if the Dockerfile is there, and not in a checkout of such a name.

        Raises:
            NotFound: there is no checkout of it.
            WrongUsage: what was given is a Dockerfile.

        """
        if is_file(self._directory):
            raise WrongUsage(
                f"{self._directory} is a file; a patch needs to know where it is in its repository.",
                "Name the checkout of the component.",
            )
        given = dict.fromkeys([image.key, image.repository.name if image.repository else image.key])
        names = [name for name in given if name not in _NO_NAMES]
        found = [self._directory / name for name in names if is_directory(self._directory / name)][:1]
        found += [self._directory] if self._alone else []
        if not found:
            raise NotFound(
                f"{self._directory} has no checkout of {image.key}.",
                f"Check its repository out into a directory of it that is named {' or '.join(names)}.",
            )
        return next((checkout for checkout in found if is_file(checkout / image.dockerfile)), found[0])


class Fetched:
    """The components' repositories, fetched once each and several at a time, where everybody may fetch them.

    Args:
        images: the components.
        access: how repositories are reached.
        directory: where to.
        places: says how it goes, and until when.

    Raises:
        WrongUsage: git is missing.

    """

    def __init__(self, images: Iterable[Image], access: Access, directory: Path, places: Places) -> None:
        self._git = Git(places.deadline, places.patience, places.say)
        self._access = access
        repositories = list(dict.fromkeys(image.repository for image in images if image.repository))
        if len(repositories) > 1:
            places.say(f"fetching {len(repositories)} repositories")
        todo = [(repository, directory / str(number)) for number, repository in enumerate(repositories)]
        outcomes = each(lambda one: self._fetched(*one), todo, stop=self._git.stop)
        self._outcomes = dict(zip(repositories, outcomes, strict=True))

    def dockerfile(self, image: Image) -> Dockerfile:
        """Read a component's Dockerfile.

        Raises:
            NotFound: as for `checkout`; or there is no Dockerfile.
            Refused: the Dockerfile's path leads out of the repository.
            WrongUsage: BuildKit would refuse it, or git the URL.
            NotPermitted, Unreachable, TimedOut: git could not fetch it.

        """
        return _read(image, self.checkout(image))

    def checkout(self, image: Image) -> Path:
        """Return the directory that a component's repository was fetched into.

        Raises:
            NotFound: the metadata names no repository, or there is none, or no such branch.
            WrongUsage: git does not take the URL.
            NotPermitted, Unreachable, TimedOut: git could not fetch it.

        """
        if image.repository is None:
            raise NotFound(f"{image.file} names no repository.", "Name one (content.source.git), or give --sources.")
        outcome = self._outcomes[image.repository]
        if isinstance(outcome, PromoterError):
            raise outcome
        return outcome

    def _fetched(self, repository: Repository, directory: Path) -> Path | PromoterError:
        try:
            remote = self._access.remote(repository.web or repository.url)
            self._git.checkout(remote, repository.branch or DEFAULT_BRANCH, directory)
        except PromoterError as error:
            return error
        return directory


Sources = Checkouts | Fetched
"""Where the components' repositories are."""


def _read(image: Image, checkout: Path) -> Dockerfile:
    return read_dockerfile(read_inside(checkout, image.dockerfile), f"{image.key}: {image.dockerfile}")
