"""Routes through a webhook: the token, the secret, and the BuildConfig."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.doctor.conftest import ACCOUNT, examine
from tests.support.cluster import Cluster, GenericTrigger, edit, view
from tests.support.shop import Shop
from tests.support.tokens import TokenService

SUBJECT = "route from stage to prod"
PROJECT, CONFIG = "shop-pipelines", "production-pipeline"


@pytest.fixture
def secret() -> str:
    """The webhook's."""
    return f"webhook-{uuid.uuid4()}"


@pytest.fixture
def webhook(routed: Shop, cluster: Cluster, secret: str) -> dict[str, Any]:
    """The webhook of the shop's route; its token may see the pipelines' project."""
    token = f"sha256~{uuid.uuid4().hex}"
    cluster.add_user(ACCOUNT, token=token, rights=[view(PROJECT)])
    routed.promoter.environment |= {"API_TOKEN": token, "WEBHOOK_SECRET": secret}
    made = {
        "api": cluster.url,
        "ca": str(cluster.ca),
        "project": PROJECT,
        "build-config": CONFIG,
        "secret": "env:WEBHOOK_SECRET",
        "credentials": "env:API_TOKEN",
    }
    routed.routes[0] |= {"through": "webhook", "webhook": made}
    return made


def test_a_webhook_that_works_is_found_to(routed: Shop, cluster: Cluster, webhook: dict[str, Any], secret: str) -> None:
    cluster.add_build_config(PROJECT, CONFIG, triggers=[GenericTrigger(secret=secret, allow_env=True)])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "The webhook's secret is in env:WEBHOOK_SECRET")["status"] == "ok"
    assert examination.one(SUBJECT, f"may create buildconfigs/webhooks in project {PROJECT}")["status"] == "ok"
    assert examination.one(SUBJECT, f"may get builds, list builds in project {PROJECT}")["status"] == "ok"
    assert examination.one(SUBJECT, f"{PROJECT}/{CONFIG} is a Jenkins pipeline")["status"] == "ok"
    assert secret not in examination.outcome.stdout + examination.outcome.stderr


def test_the_webhook_is_not_called(routed: Shop, cluster: Cluster, webhook: dict[str, Any], secret: str) -> None:
    cluster.add_build_config(PROJECT, CONFIG, triggers=[GenericTrigger(secret=secret, allow_env=True)])
    examine(routed)
    assert cluster.builds(PROJECT) == []
    assert {request.path for request in cluster.requests if request.method != "GET"} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }


def test_the_destination_is_only_looked_at(routed: Shop, webhook: dict[str, Any], token_service: TokenService) -> None:
    routed.environments["prod"] |= {"registry": routed.stage.registry.host, "user": "openshift"}
    routed.log_in("prod", token_service.mint(ACCOUNT, {"other": "pull"}))
    findings = examine(routed).about("environment prod")
    assert [finding["status"] for finding in findings if "may not pull" in finding["message"]] == ["warning"]
    assert not [finding for finding in findings if "push" in finding["message"]]


def test_a_build_config_that_is_not_there_fails(routed: Shop, cluster: Cluster, webhook: dict[str, Any]) -> None:
    cluster.add_project(PROJECT)
    examination = examine(routed)
    assert examination.outcome.exit_code == 4
    assert examination.one(SUBJECT, f'"{CONFIG}" not found')["kind"] == "not-found"


@pytest.mark.parametrize(
    ("settings", "status", "words", "remedy"),
    [
        ({"triggers": []}, "failed", "has no generic webhook", "allowEnv"),
        ({"triggers": [GenericTrigger(secret="s3cret-of-it")]}, "failed", "ignores the parameters", "allowEnv: true"),
        ({"paused": True}, "failed", "is paused", "openshift.io/build-config.paused"),
        ({"strategy": "Source"}, "warning", "is no Jenkins pipeline", "JenkinsPipeline"),
    ],
)
def test_a_build_config_that_does_not_fit_is_told(
    *,
    settings: dict[str, Any],
    status: str,
    words: str,
    remedy: str,
    routed: Shop,
    cluster: Cluster,
    webhook: dict[str, Any],
) -> None:
    fits = [GenericTrigger(secret="s3cret-of-it", allow_env=True)]
    cluster.add_build_config(PROJECT, CONFIG, **{"triggers": fits, **settings})
    examination = examine(routed)
    finding = examination.one(SUBJECT, f"{PROJECT}/{CONFIG} {words}")
    assert finding["status"] == status
    assert remedy in finding["remedy"]
    assert "s3cret" not in examination.outcome.stdout


def test_a_build_config_that_is_not_named_is_found(
    routed: Shop, cluster: Cluster, webhook: dict[str, Any], secret: str
) -> None:
    del webhook["build-config"]
    cluster.add_build_config(PROJECT, "found", triggers=[GenericTrigger(secret=secret, allow_env=True)])
    assert examine(routed).one(SUBJECT, f"{PROJECT}/found is a Jenkins pipeline")["status"] == "ok"


def test_without_rights_the_webhook_may_still_be_called(
    routed: Shop, cluster: Cluster, webhook: dict[str, Any]
) -> None:
    cluster.add_user(ACCOUNT, token=routed.promoter.environment["API_TOKEN"])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one(SUBJECT, "may create buildconfigs/webhooks")["status"] == "ok"
    for words in ("may not get builds", "may not list builds", "Whether the BuildConfig fits cannot be seen"):
        finding = examination.one(SUBJECT, words)
        assert finding["status"] == "warning"
        assert "add-role-to-user view" in finding["remedy"]


def test_a_config_that_is_neither_named_nor_found_fails(
    routed: Shop, cluster: Cluster, webhook: dict[str, Any]
) -> None:
    del webhook["build-config"]
    cluster.add_user(ACCOUNT, token=routed.promoter.environment["API_TOKEN"])
    examination = examine(routed)
    assert examination.outcome.exit_code == 5
    assert "`build-config`" in examination.one(SUBJECT, "cannot list resource")["remedy"]


@pytest.mark.parametrize(
    ("source", "value", "words", "code"),
    [
        ("env:NOT_SET", None, "env:NOT_SET is not set", 5),
        ("anonymous", None, "The webhook has no secret", 2),
        ("env:SLASHED", "with/slash", "has a slash in it", 2),
        ("the-s3cret-itself", None, "none of the known forms", 2),
    ],
)
def test_a_secret_that_cannot_work_fails(
    *,
    source: str,
    value: str | None,
    words: str,
    code: int,
    routed: Shop,
    cluster: Cluster,
    webhook: dict[str, Any],
) -> None:
    cluster.add_build_config(PROJECT, CONFIG, triggers=[GenericTrigger(secret="x", allow_env=True)])
    webhook["secret"] = source
    if value:
        routed.promoter.environment["SLASHED"] = value
    examination = examine(routed)
    assert examination.one(SUBJECT, words)["exit_code"] == code
    assert "with/slash" not in examination.outcome.stdout
    assert "the-s3cret-itself" not in examination.outcome.stdout


def test_an_old_clusters_api_is_asked(routed: Shop, webhook: dict[str, Any], cluster: Cluster) -> None:
    webhook["legacy-api"] = True
    cluster.add_user(ACCOUNT, token=routed.promoter.environment["API_TOKEN"], rights=[edit(PROJECT)])
    examine(routed)
    assert [one.path for one in cluster.requests if one.path.startswith("/oapi/v1")] == [
        f"/oapi/v1/namespaces/{PROJECT}/buildconfigs/{CONFIG}"
    ]
