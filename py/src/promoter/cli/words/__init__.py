"""What people read of a result, on standard output."""

from __future__ import annotations

from importlib import import_module

from promoter.model.base import Model

_MODULES = {
    "promoter.model.bundle": "promoter.cli.words.bundle",
    "promoter.model.constraints": "promoter.cli.words.constraints",
    "promoter.model.publishing": "promoter.cli.words.publishing",
    "promoter.model.result": "promoter.cli.words.promotions",
}
"""For the results of each module of the model, the module whose `words` says them; imported when there is one."""


def words_of(result: Model) -> list[str]:
    """Return a result in lines for people; none if there is nothing to say."""
    lines: list[str] = import_module(_MODULES[type(result).__module__]).words(result)
    return lines
