"""Reads the YAML files of a directory of metadata, and looks things up in them.

They are written by others for other programs: keys that nothing here asks for are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from promoter.constraints.files import read_inside
from promoter.errors import WrongUsage

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: hundreds of files are read ten times as fast."""

_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_REMEDY = "Correct the file; its format is that of openshift/ocp-build-data."

Values = Mapping[str, Any]
"""A mapping as it stands in a file."""


def load(directory: Path, name: str, variables: Mapping[str, str]) -> Values:
    """Read a file that is a mapping.

    Variables are filled in before the YAML is read, as deployed tooling does: `{MAJOR}` at the beginning of a value
    would be a mapping otherwise. What is no variable's name stays.

    Args:
        directory: where the metadata is.
        name: the file's path within it.
        variables: what takes the place of `{NAME}`.

    Raises:
        NotFound: there is no such file.
        Refused: it leads out of the directory.
        WrongUsage: it is no YAML, or no mapping.

    """
    try:
        text = read_inside(directory, name).decode()
        filled = _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)
        values = yaml.load(filled, _LOADER)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        from promoter.model.wording import of_syntax  # noqa: PLC0415 - brings in pydantic, for errors alone

        raise WrongUsage(f"{name} of the metadata cannot be read: {of_syntax(error, filled)}.", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{name} of the metadata cannot be read: it is no UTF-8, or no YAML.", _REMEDY) from error
    return _mapping(values, name)


def section(values: Values, where: str, *path: str) -> Values:
    """Return the mapping below these keys; an empty one where there is none.

    Raises:
        WrongUsage: something else is there.

    """
    for depth, key in enumerate(path, start=1):
        values = _mapping(values.get(key), f"{where}: {'.'.join(path[:depth])}")
    return values


def items(values: Values, where: str, key: str) -> tuple[Any, ...]:
    """Return the list below a key; an empty one where there is none.

    Raises:
        WrongUsage: something else is there.

    """
    found = values.get(key) or []
    if not isinstance(found, list):
        raise WrongUsage(f"{where}: {key} is no list.", _REMEDY)
    return tuple(found)


def text(values: Values, where: str, key: str) -> str | None:
    """Return the text below a key; nothing where there is none.

    Raises:
        WrongUsage: something else is there.

    """
    found = values.get(key)
    return None if found in (None, "") else as_text(found, f"{where}: {key}")


def as_text(value: object, where: str) -> str:
    """Return a text; a number is one, too, since YAML does not ask for quotes.

    Raises:
        WrongUsage: it is neither.

    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise WrongUsage(f"{where} is no text.", _REMEDY)


def _mapping(value: object, where: str) -> Values:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongUsage(f"{where} is no mapping.", _REMEDY)
    return value
