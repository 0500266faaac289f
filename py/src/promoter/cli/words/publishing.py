"""What people read of a published image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.model.base import Model
from promoter.model.publishing import PublishResult


def _published(result: PublishResult) -> list[str]:
    facts = {
        "digest": result.digest,
        "revision": result.revision,
        "built by": result.built_by,
        "image": result.image,
        "record": result.record,
        "stream tag": result.stream_tag,
    }
    return [
        f"{result.status}: {result.destination}",
        *(f"  {name:10} {value}" for name, value in facts.items() if value),
    ]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {PublishResult: _published}
