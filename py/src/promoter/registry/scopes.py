"""The scopes of tokens, and which of them are asked for together.

A token may have several scopes (token specification of the distribution project: `scope` is repeated), and what it is
not granted is left out of it. So one request gets a token for many repositories.
"""

from __future__ import annotations

from collections.abc import Iterable

Scopes = tuple[str, ...]
_MOST_TOGETHER = 8
"""How many repositories one token is asked for: it travels with each request, and the registry reads it each time."""


class Grouping:
    """Says what to ask for along with what is needed."""

    def __init__(self) -> None:
        self._groups: dict[str, Scopes] = {}
        self._alone: set[Scopes] = set()

    def add(self, scopes: Iterable[str]) -> None:
        """Let these be asked for together, in groups of a bounded size."""
        distinct = sorted(set(scopes))
        for begin in range(0, len(distinct), _MOST_TOGETHER):
            group = tuple(distinct[begin : begin + _MOST_TOGETHER])
            self._groups |= dict.fromkeys(group, group)

    def around(self, scopes: Scopes) -> Scopes:
        """Return what to ask for if these are needed; the same for all that can share a token."""
        groups = [self._groups.get(scope) or self._groups.get(f"{scope},push") for scope in scopes]
        if scopes in self._alone or not any(groups):
            return scopes
        together = (group or (scope,) for scope, group in zip(scopes, groups, strict=True))
        return tuple(sorted({one for group in together for one in group}))

    def leave(self, scopes: Scopes) -> None:
        """Let these be asked for alone from now on: a token with others did not do."""
        self._alone.add(scopes)
