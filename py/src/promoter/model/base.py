"""What requests, results and the configuration are made of: named fields with a type, a default and a description.

Dataclasses in all but name. Importing the real ones, and letting them write their methods, would be a quarter of the
time that a promotion with nothing to do takes (docs/benchmarks.md).
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform

Document = dict[str, Any] | list[Any]
"""What a JSON document is of, its outermost part."""


class Field:
    """A field of a model.

    Args:
        default: its value if it is left out; `REQUIRED` if it must be given.
        about: its one-line description.
        metavar: what stands for its value in the command line's help.

    """

    __slots__ = ("about", "annotation", "default", "metavar", "name")

    def __init__(self, default: Any, about: str = "", metavar: str = "") -> None:  # noqa: ANN401 - any field's
        self.default = default
        self.about = about
        self.metavar = metavar
        self.name = ""
        self.annotation = ""

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED


REQUIRED: Any = object()


def required(about: str, *, metavar: str = "") -> Any:  # noqa: ANN401 - stands for the field's own type
    """Make a field that must be given; on the command line it is an argument without a flag."""
    return Field(REQUIRED, about, metavar)


def option(about: str, *, default: Any, metavar: str = "TEXT") -> Any:  # noqa: ANN401 - see above
    """Make a field that may be left out; on the command line it is a flag."""
    return Field(default, about, metavar)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(required, option))
class Model:
    """A bundle of named values; two of one class are equal if their values are."""

    fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        """Collect the fields: those of the base classes first, as dataclasses do."""
        cls.fields = {}
        for base in reversed(cls.__mro__[1:]):
            cls.fields |= getattr(base, "fields", {})
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            if not annotation.startswith("ClassVar"):
                default = vars(cls).get(name, REQUIRED)
                field = default if isinstance(default, Field) else Field(default)
                field.name, field.annotation = name, annotation
                cls.fields[name] = field

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - each field has its own type
        if unknown := given.keys() - self.fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        values = {name: field.default for name, field in self.fields.items()} | given
        if missing := [name for name, value in values.items() if value is REQUIRED]:
            raise TypeError(f"{type(self).__name__} lacks {', '.join(missing)}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} stays as it was made")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(map(_hashable, vars(self).values())))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    @staticmethod
    def spell(name: str) -> str:
        """Return a field's name as files spell it."""
        return name

    def but(self, **values: Any) -> Self:  # noqa: ANN401 - each field has its own type
        """Return the same with other values for some fields."""
        return type(self)(**(vars(self) | values))

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, models in them turned the same way."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def to_document(self) -> Document:
        """Return what programs read of it: the values by name, where its class says nothing else."""
        return self.to_dict()


def _hashable(value: Any) -> Any:  # noqa: ANN401 - whatever fields hold
    return frozenset(value.items()) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever fields hold
    if isinstance(value, Model):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
