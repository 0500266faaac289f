"""How pydantic checks models that come from files; imported by pydantic's own question alone (`Model`)."""

from __future__ import annotations

from typing import Any, get_type_hints

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


def schema_of(model: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - any subclass of Model, which knows this module
    """Return how pydantic checks a model: with the names of its files and no others, and with values of its types."""
    hints = get_type_hints(model)
    fields = {
        name: core_schema.typed_dict_field(
            handler.generate_schema(hints[name]), required=field.is_required, validation_alias=model.spell(name)
        )
        for name, field in model.fields.items()
    }
    strict = core_schema.CoreConfig(strict=True)
    values = core_schema.typed_dict_schema(fields, extra_behavior="forbid", config=strict)
    return core_schema.no_info_after_validator_function(lambda given: model(**given), values)
