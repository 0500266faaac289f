"""Rights: read from what the API server says, and the binding that gives them."""

from __future__ import annotations

import pytest

from promoter.openshift.rights import Missing, Right, missing_right

ACCOUNT = "system:serviceaccount:ci:jenkins"


def test_what_is_missing_is_read_from_the_message() -> None:
    message = (
        f'imagestreamtags.image.openshift.io "web:1" is forbidden: User "{ACCOUNT}" cannot update resource '
        '"imagestreamtags" in API group "image.openshift.io" in the namespace "shop"'
    )
    assert missing_right(message) == Missing(Right("update", "imagestreamtags", "shop"), ACCOUNT)


@pytest.mark.parametrize("message", ["", 'buildconfigs.build.openshift.io "a" is forbidden: "b" not found'])
def test_other_messages_name_none(message: str) -> None:
    assert missing_right(message) is None


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right("get", "imagestreams/layers", "shop"), ("system:image-puller", "system:image-pusher")),
        (Right("list", "imagestreams", "shop"), ("view", "registry-editor", "edit")),
        (Right("update", "imagestreamtags", "shop"), ("registry-editor", "edit")),
        (Right("create", "imagestreamimports", "shop"), ("registry-editor", "edit")),
        (Right("get", "builds", "shop"), ("view", "edit")),
        (Right("create", "nodes", "shop"), ()),
    ],
    ids=str,
)
def test_the_roles_that_give_a_right_come_with_the_least_first(right: Right, roles: tuple[str, ...]) -> None:
    assert right.roles == roles


def test_the_binding_is_a_command() -> None:
    assert Right("get", "imagestreams", "shop").binding(ACCOUNT) == (
        f"Bind the role view or registry-editor or edit there: "
        f"`oc policy add-role-to-user view {ACCOUNT} --namespace shop`."
    )
    assert Right("create", "nodes", "shop").binding(ACCOUNT) == (
        f"Bind a role that allows to create nodes in project shop to {ACCOUNT}."
    )
