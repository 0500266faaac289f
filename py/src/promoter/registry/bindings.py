"""The RoleBindings that let an account of OpenShift use its registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promoter.credentials.jwt import subject

_ACCOUNT = "system:serviceaccount:"


def binding_commands(token: str, scopes: Iterable[str]) -> Iterator[str]:
    """Say, for each scope, how the account that the token is of gets it; nothing where it is no service account's.

    OpenShift's registry looks for the right to `get` (pull) or `update` (push) `imagestreams/layers` in the project
    that is the first part of the repository's name, and answers 401 where it is missing.

    """
    account = subject(token) or ""
    if not account.startswith(_ACCOUNT):
        return
    for scope in scopes:
        _, _, rest = scope.partition(":")
        repository, _, actions = rest.rpartition(":")
        role = "system:image-pusher" if "push" in actions else "system:image-puller"
        project = repository.partition("/")[0]
        yield f"In OpenShift: `oc policy add-role-to-user {role} {account} --namespace {project}`."
