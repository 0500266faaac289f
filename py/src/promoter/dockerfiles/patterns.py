"""Patterns in variables, `${V#p}`, `${V%p}` and `${V/p/r}`, as frontend/dockerfile/shell/lex.go of BuildKit reads them.

`*` stands for any characters, `?` for one; there are no bracket expressions. The regular expressions made of them never
go back behind what they have found, so that no pattern takes longer than the value times the pattern.
"""

from __future__ import annotations

import re

from promoter.dockerfiles.unbuildable import Unbuildable

_PART = re.compile(r"\\.?|.")
_ESCAPES = frozenset(("\\*", "\\?", "\\\\", "\\}", "\\/"))
_PLACEHOLDER = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
"""Go's `regexp.Expand` fills these into the replacement of `${V//p/r}`."""

LONGEST = 65536
"""The longest value that a word may have here, in characters: values that contain each other grow without an end."""


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """Return the value without the shortest or longest prefix that matches.

    Raises:
        Unbuildable: the pattern has an escape that means nothing.

    """
    match = re.match(_anchored(_segments(pattern), longest=longest), value)
    return value[match.end() :] if match else value


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """Return the value without the shortest or longest suffix that matches.

    Raises:
        Unbuildable: the pattern has an escape that means nothing.

    """
    backwards = "".join(reversed(_PART.findall(pattern)))
    return without_prefix(value[::-1], backwards, longest=longest)[::-1]


def replaced(value: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """Return the value with the first match replaced, or all of them.

    Raises:
        Unbuildable: the pattern has an escape that means nothing, or the value gets too long.

    """
    searched = re.compile(_somewhere(_segments(pattern)))
    parts, length, done, begin = [], 0, 0, 0
    while begin <= len(value) and (match := searched.match(value, begin)):
        start, end = match.end(1), match.end()
        parts.append(value[done:start])
        if end > done or start == 0:  # nothing right behind a match is no match of its own
            parts.append(_filled(replacement, value[start:end]) if everywhere else replacement)
        length = bounded(length + sum(map(len, parts[-2:])))
        done, begin = end, max(end, begin + 1)
        if not everywhere:
            break
    return "".join([*parts, value[done:]])


def bounded(length: int) -> int:
    """Return a length that a value may have.

    Raises:
        Unbuildable: it is longer.

    """
    if length > LONGEST:
        raise Unbuildable(f"a value gets longer than {LONGEST} characters")
    return length


def _anchored(segments: list[str], *, longest: bool) -> str:
    """Return the regular expression for a match at the beginning.

    All that is between two stars is looked for where it comes first: if the rest is not behind that, it is nowhere.
    """
    first, *others = segments
    if not others:
        return first
    inner = "".join(f"(?>.*?{segment})" for segment in others[:-1])
    return f"{first}{inner}{'.*' if longest else '.*?'}{others[-1]}"


def _somewhere(segments: list[str]) -> str:
    """Return the regular expression for the first and longest match; its group is what is in front of it."""
    first, *others = segments
    return _anchored([f"(?>(.*?){first})", *others], longest=True)


def _segments(pattern: str) -> list[str]:
    """Return the regular expressions of what is between the stars."""
    segments = [""]
    for part in _PART.findall(pattern):
        if part == "*":
            segments.append("")
        elif part == "?":
            segments[-1] += "."
        elif part[0] != "\\":
            segments[-1] += re.escape(part)
        elif part in _ESCAPES:
            segments[-1] += re.escape(part[1])
        else:
            raise Unbuildable(f"{part} is no escape of a pattern")
    return segments


def _filled(replacement: str, found: str) -> str:
    """Return the replacement with `$0` filled in; there are no other groups, and `$$` is a dollar sign."""
    return _PLACEHOLDER.sub(lambda match: match[1] or (found if "0" in match.groups() else ""), replacement)
