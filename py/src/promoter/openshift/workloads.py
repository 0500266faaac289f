"""Workloads: Deployments and DeploymentConfigs, with their pods.

API: apps/v1 Deployments make their pods through ReplicaSets, apps.openshift.io/v1 DeploymentConfigs through
ReplicationControllers named NAME-VERSION; whose a revision or a pod is, its `ownerReferences` say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from promoter.errors import NotFound
from promoter.model.workload import CONFIG, DEPLOYMENT, WorkloadName
from promoter.openshift.api import ClusterApi, Object
from promoter.openshift.rights import Right

_ENDED = frozenset({"Succeeded", "Failed"})
_CONFIG_LABEL = "openshift.io/deployment-config.name"


class _Kind(NamedTuple):
    """Where a kind of workload is in the API, and where its revisions are."""

    group: str
    resource: str
    revisions_api: str
    revisions: str


_KINDS = {
    DEPLOYMENT: _Kind("apps", "deployments", "/apis/apps/v1", "replicasets"),
    CONFIG: _Kind("apps.openshift.io", "deploymentconfigs", "/api/v1", "replicationcontrollers"),
}


class Workload(NamedTuple):
    """A Deployment or DeploymentConfig, as the API gave it.

    Args:
        name: its name.
        fields: what the API gave.
        revisions: its ReplicaSets or ReplicationControllers, if they were asked for.
        pods: the pods of those that have neither ended nor are about to.

    """

    name: WorkloadName
    fields: Object
    revisions: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()

    @property
    def spec(self) -> Object:
        """What it shall be."""
        return self.fields.get("spec") or {}

    @property
    def status(self) -> Object:
        """What it is."""
        return self.fields.get("status") or {}

    @property
    def annotations(self) -> dict[str, str]:
        """What is noted on it."""
        return self.fields["metadata"].get("annotations") or {}

    @property
    def replicas(self) -> int:
        """How many pods it shall have."""
        replicas = self.spec.get("replicas")
        return 1 if replicas is None else int(replicas)

    @property
    def is_observed(self) -> bool:
        """Whether its status is about what it shall be now."""
        return int(self.status.get("observedGeneration") or 0) >= int(self.fields["metadata"].get("generation") or 0)

    @property
    def newest_revision(self) -> Object | None:
        """The ReplicationController of a DeploymentConfig's latest version, if there is one already."""
        name = f"{self.name.name}-{self.status.get('latestVersion') or 0}"
        return next((one for one in self.revisions if one["metadata"]["name"] == name), None)

    def condition(self, kind: str) -> Object:
        """Return its condition of a type, empty if it has none."""
        conditions = self.status.get("conditions") or ()
        return next((one for one in conditions if one.get("type") == kind), {})


def pod_template(fields: Object) -> Object:
    """Return the pods' `spec` that a workload or a revision has."""
    template: Object = (fields.get("spec") or {}).get("template") or {}
    return template.get("spec") or {}


def rights_to_follow(project: str, names: Iterable[WorkloadName]) -> Iterator[Right]:
    """Yield what it takes to get workloads with their pods; if none is named, to look for all of them as well."""
    named = {name.kind for name in names}
    for kind, where in _KINDS.items():
        if kind in named or not named:
            yield Right("get", where.resource, project)
            yield Right("list", where.revisions, project)
        if not named:
            yield Right("list", where.resource, project)
    yield Right("list", "pods", project)


class Workloads:
    """The workloads of a project.

    Args:
        api: the cluster.
        project: the project.

    """

    def __init__(self, api: ClusterApi, project: str) -> None:
        self.api = api
        self.project = project

    def all(self) -> Iterator[Workload]:
        """Yield all workloads, without their pods.

        Raises:
            NotPermitted, Unreachable: they cannot be listed.

        """
        for kind, where in _KINDS.items():
            try:
                listed = self.api.get(self._listed(where))
            except NotFound:  # not every cluster has DeploymentConfigs
                continue
            for fields in listed.get("items") or ():
                yield Workload(WorkloadName(kind, str(fields["metadata"]["name"])), fields)

    def get(self, name: WorkloadName) -> Workload:
        """Get a workload, without its pods.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        return Workload(name, self.api.get(self.path(name)))

    def with_pods(self, name: WorkloadName) -> Workload:
        """Get a workload with its revisions and pods.

        Raises:
            NotFound, NotPermitted, Unreachable: they cannot be had.

        """
        found = self.get(name)
        where = _KINDS[name.kind]
        revisions = self._owned([found.fields], where.revisions_api, where.revisions, _marks(found))
        pods = self._owned(revisions, "/api/v1", "pods", _selected(found))
        return found._replace(revisions=revisions, pods=tuple(filter(_is_live, pods)))

    def path(self, name: WorkloadName) -> str:
        """Return where a workload is in the API."""
        return f"{self._listed(_KINDS[name.kind])}/{name.name}"

    def resource(self, name: WorkloadName) -> str:
        """Return how rights name its kind."""
        return _KINDS[name.kind].resource

    def _listed(self, where: _Kind) -> str:
        return f"/apis/{where.group}/v1/namespaces/{self.project}/{where.resource}"

    def _owned(self, owners: Iterable[Object], api: str, resource: str, labels: dict[str, str]) -> tuple[Object, ...]:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        identities = {owner["metadata"]["uid"] for owner in owners}
        listed = self.api.get(f"{api}/namespaces/{self.project}/{resource}", labelSelector=selector)
        return tuple(one for one in listed.get("items") or () if _is_owned(one, identities))


def _selected(workload: Workload) -> dict[str, str]:
    """Return the labels that all its pods have."""
    selector: Object = workload.spec.get("selector") or {}
    return selector.get("matchLabels") or {} if workload.name.kind == DEPLOYMENT else selector


def _marks(workload: Workload) -> dict[str, str]:
    """Return the labels that all its revisions have."""
    return _selected(workload) if workload.name.kind == DEPLOYMENT else {_CONFIG_LABEL: workload.name.name}


def _is_owned(fields: Object, owners: Collection[str]) -> bool:
    return any(reference.get("uid") in owners for reference in fields["metadata"].get("ownerReferences") or ())


def _is_live(pod: Object) -> bool:
    is_leaving = "deletionTimestamp" in pod["metadata"]
    return not is_leaving and (pod.get("status") or {}).get("phase") not in _ENDED
