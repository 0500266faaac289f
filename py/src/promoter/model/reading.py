"""Makes models from JSON and YAML text. A command line without files needs neither."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from promoter.errors import WrongUsage
from promoter.model.base import Model
from promoter.model.configuration import Configuration, check

Made = TypeVar("Made", bound=Model)
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    """YAML, except that a key is text and may stand only once in a mapping; PyYAML takes the last without a word."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Read a mapping, before merge keys (`<<`) are resolved: what is merged in may be overridden.

        Raises:
            yaml.composer.ComposerError: a key stands twice, or is no text.

        """
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                raise yaml.composer.ComposerError(None, None, "a key is no text: put it in quotes", key.start_mark)
            if key.value in seen:
                raise yaml.composer.ComposerError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return node


def read_configuration(text: str, name: str) -> Configuration:
    """Make the configuration from YAML.

    Args:
        text: the file's content.
        name: the file's name, for messages.

    Raises:
        WrongUsage: it is no YAML, or does not fit the model; all that does not fit is named.

    """
    try:
        data = yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader
        content = json.dumps({} if data is None else data)
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise WrongUsage(
            f"{name} cannot be read: {error}.", "Correct the file; a date that is meant as text goes in quotes."
        ) from error
    configuration = _fit(Configuration, content, name)
    check(configuration)
    return configuration


def read_request(model: type[Made], text: str, name: str) -> Made:
    """Make a request from JSON, with names in camelCase as the steps have them. `null` counts as left out.

    Raises:
        WrongUsage: it is no JSON object, or does not fit the model.

    """
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise WrongUsage(f"{name} is no request: {error}.", "It is one JSON object.") from error
    if not isinstance(data, dict):
        raise WrongUsage(f"{name} is no request: it is JSON, but no object.", "It is one JSON object.")
    return _fit(model, json.dumps({key: value for key, value in data.items() if value is not None}), name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice among {', '.join(keys)}")
    return dict(pairs)


def _fit(model: type[Made], content: str, name: str) -> Made:
    try:
        return TypeAdapter(model).validate_json(content)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'as a whole'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        ]
        raise WrongUsage(
            f"{name} does not fit: {'; '.join(problems)}.",
            "Correct what is named; docs/configuration.md lists every key.",
        ) from None
