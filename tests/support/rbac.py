"""What RoleBindings allow an account, for the rigs: registry grants, and rights in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.cluster.access import Right

Document = dict[str, Any]

# openshift-apiserver, pkg/bootstrappolicy
_CLUSTER_ROLES = {
    "system:image-puller": {"imagestreams/layers": {"get"}},
    "system:image-pusher": {"imagestreams/layers": {"get", "update"}},
    "system:webhook": {"buildconfigs/webhooks": {"get", "create"}},
}
_ACTIONS = {"get": "pull", "update": "push"}


def rights(objects: list[Document], account: str) -> list[Right]:
    """Return what an account (`project/name`) may do by the bindings among these objects."""
    return list(_rights(objects, account))


def grants(objects: list[Document], account: str) -> dict[str, str]:
    """Return what the registry lets an account do, by project."""
    found: dict[str, set[str]] = {}
    for right in _rights(objects, account):
        if "imagestreams/layers" in right.resources:
            found.setdefault(right.project, set()).update(_ACTIONS[verb] for verb in right.verbs)
    return {project: ",".join(sorted(actions)) for project, actions in found.items()}


def _rights(objects: list[Document], account: str) -> Iterator[Right]:
    roles = {
        (found["metadata"]["namespace"], found["metadata"]["name"]): found
        for found in objects
        if found["kind"] == "Role"
    }
    for binding in objects:
        if binding["kind"] == "RoleBinding" and account in map(_account, binding["subjects"]):
            project, reference = binding["metadata"]["namespace"], binding["roleRef"]
            if reference["kind"] == "ClusterRole":
                for resource, verbs in _CLUSTER_ROLES[reference["name"]].items():
                    yield Right(project, frozenset(verbs), frozenset({resource}))
            else:
                for rule in roles[project, reference["name"]]["rules"]:
                    yield Right(project, frozenset(rule["verbs"]), frozenset(rule["resources"]))


def _account(subject: Document) -> str:
    return f"{subject['namespace']}/{subject['name']}"
