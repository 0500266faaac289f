"""How pydantic checks models that come from files; imported by pydantic's own question alone (`Model`)."""

from __future__ import annotations

from typing import Any, NoReturn, get_type_hints

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

UNKNOWN_KEY = "unknown_key"
"""The type of the error for a key that a model does not have; its context has those that it does as `known`."""


def schema_of(model: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - any subclass of Model, which knows this module
    """Return how pydantic checks a model: with the names of its files and no others, and with values of its types."""
    hints = get_type_hints(model)
    names = {model.spell(name): name for name in model.fields}
    fields = {
        key: core_schema.typed_dict_field(handler.generate_schema(hints[name]), required=model.fields[name].is_required)
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
