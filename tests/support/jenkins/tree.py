"""The `tree` of Jenkins' remote API: which fields of a document are answered, as in `name,builds[number]{0,10}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(r"[\w*$]+|\[|\]|,|\{\d*,\d*\}")


def pick(document: Any, tree: str) -> Any:  # noqa: ANN401 - any part of a document
    """Return what a tree asks for; without one, everything."""
    return document if not tree else _Reader(tree).read()(document)


class _Fields:
    """Fields by name, each with what is asked for below it; calling it picks them."""

    def __init__(self) -> None:
        self._below: dict[str, tuple[_Fields | None, slice]] = {}

    def add(self, name: str, below: _Fields | None, span: slice) -> None:
        self._below[name] = (below, span)

    def __call__(self, document: Any) -> Any:  # noqa: ANN401 - any part of a document
        if isinstance(document, list):
            return [self(one) for one in document]
        if not isinstance(document, dict):
            return document
        return {name: self._picked(name, value) for name, value in document.items() if self._has(name)}

    def _has(self, name: str) -> bool:
        return name == "_class" or name in self._below or "*" in self._below

    def _picked(self, name: str, value: Any) -> Any:  # noqa: ANN401 - any part of a document
        below, span = self._below.get(name, (None, slice(None)))
        value = value[span] if isinstance(value, list) else value
        return below(value) if below else value


class _Reader:
    """Reads a tree; raises StopIteration or KeyError where it is none."""

    def __init__(self, tree: str) -> None:
        self._tokens: Iterator[str] = iter([*_TOKEN.findall(tree), ""])
        self._next = next(self._tokens)

    def read(self) -> _Fields:
        fields = _Fields()
        while True:
            name, below, span = self._take(), None, slice(None)
            if self._next == "[":
                self._take()
                below = self.read()
                assert self._take() == "]"
            if self._next.startswith("{"):
                first, _, last = self._take()[1:-1].partition(",")
                span = slice(int(first or 0), int(last) if last else None)
            fields.add(name, below, span)
            if self._next != ",":
                return fields
            self._take()

    def _take(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token
