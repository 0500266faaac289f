"""Triggers: which tags of image streams a workload watches.

A Deployment has them in the annotation `image.openshift.io/triggers`, a JSON list of `from`, `fieldPath` and `paused`
(OpenShift, "Triggering updates on image stream changes"); a DeploymentConfig in `spec.triggers[].imageChangeParams`,
with `from`, `containerNames` and `automatic` (apps.openshift.io/v1). When the tag becomes another digest, the cluster
writes it into the containers' images; while it stays the same digest, nothing happens (openshift-controller-manager,
pkg/image/trigger).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from promoter.model.workload import CONFIG
from promoter.openshift.api import Object
from promoter.openshift.workloads import Workload, pod_template

_ANNOTATION = "image.openshift.io/triggers"
_CONTAINER = re.compile(r"""ontainers\[\?\(@\.name==["'](?P<name>[^"']+)["']\)\]\.image$""")
_INDEX = re.compile(r"\.(?P<list>containers|initContainers)\[(?P<index>\d+)\]\.image$")


class TagName(NamedTuple):
    """A tag of an image stream of a project: `name` is stream:tag."""

    project: str
    name: str

    def __str__(self) -> str:
        """Write it as `oc tag` does."""
        return f"{self.project}/{self.name}"

    @property
    def stream(self) -> tuple[str, str]:
        """The project and name of its image stream."""
        return self.project, self.name.partition(":")[0]


class Trigger(NamedTuple):
    """A container's image that follows a tag.

    Args:
        tag: the tag.
        container: the container.
        is_automatic: whether the image follows at once; if not, a person starts the rollout.

    """

    tag: TagName
    container: str
    is_automatic: bool


def triggers_of(workload: Workload, project: str) -> list[Trigger]:
    """Return what a workload of a project watches; what the cluster does not understand is left out."""
    found = _of_config(workload) if workload.name.kind == CONFIG else _of_deployment(workload)
    is_paused = bool(workload.spec.get("paused"))
    return [
        Trigger(TagName(origin.get("namespace") or project, str(origin.get("name"))), container, automatic)
        for origin, container, automatic in ((one, name, moves and not is_paused) for one, name, moves in found)
        if origin.get("kind") == "ImageStreamTag"
    ]


def _of_deployment(workload: Workload) -> Iterator[tuple[Object, str, bool]]:
    try:
        entries = json.loads(workload.annotations.get(_ANNOTATION, "[]"))
    except ValueError:  # the cluster takes no notice of such a one either
        return
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (container := _container(workload, str(entry.get("fieldPath")))):
            yield entry.get("from") or {}, container, entry.get("paused") not in (True, "true")


def _container(workload: Workload, path: str) -> str | None:
    """Return the container that a field path means, by its name or by its index."""
    if named := _CONTAINER.search(path):
        return named["name"]
    if counted := _INDEX.search(path):
        containers = pod_template(workload.fields).get(counted["list"]) or ()
        names = [str(one.get("name")) for one in containers]
        return next(iter(names[int(counted["index"]) :]), None)
    return None


def _of_config(workload: Workload) -> Iterator[tuple[Object, str, bool]]:
    for trigger in workload.spec.get("triggers") or ():
        change = trigger.get("imageChangeParams") or {}
        for container in change.get("containerNames") or ():
            yield change.get("from") or {}, str(container), bool(change.get("automatic"))
