"""Commits, whose status their pull request shows."""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.errors import WrongUsage

_FORM = re.compile(r"([A-Za-z0-9][-\w.]*)/([-\w.]*[-\w][-\w.]*)@([0-9a-fA-F]{40})", re.ASCII)


class Commit(NamedTuple):
    """A commit of a repository.

    Args:
        owner: whom the repository belongs to.
        repository: its name.
        sha: all 40 digits.

    """

    owner: str
    repository: str
    sha: str

    def __str__(self) -> str:
        """Write it as it is given."""
        return f"{self.owner}/{self.repository}@{self.sha}"


def parse_commit(text: str) -> Commit:
    """Read a commit.

    Raises:
        WrongUsage: the text is none; it is not shown, since somebody may have written a URL with a password.

    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise WrongUsage(
            "The commit to report to is written wrongly.",
            "Write OWNER/REPOSITORY@SHA, with all 40 digits, which a Jenkins build has as GIT_COMMIT.",
        )
    return Commit(*found.groups())
