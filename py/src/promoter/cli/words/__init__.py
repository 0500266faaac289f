"""What people read of a result, on standard output."""

from __future__ import annotations

from importlib import import_module

from promoter.model.base import Model


def words_of(result: Model) -> list[str]:
    """Return a result in lines for people; none if there is nothing to say.

    What is in `promoter.model.NAME` is said by the `WORDS` of `promoter.cli.words.NAME`, which is imported for it.
    """
    name = type(result).__module__.rpartition(".")[2]
    lines: list[str] = import_module(f"{__name__}.{name}").WORDS[type(result)](result)
    return lines
