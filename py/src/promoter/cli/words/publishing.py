"""What people read of a published image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.model.base import Model


def words(result: Model) -> list[str]:
    """Return a result in lines for people."""
    return _WORDS[type(result)](result)


_WORDS: dict[type[Model], Callable[[Any], list[str]]] = {}
