"""docs/results.md: what the commands give back, from the models and what their docstrings say of the fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from promoter.cli.commands import Command
from promoter.errors import PromoterError
from promoter.model.base import Model
from promoter.model.failure import Failure

_INTRODUCTION = """# Results

What a command gives back: `--json` shows it on standard output, `--result FILE` writes it to a file, which has `{}`
until the command is done, and a [step](../README.md#in-a-jenkinsfile) returns it as a map. [cli.md](cli.md) has the
parameters.

All fields are there, but for a result's own `error`, which is there only if something went wrong. What is called
nothing here is `null`. Where nothing else is said, images and tags are full references, such as
`registry.example.com/shop/web:1.4.2`, and records the same by digest; tags of image streams are `environment/name:tag`.
Digests are `sha256:…` alone, times in UTC (RFC 3339), durations in seconds.

## Errors

A command that fails gives back `{"error": {…}}` alone. One that does several things, as a release does, may have done
some of them: then `error` stands beside what became of each. Where one of them failed, it has an `error` of its own.
"""
_DEFECTS = "| `failure` | 1 | A defect of promoter; its lines say where. |"
_SIGNALS = "| `interrupted` | 130, 143 | SIGINT or SIGTERM arrived. |"
_PARTS = """## Parts

What results are made of.
"""
_NAMES: Mapping[Any, str] = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}


def results_page(commands: Mapping[str, Command], steps: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        commands: the commands, by name.
        steps: the steps that return what a command does, by that command's name.

    Raises:
        ValueError: a model's docstring does not tell what its fields are.

    """
    returning = _by_result(commands)
    parts = _parts(result for results in returning for result in results)
    return "\n".join(
        [
            _INTRODUCTION,
            *_table(Failure),
            *_kinds(),
            *(line for results, names in returning.items() for line in _section(names, results, steps)),
            _PARTS,
            *(line for part in parts for line in _described(part)),
        ]
    )


def _kinds() -> list[str]:
    kinds = PromoterError.__subclasses__()
    rows = (f"| `{kind.kind}` | {kind.exit_code} | {_about(kind)} |" for kind in kinds)
    return ["| kind | exit code | what it means |", "| --- | --- | --- |", _DEFECTS, *rows, _SIGNALS, ""]


def _by_result(commands: Mapping[str, Command]) -> dict[tuple[type[Model], ...], list[str]]:
    """Return the names of the commands by what they give back, which their use cases say."""
    found: dict[tuple[type[Model], ...], list[str]] = {}
    for name, command in commands.items():
        annotation = get_type_hints(command.load())["return"]
        results = get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)
        found.setdefault(results, []).append(name)
    return found


def _parts(results: Iterable[type[Model]]) -> list[type[Model]]:
    """Return the models that results are made of, by name; no results, nor the error, which have their places."""
    left = [*results]
    shown = {Failure, *left}
    parts: set[type[Model]] = set()
    while left:
        inner = {part for annotation in _annotations(left.pop()).values() for part in _models_in(annotation)}
        new = inner - parts - shown
        left += new
        parts |= new
    return sorted(parts, key=lambda part: part.__name__)


def _annotations(model: type[Model]) -> dict[str, Any]:
    hints = get_type_hints(model)
    return {name: hints[name] for name in model.fields}


def _models_in(annotation: Any) -> Iterator[type[Model]]:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _section(names: list[str], results: tuple[type[Model], ...], steps: Mapping[str, str]) -> list[str]:
    returning = [f"The step `{steps[name]}` returns it, too." for name in names if name in steps]
    return [
        f"## {', '.join(names)}",
        "",
        *(line for sentence in returning for line in (sentence, "")),
        *(line for result in results for line in _described(result)),
    ]


def _described(model: type[Model]) -> list[str]:
    heading = [f"### {model.__name__}", "", _about(model), ""]
    if model.to_document is Model.to_document:
        return [*heading, *_table(model)]
    ((name, annotation),) = _annotations(model).items()  # for programs it is its only field
    return [*heading, f"This is a {_type(annotation)}: {_meanings(model)[name]}.", ""]


def _table(model: type[Model]) -> list[str]:
    told = _meanings(model)
    rows = (f"| `{name}` | {_type(annotation)} | {told[name]} |" for name, annotation in _annotations(model).items())
    return ["| field | type | what it is |", "| --- | --- | --- |", *rows, ""]


def _type(annotation: Any, *, several: bool = False) -> str:  # noqa: ANN401 - any type
    """Write a type as JSON has it; the values that a status may have are told in words."""
    inner, origin = get_args(annotation), get_origin(annotation)
    if origin in (UnionType, Union):
        return " or ".join(_type(one, several=several) for one in inner)
    if origin is tuple:
        return f"list of {_type(inner[0], several=True)}"
    if origin is dict:
        return f"object of {_type(inner[1], several=True)}"
    if annotation is Failure:
        return "[error](#errors)"
    name = _NAMES.get(str if origin is Literal else annotation)
    if name is None:
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return f"{name}s" if several else name


def _meanings(model: type[Model]) -> dict[str, str]:
    """Return what each field is, from the docstrings of the class and of those that it is derived from."""
    told: dict[str, str] = {}
    for base in reversed(model.__mro__):
        told |= _arguments(base)
    _require_whole(model, told)
    return told


def _require_whole(model: type[Model], told: Mapping[str, str]) -> None:
    """See that all fields are told of, and all values that a status may have."""
    if odd := told.keys() ^ model.fields.keys():
        raise ValueError(f"{model.__name__} and its docstring have not the same fields: {', '.join(sorted(odd))}")
    for name, annotation in _annotations(model).items():
        values = get_args(annotation) if get_origin(annotation) is Literal else ()
        if untold := [value for value in values if f"`{value}`" not in told[name]]:
            raise ValueError(f"the docstring of {model.__name__} does not tell what {', '.join(untold)} means")


def _about(described: type) -> str:
    """Return what a class's own docstring says of it, in a line."""
    return " ".join(_docstring(described).partition("\nArgs:\n")[0].split())


def _arguments(described: type) -> dict[str, str]:
    """Return what a class's own docstring says of its fields, each in a line."""
    arguments = _docstring(described).partition("\nArgs:\n")[2]
    told = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", arguments, re.MULTILINE)
    return {name: " ".join(words.split()).removesuffix(".") for name, words in told}


def _docstring(described: type) -> str:
    return cleandoc(vars(described).get("__doc__") or "")
