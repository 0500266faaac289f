"""Inconsistencies: short codes for what is wrong with how components are built, and the annotation that holds them.

The annotation's value maps components to codes: `{"web": ["i1", "i12"]}`. Deployed systems write a list of messages
instead, about the component that the tag is named after (openshift/release-controller, cmd/release-controller-api/
http.go: httpInconsistencyInfo). So a message may stand wherever a code does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeGuard

from promoter.errors import WrongUsage
from promoter.model.base import Model
from promoter.model.line import in_a_line

ANNOTATION = "release.openshift.io/inconsistency"
"""On a tag of an image stream: what is inconsistent about its image."""

CONFIG_MAP = "inconsistencies"
"""The ConfigMap of a project that says what codes mean."""

DIFFERENT = "i1"
UNMAPPED = "i2"
DIFFERENT_COUNT = "i3"
DISPARATE_RPMS = "i12"
MESSAGES: Mapping[str, str] = {
    DIFFERENT: "Upstream and downstream build configurations differ",
    UNMAPPED: "No product image maps back to an upstream builder image",
    DIFFERENT_COUNT: "Dockerfile and metadata have different numbers of parents",
    DISPARATE_RPMS: "Image build with disparate rpms",
}
"""What our own codes mean, where no ConfigMap says it."""

LARGEST = 64 * 1024
"""How many bytes a value may have: a quarter of what all annotations of an object may have together (Kubernetes,
apimachinery/pkg/api/validation: TotalAnnotationSizeLimitB); and an image stream, of which releases are tags, has to fit
into etcd as a whole. Hundreds of components with a few codes each stay far below."""

_DEPTH = 2
"""How deeply a value is nested: lists in a mapping."""

Inconsistencies = Mapping[str, tuple[str, ...]]
"""The codes of each component that has any, sorted."""


class Inconsistency(Model):
    """One thing that is inconsistent about a component.

    Args:
        component: the component.
        code: what is inconsistent, such as `i1`; deployed systems write a message instead.
        message: what the code means; an unknown one is its own message.

    """

    component: str
    code: str
    message: str

    def __str__(self) -> str:
        """Write it in one line."""
        return in_a_line(f"{self.component}: {self.code}{'' if self.message == self.code else f' ({self.message})'}")


def read_inconsistencies(value: str, component: str) -> Inconsistencies:
    """Read the annotation's value; one that makes no sense counts as a message.

    Args:
        value: a mapping of components to lists of codes, or a list of messages, as JSON or YAML.
        component: whose the messages are: that of the tag.

    """
    found = _parsed(value)
    if _is_list(found):
        return _tidy({component: found})
    return _tidy(found if is_mapping(found) else {component: [value]})


def is_mapping(found: object) -> TypeGuard[dict[str, list[str]]]:
    """Tell whether it is components with their lists of codes."""
    return (
        isinstance(found, dict)
        and all(isinstance(component, str) for component in found)
        and all(map(_is_list, found.values()))
    )


def union(*several: Inconsistencies) -> Inconsistencies:
    """Return all codes of all components."""
    components = {component for one in several for component in one}
    return _tidy({component: [code for one in several for code in one.get(component, ())] for component in components})


def written(inconsistencies: Inconsistencies) -> str:
    """Write the annotation's value, always the same for the same.

    Raises:
        WrongUsage: it is too large.

    """
    value = json.dumps(_tidy(inconsistencies), separators=(",", ":"))
    if len(value) > LARGEST:
        raise WrongUsage(
            f"The inconsistencies of {len(inconsistencies)} components take {len(value)} bytes; an annotation may "
            f"have {LARGEST} here.",
            "Write short codes, and let the ConfigMap say what they mean.",
        )
    return value


def explained(inconsistencies: Inconsistencies, messages: Mapping[str, str]) -> tuple[Inconsistency, ...]:
    """Return each inconsistency with what its code means, component by component."""
    return tuple(
        Inconsistency(component=component, code=code, message=messages.get(code, code))
        for component, codes in inconsistencies.items()
        for code in codes
    )


def _tidy(inconsistencies: Mapping[str, Iterable[str]]) -> Inconsistencies:
    """Sort components and their codes, and leave out what says nothing."""
    named = {key: sorted({code.strip() for code in codes} - {""}) for key, codes in inconsistencies.items()}
    return {component: tuple(named[component]) for component in sorted(named) if named[component]}


def _parsed(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return _parsed_yaml(value)


def _parsed_yaml(value: str) -> object:
    import yaml  # noqa: PLC0415 - slow to import, and mostly it is JSON

    depth = 0
    try:
        for event in yaml.parse(value, yaml.BaseLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH or isinstance(event, yaml.AliasEvent):  # a little of either can keep one busy for hours
                return None
        return yaml.load(value, yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings alone
    except (yaml.YAMLError, ValueError):
        return None


def _is_list(found: object) -> TypeGuard[list[str]]:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)
