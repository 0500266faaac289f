"""What PyYAML and pydantic found, in words for whoever wrote the file: where, what stands there, what is expected.

The values themselves are not shown, except where only a few words may stand: a secret may be in the wrong place.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

import yaml
from pydantic_core import ErrorDetails

from promoter.model.checking import UNKNOWN_KEY
from promoter.model.line import quoted, shortened

_WHERE_IT_BEGAN = (
    ("found unexpected", "the quotes that begin here are not closed"),
    ("expected ',' or", "the brackets that begin here are not closed, or lack a comma"),
    ("could not find expected ':'", "a key has no ':' behind it"),
)
"""How what PyYAML says begins, with our words; the place is where the unfinished part begins."""

_WHERE_IT_STOPPED = (
    (r"found character '\\t'", "a tab cannot stand here; indent with spaces"),
    ("found character '(.)'", r"a text cannot begin with \1 unless it is in quotes"),
    ("expected alphabetic", "a text cannot begin with * or & unless it is in quotes"),
    ("mapping values are not", "a ':' cannot stand here; look at the indentation, and whether a text needs quotes"),
    ("(sequence entries|mapping keys) are not", "this cannot begin here; begin it on a line of its own"),
    ("expected <block end>, but found '<scalar>'", "more text follows a value that has ended; put all of it in quotes"),
    ("expected <block end>", "this does not belong to what stands above it; look at the indentation"),
    ("expected the node content", "a value is missing, or a bracket or a comma is one too many"),
    ("but found another document", "a second document begins; only one is read"),
    ("found undefined alias '(.+)'", r"*\1 repeats nothing: no part before it is called &\1"),
    ("second occurrence", "an anchor of this name stands above already"),
    ("(found unknown|expected) escape", r"what follows the \\ is no escape; in single quotes a \\ is a \\"),
    ("expected (chomping|indentation|a comment)", "a text cannot begin with | or > unless it is in quotes"),
    ("expected a mapping .*for merging", "<< takes a mapping, or a list of mappings"),
)
"""The same, as patterns; the place is where PyYAML stopped."""

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
}
"""The types of pydantic's errors about a value's type, with what is expected."""

_HINTS = {
    ("a number", "text"): " (put it in quotes)",
    ("true", "text"): " (put it in quotes)",
    ("false", "text"): " (put it in quotes)",
    ("text", "true or false"): " (write it without quotes)",
    ("text", "a list"): " (put it in brackets)",
}


def of_syntax(error: yaml.YAMLError, text: str) -> str:
    """Say where a text is no YAML, and why."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        return _at(before.count("\n"), len(before) - before.rfind("\n") - 1, "a control character cannot stand here")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error)
    said, mark = error.problem or "this is no YAML", error.problem_mark
    for begin, words in _WHERE_IT_BEGAN:
        if error.context_mark and said.startswith(begin):
            return _at(error.context_mark.line, error.context_mark.column, words)
    for pattern, words in _WHERE_IT_STOPPED:
        if match := re.match(pattern, said):
            return _at(mark.line, mark.column, match.expand(words))
    return _at(mark.line, mark.column, said)


def _at(line: int, column: int, words: str) -> str:
    return f"line {line + 1}, column {column + 1}: {words}"


def of_misfit(problem: ErrorDetails) -> str:
    """Say what does not fit a model: the path of its key, what was found, and what is expected."""
    path, kind = shortened(".".join(map(str, problem["loc"]))) or "the whole", problem["type"]
    if kind == UNKNOWN_KEY:
        return f"{path} is not known{_suggestion(str(problem['loc'][-1]), problem['ctx']['known'])}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "literal_error":
        value = problem["input"]
        found = quoted(value) if isinstance(value, str) else _kind(value)
        return f"{path} is {found}, where {problem['ctx']['expected']} is expected"
    if kind == "json_invalid":
        return f"{path} has half a character in it (\\ud800 to \\udfff)"
    if kind in _EXPECTED:
        found, expected = _kind(problem["input"]), _EXPECTED[kind]
        return f"{path} is {found}, where {expected} is expected{_HINTS.get((found, expected), '')}"
    return f"{path}: {problem['msg']}"


def _suggestion(given: str, known: list[str]) -> str:
    close = get_close_matches(given, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    kinds = {str: "text", list: "a list", dict: "a mapping", int: "a number", float: "a number"}
    return kinds.get(type(value), "empty")
