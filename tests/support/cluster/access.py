"""Who calls and what they may do: bearer tokens, rights per project, and who may use webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from .answers import ApiError, Kind, unauthorized

ANONYMOUS = "system:anonymous"
WEBHOOKS = "buildconfigs/webhooks"


@dataclass(frozen=True)
class Right:
    """Leave to use some verbs on some resources of a project; `*` stands for all."""

    project: str
    verbs: frozenset[str]
    resources: frozenset[str]

    def covers(self, action: Action) -> bool:
        return (
            self.project in ("*", action.project)
            and not self.verbs.isdisjoint({"*", action.verb})
            and not self.resources.isdisjoint({"*", action.resource})
        )


def view(project: str) -> Right:
    """Return what OpenShift's role `view` allows: read all but secrets, and pull no images."""
    builds = {"buildconfigs", "builds", "builds/log"}
    workloads = {"deployments", "replicasets", "deploymentconfigs", "replicationcontrollers", "pods"}
    resources = frozenset({*builds, *workloads, "configmaps", "imagestreams", "imagestreamtags"})
    return Right(project, frozenset({"get", "list", "watch"}), resources)


def pull(project: str) -> Right:
    """Return what OpenShift's role `system:image-puller` allows: read the layers of the project's images."""
    return Right(project, frozenset({"get"}), frozenset({"imagestreams/layers"}))


def set_tags(project: str) -> Right:
    """Return leave to set the tags of the project's image streams, and to import images into them."""
    resources = frozenset({"imagestreamtags", "imagestreamimports"})
    return Right(project, frozenset({"create", "update"}), resources)


def edit(project: str) -> Right:
    """Return what OpenShift's role `edit` allows: everything in the project that the stub serves."""
    return Right(project, frozenset({"*"}), frozenset({"*"}))


@dataclass(frozen=True)
class Action:
    """A verb of the API on a resource (`builds`, `builds/log`) of a project."""

    verb: str
    kind: Kind
    project: str
    name: str | None = None
    subresource: str | None = None

    @property
    def resource(self) -> str:
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


class Access:
    """The users of the cluster with their tokens and rights."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}
        self._rights: dict[str, frozenset[Right]] = {}
        self._anonymous_webhooks: set[str] = set()

    def add_user(self, user: str, token: str, rights: Iterable[Right]) -> None:
        self._users[token] = user
        self._rights[user] = frozenset(rights)

    def allow_anonymous_webhooks(self, project: str) -> None:
        self._anonymous_webhooks.add(project)

    def authenticate(self, authorization: str) -> str:
        """Return the user of an Authorization header, or raise for an unknown token."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ANONYMOUS  # [13] Basic auth, empty bearer, lower-case "bearer"
        try:
            return self._users[token.strip()]
        except KeyError:
            raise unauthorized() from None  # [1] bad token

    def authorize(self, user: str, action: Action) -> None:
        if not self.allows(user, action):
            raise _forbidden(user, action)

    def allows(self, user: str, action: Action) -> bool:
        if action.resource == WEBHOOKS and self._may_call_webhooks(user, action.project):
            return True
        return any(right.covers(action) for right in self._rights.get(user, ()))

    def _may_call_webhooks(self, user: str, project: str) -> bool:
        return user != ANONYMOUS or project in self._anonymous_webhooks  # [8] developer token, RoleBinding


def _forbidden(user: str, action: Action) -> ApiError:
    """[1] developer without rights, list; [8] right secret, NO token; [13] Basic auth."""
    subject = action.kind.resource + (f' "{action.name}"' if action.name else "")
    message = (
        f'{subject} is forbidden: User "{user}" cannot {action.verb} resource "{action.resource}" '
        f'in API group "{action.kind.group}" in the namespace "{action.project}"'
    )
    return ApiError(HTTPStatus.FORBIDDEN, "Forbidden", message, action.kind.details(action.name))
