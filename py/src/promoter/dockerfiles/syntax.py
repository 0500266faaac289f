"""The syntax of one instruction, as frontend/dockerfile/parser of BuildKit reads it: a keyword, flags, arguments."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from promoter.dockerfiles.characters import SPACES, decode, encode, lower
from promoter.dockerfiles.unbuildable import Unbuildable

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_LATIN_SPACES = "\t\n\v\f\r \x85\xa0"
_LATIN_BLANKS = re.compile(f"[{_LATIN_SPACES}]+")
_QUOTES = ("'", '"')

_SEPARATED = frozenset(("add", "copy", "expose", "from", "volume"))
_NAMES = frozenset(("env", "label"))
_MAY_BE_JSON = frozenset(("add", "cmd", "copy", "entrypoint", "healthcheck", "run", "shell", "volume"))
_WHOLE = frozenset(("cmd", "entrypoint", "maintainer", "run", "shell", "stopsignal", "user", "workdir"))
KEYWORDS = _SEPARATED | _NAMES | _WHOLE | {"arg", "healthcheck", "onbuild"}
"""The instructions that there are."""


class Syntax(NamedTuple):
    """What stands in an instruction.

    Args:
        keyword: in lower case, `from`.
        flags: each as `--name=value`, without quotes and escapes.
        rest: what is behind the flags.
        arguments: the rest in parts; of `NAME=VALUE` only the names where the values do not matter.
        is_json: whether they were written as a JSON array.
        trigger: what stands behind ONBUILD.

    """

    keyword: str
    flags: tuple[str, ...]
    rest: str
    arguments: tuple[str, ...]
    is_json: bool = False
    trigger: Syntax | None = None


def parse(text: str, escape: str, *, in_onbuild: bool = False) -> Syntax:
    """Read an instruction that stands in one line.

    An ONBUILD of an ONBUILD is not looked into: it is refused as it is.

    Raises:
        Unbuildable: its arguments have not the form that they must have.

    """
    keyword, *behind = _BLANKS.split(text.strip(SPACES), maxsplit=1)
    keyword = lower(keyword)
    flags, rest = _split_flags(behind[0], escape) if behind else ((), "")
    rest = rest.strip(SPACES)
    if keyword == "onbuild" and rest and not in_onbuild:
        trigger = parse(rest, escape, in_onbuild=True)
        return Syntax(keyword, flags, rest, (trigger.keyword, *trigger.arguments), trigger=trigger)
    if keyword in _MAY_BE_JSON:
        before, inner = _split_type(rest) if keyword == "healthcheck" else ((), rest)
        if (values := _json_strings(inner)) is not None:
            return Syntax(keyword, flags, rest, (*before, *values), is_json=True)
    return Syntax(keyword, flags, rest, tuple(_arguments(keyword, rest, escape)))


def _arguments(keyword: str, rest: str, escape: str) -> Sequence[str]:
    if keyword in _SEPARATED and rest:
        return _BLANKS.split(rest)
    if keyword in _NAMES:
        return _names(rest, escape)
    if keyword == "arg":
        return _split_words(rest, escape)
    before, behind = _split_type(rest) if keyword == "healthcheck" else ((), rest)
    return [*before, behind] if behind and keyword in KEYWORDS else before


def _split_words(text: str, escape: str) -> list[str]:
    """Split a text at its spaces, with quotes and escapes left in the words."""
    words: list[str] = []
    word: list[str] = []
    quote = ""
    characters = iter(text)
    for character in characters:
        if not quote and character in SPACES:
            words += ["".join(word)] if word else []
            word = []
        elif character == escape and quote != "'":
            following = next(characters, "")
            word += [character, following] if following else []
        else:
            word.append(character)
            if character in _QUOTES and quote in ("", character):
                quote = "" if quote else character
    return [*words, "".join(word)] if word else words


def _split_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    """Split the flags off; BuildKit takes each byte of them for a character."""
    if not text.startswith("--"):
        return (), text
    raw = _bytewise(text)
    flags = []
    at = 0
    while raw.startswith("--", at):
        flag, at = _flag(raw, at, escape)
        if flag == "--":
            break
        flags.append(flag)
        if blanks := _LATIN_BLANKS.match(raw, at):
            at = blanks.end()
    return tuple(flags), _characters(raw[at:])


def _flag(raw: str, at: int, escape: str) -> tuple[str, int]:
    """Read a flag, and return where it ends."""
    flag = []
    quote = ""
    while at < len(raw) and (quote or raw[at] not in _LATIN_SPACES):
        character = raw[at]
        at += 1
        if character == quote:
            quote = ""
        elif character in _QUOTES and not quote:
            quote = character
        elif character == escape:
            flag.append(raw[at : at + 1])
            at += 1
        else:
            flag.append(character)
    return "".join(flag), at


def _json_strings(text: str) -> list[str] | None:
    """Return what is in a JSON array; nothing if the text is none."""
    text = text.lstrip(SPACES)
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) for value in values):
        raise Unbuildable("a JSON array of arguments has strings alone")
    return list(values)


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("Go has no such number")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _split_type(rest: str) -> tuple[tuple[str, ...], str]:
    """Split the type off, the first argument of HEALTHCHECK."""
    raw = _bytewise(rest)
    typ, *behind = _LATIN_BLANKS.split(raw, maxsplit=1)
    return (_characters(typ),) if typ else (), _characters("".join(behind))


def _bytewise(text: str) -> str:
    """Return the text with a character for each byte."""
    return encode(text).decode("latin-1")


def _characters(raw: str) -> str:
    """Return what `_bytewise` took apart."""
    return decode(raw.encode("latin-1"))


def _names(rest: str, escape: str) -> list[str]:
    """Return the names of `NAME=VALUE …`, or of the old form `NAME VALUE`."""
    words = _split_words(rest, escape)
    if words and "=" not in words[0]:
        parts = _BLANKS.split(rest, maxsplit=1)
        if len(parts) == 1:
            raise Unbuildable(f"{parts[0]} has no value")
        return parts[:1]
    for word in words:
        if "=" not in word:
            raise Unbuildable(f"{word} is not of the form NAME=VALUE")
    return [word.partition("=")[0] for word in words]
