"""How models that come from files are checked.

By pydantic's core alone: pydantic itself would make the same schemas of the same annotations, and importing it takes as
long again as all the rest of reading a file.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema

from promoter.model.base import Model

UNKNOWN_KEY = "unknown_key"
"""The type of the error for a key that a model does not have; its context has those that it does as `known`."""

Made = TypeVar("Made", bound=Model)
_PLAIN = {
    str: core_schema.str_schema(),
    bool: core_schema.bool_schema(),
    int: core_schema.int_schema(),
    float: core_schema.float_schema(),
}


def checked(model: type[Made], content: str) -> Made:
    """Make a model from JSON, with the names of its files and no others, and with values of its types.

    Raises:
        pydantic_core.ValidationError: it does not fit; all that does not is named.

    """
    made: Made = SchemaValidator(_of_model(model)).validate_json(content)
    return made


def _of_model(model: type[Model]) -> CoreSchema:
    hints = get_type_hints(model)
    names = {model.spell(name): name for name in model.fields}
    fields = {
        key: core_schema.typed_dict_field(_of_type(hints[name]), required=model.fields[name].is_required)
        for key, name in names.items()
    }

    def refuse(_value: object) -> NoReturn:
        raise PydanticCustomError(UNKNOWN_KEY, "no such key", {"known": list(names)})

    values = core_schema.typed_dict_schema(
        fields,
        extra_behavior="allow",
        extras_schema=core_schema.no_info_plain_validator_function(refuse),
        config=core_schema.CoreConfig(strict=True),
    )
    return core_schema.no_info_after_validator_function(
        lambda given: model(**{names[key]: value for key, value in given.items()}), values
    )


def _of_type(hint: Any) -> CoreSchema:  # noqa: ANN401 - any annotation of a field
    """Return how a field's value is checked: a list of JSON becomes a tuple."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return core_schema.nullable_schema(_of_type(inner))
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    if origin is tuple:
        return core_schema.tuple_schema([_of_type(arguments[0])], variadic_item_index=0)
    if origin is dict:
        return core_schema.dict_schema(*map(_of_type, arguments))
    return _PLAIN[hint] if hint in _PLAIN else _of_model(hint)
