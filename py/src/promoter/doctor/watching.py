"""What watches image stream tags: workloads and BuildConfigs; and which tags builds move.

A BuildConfig has its triggers in `spec.triggers[].imageChange`, with `from` and `paused`; without a `from`, the one of
its strategy is meant. An annotation pauses the BuildConfig as a whole (build.openshift.io/v1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promoter.errors import NotFound
from promoter.model.workload import CONFIG, DEPLOYMENT
from promoter.openshift.api import ClusterApi, Object
from promoter.openshift.build_configs import BuildConfig
from promoter.openshift.triggers import TagName, tag_of, triggers_of
from promoter.openshift.webhook import BUILD_API
from promoter.openshift.workloads import Workloads

BUILD_CONFIG = "BuildConfig"
_KINDS = {DEPLOYMENT: "Deployment", CONFIG: "DeploymentConfig"}
_PAUSED = "openshift.io/build-config.paused"


class Watch(NamedTuple):
    """What waits for a tag to move.

    Args:
        kind: the kind of object, as the API names it.
        name: its name.
        tag: the tag.
        is_automatic: whether it starts at once; if not, a person starts it.

    """

    kind: str
    name: str
    tag: TagName
    is_automatic: bool


def by_workloads(api: ClusterApi, project: str) -> Iterator[Watch]:
    """Yield what the Deployments and DeploymentConfigs of a project watch.

    Raises:
        NotPermitted, Unreachable: they cannot be listed.

    """
    for workload in Workloads(api, project).all():
        for trigger in triggers_of(workload, project):
            yield Watch(_KINDS[workload.name.kind], workload.name.name, trigger.tag, trigger.is_automatic)


def by_builds(configs: Iterable[BuildConfig], project: str) -> Iterator[Watch]:
    """Yield what BuildConfigs of a project watch."""
    for config in configs:
        is_paused = (config.fields["metadata"].get("annotations") or {}).get(_PAUSED) == "true"
        for change in _changes(config):
            if tag := tag_of(change.get("from") or _base_image(config), project):
                yield Watch(BUILD_CONFIG, config.name, tag, not (is_paused or change.get("paused")))


def built_by(configs: Iterable[BuildConfig], project: str) -> set[TagName]:
    """Return the tags that builds of a project move."""
    return {tag for config in configs if (tag := tag_of(config.output, project))}


def build_configs_in(api: ClusterApi, project: str) -> list[BuildConfig]:
    """Return all BuildConfigs of a project.

    Raises:
        NotPermitted, Unreachable: they cannot be listed.

    """
    try:
        listed = api.get(f"{BUILD_API}/namespaces/{project}/buildconfigs")
    except NotFound:  # not every cluster has builds
        return []
    return [BuildConfig(fields) for fields in listed.get("items") or ()]


def _changes(config: BuildConfig) -> Iterator[Object]:
    for trigger in config.fields["spec"].get("triggers") or ():
        if trigger.get("type") == "ImageChange":
            yield trigger.get("imageChange") or {}


def _base_image(config: BuildConfig) -> Object:
    strategy: Object = config.fields["spec"].get("strategy") or {}
    ways = (way for way in strategy.values() if isinstance(way, dict))
    return next((way["from"] for way in ways if way.get("from")), {})
