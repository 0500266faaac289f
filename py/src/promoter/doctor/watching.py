"""Who watches image stream tags.

Deployments have their triggers in the annotation `image.openshift.io/triggers`, a JSON list; DeploymentConfigs in
`spec.triggers[].imageChangeParams`; BuildConfigs in `spec.triggers[].imageChange`, where the strategy's own `from` is
meant if there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from promoter.errors import NotFound
from promoter.openshift.api import ClusterApi, Object
from promoter.openshift.webhook import BUILD_API

_ANNOTATION = "image.openshift.io/triggers"


class Tag(NamedTuple):
    """A tag of an image stream."""

    project: str
    stream: str
    name: str

    def __str__(self) -> str:
        """Write it as `oc tag` does."""
        return f"{self.project}/{self.stream}:{self.name}"


class Trigger(NamedTuple):
    """What waits for a tag to move: a `kind` of object, its name, and the tag."""

    kind: str
    name: str
    tag: Tag


def triggers_in(api: ClusterApi, project: str) -> list[Trigger]:
    """Return all triggers of a project.

    Raises:
        NotPermitted, Unreachable: they cannot be had.

    """
    found = []
    for kind, path, references in (
        ("Deployment", f"/apis/apps/v1/namespaces/{project}/deployments", _of_deployment),
        ("DeploymentConfig", f"/apis/apps.openshift.io/v1/namespaces/{project}/deploymentconfigs", _of_config),
        ("BuildConfig", f"{BUILD_API}/namespaces/{project}/buildconfigs", _of_build_config),
    ):
        for fields in _items(api, path):
            tags = {tag for reference in references(fields) if (tag := _tag(reference, project))}
            found += [Trigger(kind, str(fields["metadata"]["name"]), tag) for tag in sorted(tags)]
    return found


def built_in(api: ClusterApi, project: str) -> set[Tag]:
    """Return the tags that a project's own builds move.

    Raises:
        NotPermitted, Unreachable: the BuildConfigs cannot be had.

    """
    configs = _items(api, f"{BUILD_API}/namespaces/{project}/buildconfigs")
    outputs = (config.get("spec", {}).get("output", {}).get("to") for config in configs)
    return {tag for output in outputs if (tag := _tag(output or {}, project))}


def _items(api: ClusterApi, path: str) -> list[Object]:
    try:
        return api.get(path).get("items") or []
    except NotFound:  # not every cluster has DeploymentConfigs
        return []


def _tag(reference: Object, project: str) -> Tag | None:
    if reference.get("kind") != "ImageStreamTag":
        return None
    stream, _, name = str(reference.get("name")).partition(":")
    return Tag(reference.get("namespace") or project, stream, name)


def _of_deployment(fields: Object) -> Iterator[Object]:
    annotation = (fields["metadata"].get("annotations") or {}).get(_ANNOTATION)
    try:
        entries = json.loads(annotation or "[]")
    except ValueError:  # the cluster takes no notice of such a one either
        return
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield entry.get("from") or {}


def _of_config(fields: Object) -> Iterator[Object]:
    for trigger in fields.get("spec", {}).get("triggers") or ():
        yield (trigger.get("imageChangeParams") or {}).get("from") or {}


def _of_build_config(fields: Object) -> Iterator[Object]:
    spec = fields.get("spec", {})
    strategies = [value for value in (spec.get("strategy") or {}).values() if isinstance(value, dict)]
    own: Object = next((strategy["from"] for strategy in strategies if strategy.get("from")), {})
    for trigger in spec.get("triggers") or ():
        if trigger.get("type") == "ImageChange":
            yield (trigger.get("imageChange") or {}).get("from") or own
