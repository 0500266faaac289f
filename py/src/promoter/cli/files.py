"""The files a command reads: its request, and the configuration."""

from __future__ import annotations

from pathlib import Path

from promoter.cli.arguments import Invocation
from promoter.errors import WrongUsage
from promoter.files import read_bounded
from promoter.model.configuration import Configuration
from promoter.model.line import shortened
from promoter.model.request import Common

DEFAULT_CONFIGURATION = "promotion.yaml"
_LARGEST_REQUEST = 16 * 1024 * 1024
_LARGEST_CONFIGURATION = 1024 * 1024
"""How many bytes these files may have."""


def load_request(invocation: Invocation) -> Common:
    """Return the parameters, from the command line or from the request file.

    Raises:
        WrongUsage: the file cannot be read, or does not fit the command's model.

    """
    if invocation.request is not None:
        return invocation.request
    from promoter.model.reading import read_request  # noqa: PLC0415 - pydantic is slow to import

    name = invocation.request_file or ""
    return read_request(invocation.command.request, _text(name, _LARGEST_REQUEST), name, invocation.name)


def load_configuration(named: str | None) -> Configuration:
    """Return the configuration: that of the named file, or of `promotion.yaml` here, or an empty one.

    Raises:
        WrongUsage: the file cannot be read, or does not fit.

    """
    if named is None and not Path(DEFAULT_CONFIGURATION).exists():
        return Configuration(origin=f"no {DEFAULT_CONFIGURATION} was found in {Path.cwd()}")
    from promoter.model.reading import read_configuration  # noqa: PLC0415 - pydantic is slow to import

    name = named or DEFAULT_CONFIGURATION
    return read_configuration(_text(name, _LARGEST_CONFIGURATION), name)


def _text(path: str, largest: int) -> str:
    try:
        return read_bounded(path, largest).decode()
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"{shortened(path)} cannot be read: {getattr(error, 'strerror', None) or error}.", "Name a readable file."
        ) from error
