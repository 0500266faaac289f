"""Makes models from JSON and YAML text. pydantic is imported in here alone: a command line without files needs none."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from promoter.errors import WrongUsage
from promoter.model.configuration import Configuration, check

Model = TypeVar("Model")


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML, except that a key may stand only once in a mapping; PyYAML takes the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice.

        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                mark = node.value[position][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", mark)
        return super().construct_mapping(node, deep)


def read_configuration(text: str, name: str) -> Configuration:
    """Make the configuration from YAML.

    Args:
        text: the file's content.
        name: the file's name, for messages.

    Raises:
        WrongUsage: it is no YAML, or does not fit the model; all that does not fit is named.

    """
    try:
        data = yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise WrongUsage(f"{name} cannot be read: {error}", "Correct the file.") from error
    configuration = _fit(Configuration, data or {}, name)
    check(configuration)
    return configuration


def read_request(model: type[Model], text: str, name: str) -> Model:
    """Make a request from JSON, with names in camelCase as the steps have them. `null` counts as left out.

    Raises:
        WrongUsage: it is no JSON object, or does not fit the model.

    """
    try:
        data = json.loads(text, object_pairs_hook=_unique)
        given = {key: value for key, value in data.items() if value is not None}
    except (ValueError, AttributeError) as error:
        raise WrongUsage(f"{name} is no request: {error}.", "It is one JSON object.") from error
    return _fit(model, given, name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice among {', '.join(keys)}")
    return dict(pairs)


def _fit(model: type[Model], data: object, name: str) -> Model:
    try:
        return TypeAdapter(model).validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_url=False)
        ]
        raise WrongUsage(
            f"{name} does not fit: {'; '.join(problems)}.",
            "Correct what is named; docs/configuration.md lists every key.",
        ) from None
