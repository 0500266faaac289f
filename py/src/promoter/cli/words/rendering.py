"""What people read of what was rendered for a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.model.base import Model
from promoter.model.rendering import ManifestsResult


def _manifests(result: ManifestsResult) -> list[str]:
    if result.text is not None:
        return result.text.splitlines()
    return [f"written to {result.output}:", *(f"  {name}" for name in result.objects)]


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {ManifestsResult: _manifests}
