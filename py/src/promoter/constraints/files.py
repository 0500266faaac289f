"""Reads files of a directory that somebody else has written: none that is not in it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from promoter.errors import NotFound, Refused, WrongUsage


def is_directory(path: Path) -> bool:
    """Tell whether there is a directory that can be looked into."""
    with suppress(OSError):  # it may not be looked at, or no file could have such a name
        return path.is_dir()
    return False


def is_file(path: Path) -> bool:
    """Tell whether there is a file that can be looked at."""
    with suppress(OSError):
        return path.is_file()
    return False


def read_inside(directory: Path, path: str) -> bytes:
    """Return what a file of a directory holds.

    Args:
        directory: a checkout.
        path: relative to it; symbolic links are followed within it.

    Raises:
        NotFound: there is no such file.
        Refused: it leads out of the directory, by `..`, as an absolute path or by symbolic links.
        WrongUsage: it cannot be read.

    """
    try:
        file = (directory / path).resolve()
        if not file.is_relative_to(directory.resolve()):
            raise Refused(f"{path} leads out of {directory}.", "Name a file of the repository itself.")
        if file.is_file():
            return file.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle are a RuntimeError
        why = getattr(error, "strerror", None) or "its links lead nowhere, or its path is none"
        raise WrongUsage(f"{path} of {directory} cannot be read: {why}.", "Make it a file that can be read.") from error
    raise NotFound(f"{directory} has no file {path}.", "Name the directory that has it, or correct the path.")
