"""Processes an OpenShift Template as `oc process --local` does.

The rules are those of github.com/openshift/library-go, pkg/template/templateprocessing: in texts `${NAME}` is replaced
as text; a text that is `${{NAME}}` as a whole becomes what the value is as JSON, or the value itself if it is none.
What names no parameter stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_TEXT = re.compile(r"\$\{([a-zA-Z0-9_]+?)\}")
_WHOLE = re.compile(r"\$\{\{([a-zA-Z0-9_]+)\}\}")


def process(template: dict[str, Any], given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the template's objects with these values; raises ValueError if one is unknown or missing."""
    values = {parameter["name"]: parameter.get("value", "") for parameter in template["parameters"]}
    if unknown := given.keys() - values.keys():
        raise ValueError(f"unknown parameter {', '.join(sorted(unknown))}")
    values |= given
    missing = [one["name"] for one in template["parameters"] if one.get("required") and not values[one["name"]]]
    if missing:
        raise ValueError(f"parameter {', '.join(missing)} is required and must be specified")
    objects: list[dict[str, Any]] = _replaced(template["objects"], values)
    return objects


def _replaced(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - any part of a JSON document
    if isinstance(value, dict):
        return {_replaced(key, values): _replaced(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, values) for inner in value]
    if not isinstance(value, str):
        return value
    if (whole := _WHOLE.fullmatch(value)) and whole[1] in values:
        try:
            return json.loads(values[whole[1]])
        except ValueError:
            return values[whole[1]]
    return _TEXT.sub(lambda found: values.get(found[1], found[0]), value)
