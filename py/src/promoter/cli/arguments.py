"""Makes the command line from the models: a field is an argument or a flag, its description is the help."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from promoter.cli.commands import COMMANDS, Command
from promoter.errors import WrongUsage
from promoter.model.base import Field
from promoter.model.line import quoted
from promoter.model.reference import without_user
from promoter.model.request import Common

AGAIN = "may be given again"
"""What the help says of a flag for several values."""

_SHORT = {"verbose": ("-v",)}
_BOOLEANS = {"true": True, "false": False}
_FLAG = re.compile(r"(--[a-zA-Z][a-zA-Z-]*)(?:=.*)?|(-[a-zA-Z])", re.DOTALL)


class Invocation(NamedTuple):
    """What a command line asks for.

    Args:
        name: the command's name.
        command: the command.
        request: its parameters; nothing if they are in a file.
        request_file: where they are then.

    """

    name: str
    command: Command
    request: Common | None
    request_file: str | None


class Files(NamedTuple):
    """The files that a command line names."""

    request: str | None
    config: str | None
    result: str | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        message = re.sub(r"ignored explicit argument .*", "it takes no value", message, flags=re.DOTALL)
        raise WrongUsage(f"{self.prog}: {message}.", f"See `{self.prog} --help`.")


def named_files(arguments: Sequence[str]) -> Files:
    """Return the files that a command line names, as far as it can be understood: the rest of it may be wrong."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    for name in Files._fields:
        parser.add_argument(f"--{name}", nargs="?")
    return Files(**vars(parser.parse_known_args(arguments)[0]))


def parse(arguments: Sequence[str]) -> Invocation:
    """Read a command line.

    Raises:
        WrongUsage: it names no command, or does not fit the command's model.
        SystemExit: it asked for help, which has been printed.

    """
    name, rest = _command_name(arguments)
    command = COMMANDS[name]
    file_given = any(argument == "--request" or argument.startswith("--request=") for argument in rest)
    parser = _Parser(prog=f"promoter {name}", description=command.help, allow_abbrev=False)
    parser.add_argument("--request", metavar="FILE", help="read all parameters from a JSON file instead")
    parser.add_argument("--result", metavar="FILE", help="write the result to a JSON file as well")
    parser.add_argument("--json", action="store_true", help="show the result as JSON; words go to standard error")
    if not file_given:
        for field in command.request.fields.values():
            _add(parser, field)
    known, unknown = parser.parse_known_intermixed_args(rest)
    if unknown and file_given:
        raise WrongUsage(
            f"promoter {name}: --request FILE holds all parameters, but there are more: {_shown(unknown)}.",
            "Put them into the file, or leave --request out; only --result and --json go with it.",
        )
    if unknown:
        parser.error(f"unrecognized arguments: {_shown(unknown)}")
    given = vars(known)
    request_file = given.pop("request")
    del given["result"], given["json"]
    parameters: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given.items() if value is not None
    }
    request = None if file_given else command.request(**parameters)
    return Invocation(name, command, request, request_file)


def _shown(arguments: Sequence[str]) -> str:
    """Name the flags among arguments that are not wanted, and count the rest: any value may be a secret."""
    flags = [match[1] or match[2] for match in map(_FLAG.fullmatch, arguments) if match]
    others = len(arguments) - len(flags)
    return ", ".join([*flags, *([f"{others} without a flag's name"] if others else [])])


def _command_name(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    for words in (1, 2):
        name = " ".join(arguments[:words])
        if name in COMMANDS:
            return name, arguments[words:]
    group = f"{arguments[0]} " if arguments else ""
    if group and any(name.startswith(group) for name in COMMANDS):
        raise _unknown(arguments[1:2], group)
    raise _unknown(arguments[:1])


def _unknown(arguments: Sequence[str], group: str = "") -> WrongUsage:
    """Make the error for what is no command, or none of a group; unless it asks for help, which is printed.

    Raises:
        WrongUsage: nothing was given.
        SystemExit: help was asked for.

    """
    commands = {name: command for name, command in COMMANDS.items() if name.startswith(group)}
    overview = _Parser(
        prog=f"promoter {group}".rstrip(),
        description="Bring tested container images into production, byte for byte, with proof of who let them through.",
        epilog="\n".join(["commands:", *(f"  {name:22} {command.help}" for name, command in commands.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if not group:
        overview.add_argument("--version", action="store_true", help="show the version")
    overview.add_argument("command", help=f"`promoter {group}COMMAND --help` tells more")
    given = overview.parse_args(arguments)
    return WrongUsage(
        f"There is no command {quoted(without_user(f'{group}{given.command}'))}.",
        f"The commands are {', '.join(commands)}.",
    )


def _add(parser: argparse.ArgumentParser, field: Field) -> None:
    flags = [*_SHORT.get(field.name, ()), f"--{field.name.replace('_', '-')}"]
    about = field.about
    if field.is_required:
        several = "+" if field.annotation.startswith("tuple") else None
        parser.add_argument(field.name, nargs=several, metavar=field.metavar or field.name.upper(), help=about)
    elif field.annotation == "bool":
        parser.add_argument(*flags, action="store_true", default=None, help=about)
    elif field.annotation == "bool | None":
        parser.add_argument(*flags, type=_boolean, metavar="true|false", help=about)
    elif field.annotation.startswith("tuple"):
        parser.add_argument(*flags, action="append", metavar=field.metavar, help=f"{about}; {AGAIN}")
    else:
        shown = f"{about} (default: {field.default})" if field.default else about
        parser.add_argument(*flags, metavar=field.metavar, help=shown)


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is neither true nor false")
    return _BOOLEANS[text.lower()]
