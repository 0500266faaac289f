"""What people read of tags, imports and builds of image streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.model.base import Model
from promoter.model.streams import ImportResult, StartBuildResult, TagOutcome, TagResult


def _tags(result: TagResult) -> list[str]:
    return [line for outcome in result.tags for line in _tag(outcome)]


def _tag(outcome: TagOutcome) -> list[str]:
    return [
        f"{outcome.status}: {outcome.destination}",
        f"  digest     {outcome.digest}",
        f"  source     {outcome.source}",
        *([f"  replaces   {outcome.previous_digest}"] if outcome.previous_digest else []),
    ]


def _import(result: ImportResult) -> list[str]:
    lines = [
        f"{result.status}: {result.destination}",
        f"  digest     {result.digest}",
        f"  source     {result.source}",
        f"  platforms  {', '.join(result.platforms)}" if result.platforms else "",
        f"  replaces   {result.previous_digest}" if result.previous_digest else "",
        "  scheduled  the cluster looks again regularly" if result.scheduled else "",
    ]
    return [line for line in lines if line]


def _build(result: StartBuildResult) -> list[str]:
    lines = [
        f"{result.status}: {result.build_config}",
        f"  build      {result.build.name} ({result.build.phase})" if result.build else "",
        f"  digest     {result.digest}" if result.digest else "",
        *(line for outcome in result.tags for line in _tag(outcome)),
    ]
    return [line for line in lines if line]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    TagResult: _tags,
    ImportResult: _import,
    StartBuildResult: _build,
}
