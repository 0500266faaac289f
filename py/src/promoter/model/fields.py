"""Fields of the models: each with its one-line description, which the CLI's help and the steps' help are made from."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def required(help_text: str) -> Any:  # noqa: ANN401 - stands for the field's own type, as dataclasses.field does
    """Make a field that must be given; on the command line it is an argument without a flag."""
    return field(metadata={"help": help_text})


def option(help_text: str, default: Any = None, metavar: str = "TEXT") -> Any:  # noqa: ANN401 - see above
    """Make a field that may be left out; on the command line it is a flag."""
    return field(default=default, metadata={"help": help_text, "metavar": metavar})
