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
        return self.project, self.stream_name

    @property
    def stream_name(self) -> str:
        """The name of its image stream."""
        return self.name.partition(":")[0]

    @property
    def tag(self) -> str:
        """What it is called in its image stream."""
        return self.name.partition(":")[2]


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
        Trigger(tag, container, moves and not is_paused)
        for origin, container, moves in found
        if (tag := tag_of(origin, project))
    ]


def tag_of(reference: Object, project: str) -> TagName | None:
    """Return the tag that an object of a project refers to; nothing if it is something else, such as a DockerImage."""
    if reference.get("kind") != "ImageStreamTag":
        return None
    return TagName(reference.get("namespace") or project, str(reference.get("name")))


def _of_deployment(workload: Workload) -> Iterator[tuple[Object, str, bool]]:
    try:
        entries = json.loads(workload.annotations.get(_ANNOTATION, "[]"))
    except ValueError:  # the cluster takes no notice of such a one either
        return
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("from"), dict):
            continue
        if container := _container(workload, str(entry.get("fieldPath"))):
            yield entry["from"], container, entry.get("paused") not in (True, "true")


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
