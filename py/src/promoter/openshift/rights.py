"""Rights in a project: which one is missing, the roles that give it, and the command that binds one.

The roles are those that every OpenShift cluster has (openshift-apiserver, pkg/bootstrappolicy). What the API server
says about a missing right is Kubernetes' own sentence: `User "…" cannot VERB resource "…" in API group "…" in the
namespace "…"`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_READ = frozenset({"get", "list", "watch"})
_WRITE = _READ | {"create", "update", "patch", "delete"}
_CREATE = frozenset({"create"})
_STREAMS = ("imagestreams", "imagestreamtags", "imagestreamimages")
_BUILDS = ("builds", "buildconfigs")
_WORKLOADS = ("deploymentconfigs", "deployments", "replicasets")
_VIEWED = (*_STREAMS, *_BUILDS, "builds/log", *_WORKLOADS, "replicationcontrollers", "pods")

_ROLES: dict[str, dict[str, frozenset[str]]] = {
    "system:image-puller": {"imagestreams/layers": frozenset({"get"})},
    "system:image-pusher": {"imagestreams/layers": frozenset({"get", "update"})},
    "system:webhook": {"buildconfigs/webhooks": _CREATE},
    "view": dict.fromkeys(_VIEWED, _READ),
    "registry-editor": {**dict.fromkeys(_STREAMS, _WRITE), "imagestreamimports": _CREATE},
    "edit": {
        **dict.fromkeys((*_STREAMS, *_BUILDS, *_WORKLOADS, "secrets"), _WRITE),
        **dict.fromkeys(("imagestreamimports", "buildconfigs/instantiate", "builds/clone"), _CREATE),
        **dict.fromkeys(("deployments/scale", "deploymentconfigs/scale"), _WRITE),
    },
    "admin": {"rolebindings": _WRITE, "roles": _WRITE},
}
"""What each role allows of what promoter asks for, the role that allows least first."""

_FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" '
    r'in API group "[^"]*" in the namespace "(?P<project>[^"]+)"'
)


class Right(NamedTuple):
    """Leave to use a verb on a resource (`imagestreamtags`, `imagestreams/layers`) of a project."""

    verb: str
    resource: str
    project: str

    def __str__(self) -> str:
        """Write it as a message does."""
        return f"{self.verb} {self.resource} in project {self.project}"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that give it, the one that allows least first; none if it takes a role of one's own."""
        return tuple(name for name, allowed in _ROLES.items() if self.verb in allowed.get(self.resource, ()))

    def binding(self, account: str) -> str:
        """Say what to do so that an account (`system:serviceaccount:PROJECT:NAME`, or a user) gets it."""
        if not self.roles:
            return f"Bind a role that allows to {self} to {account}."
        command = f"oc policy add-role-to-user {self.roles[0]} {account} --namespace {self.project}"
        return f"Bind the role {' or '.join(self.roles)} there: `{command}`."


class Missing(NamedTuple):
    """What the API server said is missing: the right, and whose."""

    right: Right
    user: str


def missing_right(message: str) -> Missing | None:
    """Read which right an answer says is missing; nothing if it names none in a project."""
    found = _FORBIDDEN.search(message)
    return Missing(Right(found["verb"], found["resource"], found["project"]), found["user"]) if found else None
