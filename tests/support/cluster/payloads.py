"""The payload of a generic webhook: what the server reads, and what it says of what it cannot read [8]."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import ClassVar, TypeVar

import yaml

from .answers import Document, bad_request

T = TypeVar("T")

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf'({_TOKEN}/{_TOKEN})(\s*;\s*{_TOKEN}=({_TOKEN}|"[^"]*"))*\s*;?')
_GO_TYPES: Mapping[type, str] = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


class Unreadable(Exception):
    """A payload that is ignored; `str()` is the server's warning."""


class _Yaml(yaml.SafeLoader):
    """YAML as the API server reads it: `y` and `n` are booleans, and a date is a string."""

    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), list("yYnN"))


def read_payload(content_type: str, body: bytes) -> Document | None:
    """Return the payload, or None for an empty one; raise Unreadable, or ApiError for a bad Content-Type."""
    media_type = _media_type(content_type)
    if media_type not in ("application/json", "application/yaml"):
        raise Unreadable("invalid Content-Type on payload, ignoring payload and continuing with build")
    if not body:
        return None
    payload = _from_yaml(body) if media_type == "application/yaml" else _from_json(body)
    return _checked(payload) or {}


def _media_type(content_type: str) -> str:
    if not content_type:
        return ""
    found = _MEDIA_TYPE.fullmatch(content_type.strip())
    if not found:  # [8] malformed Content-Type
        raise bad_request("error parsing Content-Type: mime: invalid media parameter")
    return found[1].lower()


def _from_json(body: bytes) -> object:
    text = body.decode(errors="replace")
    try:
        document: object = json.loads(text)
    except json.JSONDecodeError as error:
        rest = text[error.pos :].strip()
        if not rest:  # [8] broken JSON
            raise _unmarshalling("unexpected end of JSON input") from None
        raise _unmarshalling(f"invalid character '{rest[0]}' looking for beginning of value") from None
    return document


def _from_yaml(body: bytes) -> object:
    try:
        document: object = yaml.load(body, Loader=_Yaml)
    except yaml.YAMLError as error:
        problem = f"error converting payload to json: yaml: {error}"
        raise Unreadable(f"{problem}, ignoring payload and continuing with build") from None
    return document


def _checked(payload: object) -> Document | None:
    """[8] env with non-string value; YAML env."""
    document = _typed(payload, dict, "Go value of type v1.GenericWebHookEvent")
    env = (document or {}).get("env")
    for variable in _typed(env, list, "Go struct field GenericWebHookEvent.env of type []v1.EnvVar") or ():
        named = _typed(variable, dict, "Go struct field GenericWebHookEvent.env of type v1.EnvVar") or {}
        for field in ("name", "value"):
            _typed(named.get(field), str, f"Go struct field EnvVar.env.{field} of type string")
    return document


def _typed(value: object, wanted: type[T], target: str) -> T | None:
    if value is None or isinstance(value, wanted):
        return value
    raise _unmarshalling(f"json: cannot unmarshal {_GO_TYPES[type(value)]} into {target}")


def _unmarshalling(problem: str) -> Unreadable:
    return Unreadable(f"error unmarshalling payload: {problem}, ignoring payload and continuing with build")
