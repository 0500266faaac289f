"""The flags of instructions, as frontend/dockerfile/instructions of BuildKit takes them."""

from __future__ import annotations

from promoter.dockerfiles.characters import BOOLEANS, lower
from promoter.dockerfiles.syntax import Syntax
from promoter.dockerfiles.unbuildable import Unbuildable
from promoter.model.line import quoted

_ONE, _MANY, _SWITCH = "one value", "many values", "true or false"
_FLAGS = {
    "add": {
        "chown": _ONE,
        "chmod": _ONE,
        "link": _SWITCH,
        "keep-git-dir": _SWITCH,
        "checksum": _ONE,
        "unpack": _SWITCH,
        "exclude": _MANY,
    },
    "copy": {
        "chown": _ONE,
        "from": _ONE,
        "chmod": _ONE,
        "link": _SWITCH,
        "exclude": _MANY,
        "parents": _SWITCH,
    },
    "from": {"platform": _ONE},
    "healthcheck": {
        "interval": _ONE,
        "timeout": _ONE,
        "start-period": _ONE,
        "start-interval": _ONE,
        "retries": _ONE,
    },
    "run": {"device": _MANY, "mount": _MANY, "network": _ONE, "security": _ONE},
}
_CHOICES = {"network": ("default", "none", "host"), "security": ("insecure", "sandbox")}


def values_of(syntax: Syntax) -> dict[str, list[str]]:
    """Return the values of an instruction's flags by their names.

    Raises:
        Unbuildable: there is no such flag, or it has another value than it may.

    """
    known = _FLAGS.get(syntax.keyword, {})
    values: dict[str, list[str]] = {}
    for flag in syntax.flags:
        name, equals, value = flag[2:].partition("=")
        kind = known.get(name)
        if kind is None:
            raise Unbuildable(f"{syntax.keyword.upper()} has no flag --{name}")
        if name in values and kind != _MANY:
            raise Unbuildable(f"--{name} stands there twice")
        if (not equals and kind != _SWITCH) or (equals and not value and kind == _SWITCH):
            raise Unbuildable(f"--{name} has no value")
        if kind == _SWITCH and lower(value) not in ("", "true", "false"):
            raise Unbuildable(f"--{name} is true or false, not {value}")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise Unbuildable(f"--{name} is {', '.join(_CHOICES[name])}, not {quoted(value)}")
        values.setdefault(name, []).append(value)
    return values


def mount_source(mount: str) -> str:
    """Return what `from=` of a `--mount` names; nothing if it names nothing.

    Raises:
        Unbuildable: it is not readable, or names what only a variable says.

    """
    source = ""
    for field in _fields(mount):
        key, equals, value = field.partition("=")
        if equals and lower(key) == "from":
            if "$" in value[:-1]:
                raise Unbuildable("from= of --mount has a variable; name a stage that is FROM it instead")
            source = value
    return source


def require_device(device: str) -> None:
    """See that a `--device` is one.

    Raises:
        Unbuildable: it is not.

    """
    name = ""
    for field in _fields(device):
        key, equals, value = field.partition("=")
        key = lower(key)
        if key == "required":
            valid = not equals or value in BOOLEANS
        else:
            valid = not name
            name = value if equals and key == "name" else field
        if not valid:
            raise Unbuildable(f"--device has no {quoted(field)}")


def _fields(text: str) -> list[str]:
    """Split a line of comma-separated values, of which some are in double quotes.

    Raises:
        Unbuildable: a quote is where none may be.

    """
    if not text:
        raise Unbuildable("a flag has an empty value")
    fields = []
    rest: str | None = text
    while rest is not None:
        field, rest = _quoted_field(rest[1:]) if rest.startswith('"') else _plain_field(rest)
        fields.append(field)
    return fields


def _plain_field(text: str) -> tuple[str, str | None]:
    field, comma, rest = text.partition(",")
    if '"' in field:
        raise Unbuildable(f"a quote is inside of {quoted(field)}")
    return field, rest if comma else None


def _quoted_field(text: str) -> tuple[str, str | None]:
    """Read up to the closing quote; two quotes are one of the field's own."""
    parts = []
    while True:
        part, quote, text = text.partition('"')
        parts.append(part)
        if not text.startswith('"'):
            break
        parts.append('"')
        text = text[1:]
    if not quote or (text and not text.startswith(",")):
        raise Unbuildable("a quote in a flag is not closed, or something is behind it")
    return "".join(parts), text[1:] if text else None
