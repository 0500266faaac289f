"""Where credentials come from, and what is said when they do not do."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.images import make_image
from tests.support.promoter import ARBITRARY_USER
from tests.support.shop import Shop
from tests.support.tokens import TokenService

BUILDER = "system:serviceaccount:shop-dev:builder"
SERVICE_ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"


def in_a_pod(token: Path) -> tuple[str, ...]:
    """Return what runs a command where this token is mounted as a pod's service account."""
    script = f'mount -t tmpfs none /run && mkdir -p {SERVICE_ACCOUNT} && cp "$1" {SERVICE_ACCOUNT}/token'
    namespaces = ("unshare", "--user", "--map-root-user", "--mount")
    return (*namespaces, "sh", "-c", f'{script} && shift && exec "$@"', "sh", str(token))


@pytest.mark.parametrize("kind", ["secret", "file", "env", "authfile", "in-cluster"])
def test_a_token_comes_from(kind: str, shop: Shop, puller: str, tmp_path: Path) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    (tmp_path / "token").write_text(f"{puller}\n")
    auth = b64encode(f"openshift:{puller}".encode()).decode()
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {shop.stage.registry.host: {"auth": auth}}}))
    shop.promoter.environment["PULLER"] = puller
    if kind == "in-cluster":
        shop.promoter.prefix = in_a_pod(tmp_path / "token")
    shop.environments["stage"]["credentials"] = {
        "secret": f"secret:{tmp_path}",
        "file": f"file:{tmp_path / 'token'}",
        "env": "env:PULLER",
        "authfile": f"authfile:{tmp_path / 'auth.json'}",
        "in-cluster": "in-cluster",
    }[kind]

    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == image.digest


def test_an_image_that_everybody_may_pull_needs_none(
    shop: Shop, token_service: TokenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_service, "anonymous", {"shop-dev": "pull"})
    shop.environments["stage"]["credentials"] = "anonymous"
    shop.stage.push(make_image(seed=shop.name))
    assert shop.promote().exit_code == 0


def test_a_wrong_password_is_told_with_its_source(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    file = shop.log_in("prod", "a wrong password")

    outcome = shop.promote()

    assert outcome.exit_code == 5
    assert f"file:{file}" in outcome.error["message"]
    assert shop.prod.registry.host in outcome.error["message"]
    assert "a wrong password" not in outcome.stdout + outcome.stderr
    assert shop.prod.tags() == set()


@pytest.mark.parametrize("side", ["stage", "prod"])
def test_nobody_gets_in_without_credentials(side: str, shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.environments[side]["credentials"] = "anonymous"
    outcome = shop.promote()
    assert outcome.exit_code == 5
    assert "anonymous" in outcome.error["message"]


def test_a_token_of_another_cluster_is_refused(shop: Shop, puller: str) -> None:
    shop.stage.push(make_image(seed=shop.name))
    file = shop.log_in("stage", f"{puller[:-8]}AAAAAAAA")
    outcome = shop.promote()
    assert outcome.exit_code == 5
    assert f"file:{file}" in outcome.error["message"]


def test_an_expired_token_says_since_when_and_is_not_sent(shop: Shop, token_service: TokenService) -> None:
    shop.stage.push(make_image(seed=shop.name))
    file = shop.log_in("stage", token_service.mint(BUILDER, {"shop-dev": "pull"}, lifetime_seconds=-3600))

    with token_service.recording() as asked, shop.stage.registry.recording() as seen:
        outcome = shop.promote()

    assert outcome.exit_code == 5
    assert f"file:{file} expired at 20" in outcome.error["message"]
    assert (asked, seen.requests) == ([], [])


@pytest.mark.parametrize("what", ["missing", "empty", "unreadable", "a directory", "not set"])
def test_a_token_that_cannot_be_had_is_told_with_its_source(what: str, shop: Shop, tmp_path: Path) -> None:
    token = tmp_path / "token"
    source = "env:NOT_SET" if what == "not set" else f"file:{token}"
    if what == "empty":
        token.write_text("\n")
    elif what == "unreadable":
        token.write_text("a token")
        token.chmod(0)
        shop.promoter.prefix = ARBITRARY_USER  # whom modes bind; root they do not
    elif what == "a directory":
        token.mkdir()
    shop.environments["prod"]["credentials"] = source

    with shop.prod.registry.recording() as seen:
        outcome = shop.promote()

    assert outcome.exit_code == 5
    assert source in outcome.error["message"]
    assert seen.requests == []


def test_a_token_that_may_not_push_is_told_with_the_right_it_lacks(
    two_projects: Shop, token_service: TokenService
) -> None:
    two_projects.stage.push(make_image(seed=two_projects.name))
    file = two_projects.log_in("prod", token_service.mint(BUILDER, {"shop-dev": "pull", "shop": "pull"}))

    outcome = two_projects.promote()

    assert outcome.exit_code == 5
    assert f"file:{file}" in outcome.error["message"]
    assert f"{two_projects.prod.repository}:pull,push" in outcome.error["message"]
    assert two_projects.prod.tags() == set()


def test_a_token_that_may_not_pull_is_told_with_the_right_it_lacks(shop: Shop, token_service: TokenService) -> None:
    shop.stage.push(make_image(seed=shop.name))
    file = shop.log_in("stage", token_service.mint(BUILDER, {"another-project": "pull"}))

    outcome = shop.promote()

    assert outcome.exit_code == 5
    assert f"file:{file}" in outcome.error["message"]
    assert f"{shop.stage.repository}:pull" in outcome.error["message"]


def test_a_token_that_may_not_pull_from_the_other_project_uploads_instead_of_mounting(
    two_projects: Shop, token_service: TokenService
) -> None:
    image = make_image(seed=two_projects.name)
    two_projects.stage.push(image)
    two_projects.log_in("prod", token_service.mint(BUILDER, {"shop": "pull,push"}))

    result = two_projects.promote().result

    assert (result["blobs"]["mounted"], result["blobs"]["uploaded"]) == (0, 3)
    assert two_projects.prod.digest() == image.digest
