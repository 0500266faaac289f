"""What an instruction may say, as frontend/dockerfile/instructions of BuildKit checks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from promoter.dockerfiles.characters import SPACES, integer, lower
from promoter.dockerfiles.flags import mount_source, require_device, values_of
from promoter.dockerfiles.syntax import KEYWORDS, Syntax
from promoter.dockerfiles.unbuildable import Unbuildable
from promoter.dockerfiles.words import Heredoc, heredoc_of
from promoter.model.line import quoted

_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_NAMED = 3
"""The arguments of `FROM image AS name`."""

_DURATION = re.compile(r"([+-]?)((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0)")
_DURATION_PART = re.compile(r"([0-9.]+)([a-zµμ]+)")
_NANOSECONDS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_SHORTEST_NANOSECONDS, _LONGEST_NANOSECONDS = 10**6, 2**63 - 1
_RETRIES = range(2**31)


def check(syntax: Syntax) -> None:
    """See that there is such an instruction, with such flags and arguments.

    Raises:
        Unbuildable: there is none.

    """
    if syntax.keyword not in KEYWORDS:
        raise Unbuildable(f"there is no instruction {syntax.keyword.upper() or 'without a name'}")
    if _may_have_flags(syntax):
        values_of(syntax)
    _CHECKS[syntax.keyword](syntax)


def stage_name(syntax: Syntax) -> str | None:
    """Return the name that FROM gives to its stage, in lower case.

    Raises:
        Unbuildable: it has too few or too many arguments, or this is no name.

    """
    arguments = syntax.arguments
    if len(arguments) == 1:
        return None
    if len(arguments) != _NAMED or arguments[1].casefold() != "as":
        raise Unbuildable("FROM has one argument, or three: an image, AS and a name")
    name = lower(arguments[2])
    if not _STAGE_NAME.fullmatch(name):
        raise Unbuildable(
            f"{quoted(arguments[2])} is not the name of a stage: it begins with a letter and has no symbols"
        )
    return name


def variables(syntax: Syntax) -> list[tuple[str, str | None]]:
    """Return the names of ARG with their values, if they have one."""
    pairs = (argument.partition("=") for argument in syntax.arguments)
    return [(name, value if equals else None) for name, equals, value in pairs]


def _may_have_flags(syntax: Syntax) -> bool:
    """Tell whether flags are looked at; in front of some arguments BuildKit takes any."""
    if syntax.keyword == "healthcheck":
        return bool(syntax.arguments) and syntax.arguments[0].upper() != "NONE"
    return syntax.keyword not in ("arg", "stopsignal")


def _some(syntax: Syntax) -> None:
    if not syntax.arguments:
        raise Unbuildable(f"{syntax.keyword.upper()} has no argument")


def _anything(syntax: Syntax) -> None:
    """Take what the shell will look at."""


def _from(syntax: Syntax) -> None:
    stage_name(syntax)


def _names(syntax: Syntax) -> None:
    _some(syntax)
    if any(argument == "" or argument.startswith("=") for argument in syntax.arguments):
        raise Unbuildable(f"a name of {syntax.keyword.upper()} is empty")


def _copy(syntax: Syntax) -> None:
    if len(syntax.arguments) == 1 or not syntax.arguments:
        raise Unbuildable(f"{syntax.keyword.upper()} has no destination")
    destination: Heredoc | None = None
    with suppress(Unbuildable):
        destination = heredoc_of(syntax.arguments[-1])
    if destination:
        raise Unbuildable(f"the destination of {syntax.keyword.upper()} is a heredoc")


def _run(syntax: Syntax) -> None:
    values = values_of(syntax)
    for mount in values.get("mount", ()):
        mount_source(mount)
    for device in values.get("device", ()):
        require_device(device)


def _shell(syntax: Syntax) -> None:
    _some(syntax)
    if not syntax.is_json:
        raise Unbuildable("SHELL takes a JSON array")


def _volume(syntax: Syntax) -> None:
    _some(syntax)
    if not all(argument.strip(SPACES) for argument in syntax.arguments):
        raise Unbuildable("VOLUME has an empty argument")


def _onbuild(syntax: Syntax) -> None:
    _some(syntax)
    if syntax.arguments[0] in ("onbuild", "maintainer", "from"):
        raise Unbuildable(f"ONBUILD does not take {syntax.arguments[0].upper()}")


def _healthcheck(syntax: Syntax) -> None:
    _some(syntax)
    typ, *arguments = syntax.arguments
    if typ.upper() == "NONE":
        if arguments:
            raise Unbuildable("HEALTHCHECK NONE has no arguments")
        return
    if typ.upper() != "CMD" or not arguments:
        raise Unbuildable("HEALTHCHECK is NONE, or CMD with a command")
    for name, (value,) in values_of(syntax).items():
        valid = integer(value) in _RETRIES if name == "retries" else _is_interval(value)
        if value and not valid:
            raise Unbuildable(f"--{name} cannot be {value}")


def _is_interval(text: str) -> bool:
    """Tell whether it is a duration as Go's `time.ParseDuration` reads it, of a millisecond or more, or none at all."""
    match = _DURATION.fullmatch(text)
    if not match:
        return False
    length = sum(int(Decimal(number) * _NANOSECONDS[unit]) for number, unit in _DURATION_PART.findall(match[2]))
    return length == 0 or (match[1] != "-" and _SHORTEST_NANOSECONDS <= length <= _LONGEST_NANOSECONDS)


_CHECKS: dict[str, Callable[[Syntax], None]] = {
    "add": _copy,
    "arg": _names,
    "cmd": _anything,
    "copy": _copy,
    "entrypoint": _anything,
    "env": _names,
    "expose": _some,
    "from": _from,
    "healthcheck": _healthcheck,
    "label": _names,
    "maintainer": _some,
    "onbuild": _onbuild,
    "run": _run,
    "shell": _shell,
    "stopsignal": _some,
    "user": _some,
    "volume": _volume,
    "workdir": _some,
}
