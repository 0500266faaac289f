"""Clusters: whether the API is reached and the token taken, and which rights are missing."""

from __future__ import annotations

from pathlib import Path

from tests.doctor.conftest import ACCOUNT, examine
from tests.support.cluster import Cluster, edit, pull, view
from tests.support.cluster.access import Right
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

SUBJECT = "cluster of prod"


def test_a_token_with_all_rights_is_found_to_have_them(routed: Shop, cluster: Cluster, api_token: str) -> None:
    cluster.add_user(ACCOUNT, token=api_token, rights=[edit("shop")])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    finding = examination.one(SUBJECT, "update imagestreamtags, create imagestreamimports in project shop")
    assert finding["status"] == "ok"
    assert {finding["status"] for finding in examination.about(SUBJECT)} == {"ok", "warning"}  # the certificate's end


def test_each_missing_right_is_named_with_its_binding(
    routed: Shop, cluster: Cluster, token_service: TokenService, api_token: str
) -> None:
    token = token_service.mint(ACCOUNT, {})
    Path(routed.environments["prod"]["cluster"]["credentials"].removeprefix("file:")).write_text(token)
    cluster.add_user(ACCOUNT, token=token, rights=[view("shop")])

    examination = examine(routed)

    assert examination.outcome.exit_code == 5
    assert examination.failed == [
        f"{ACCOUNT} may not create imagestreamtags in project shop.",
        f"{ACCOUNT} may not update imagestreamtags in project shop.",
        f"{ACCOUNT} may not create imagestreamimports in project shop.",
    ]
    for message in examination.failed:
        remedy = examination.one(SUBJECT, message)["remedy"]
        assert f"`oc policy add-role-to-user registry-editor {ACCOUNT} --namespace shop`" in remedy
    assert examination.one(SUBJECT, "may get imagestreams, get imagestreamtags in project shop")["status"] == "ok"


def test_an_environment_that_is_only_read_needs_no_more(routed: Shop, cluster: Cluster, api_token: str) -> None:
    routed.environments["stage"]["cluster"] = routed.environments["prod"].pop("cluster")
    cluster.add_user(ACCOUNT, token=api_token, rights=[view("shop")])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one("cluster of stage", "may get imagestreams, get imagestreamtags in project shop")


def test_a_credential_for_registry_and_cluster_needs_the_layers_too(
    routed: Shop, cluster: Cluster, token_service: TokenService, api_token: str
) -> None:
    token = token_service.mint(ACCOUNT, {"shop-dev": "pull"})
    routed.log_in("stage", token)
    stage = routed.environments["stage"]
    stage["cluster"] = {"api": cluster.url, "ca": str(cluster.ca)}
    del routed.environments["prod"]["cluster"]
    cluster.add_user(ACCOUNT, token=token, rights=[view("shop-dev")])

    finding = examine(routed).one("cluster of stage", "may not get imagestreams/layers in project shop-dev")
    assert f"system:image-puller {ACCOUNT} --namespace shop-dev" in finding["remedy"]

    cluster.add_user(ACCOUNT, token=token, rights=[view("shop-dev"), pull("shop-dev")])
    assert examine(routed).outcome.exit_code == 0


def test_a_cluster_without_a_project_fails(routed: Shop, api_token: str) -> None:
    del routed.environments["prod"]["cluster"]["project"]
    routed.environments["prod"]["project"] = ""
    assert examine(routed).one(SUBJECT, "prod names no project in its cluster")["exit_code"] == 2


def test_a_token_that_is_not_accepted_fails(routed: Shop, cluster: Cluster, api_token: str) -> None:
    examination = examine(routed)
    assert examination.outcome.exit_code == 5
    assert "is not accepted" in examination.one(SUBJECT, "answered 401")["remedy"]


def test_where_rights_cannot_be_asked_that_is_a_warning(routed: Shop, api_token: str) -> None:
    routed.environments["prod"]["cluster"]["credentials"] = "anonymous"
    examination = examine(routed)
    assert examination.one(SUBJECT, "What the token may do cannot be asked")["status"] == "warning"


def test_a_cluster_that_is_away_fails_once(routed: Shop, api_token: str) -> None:
    routed.environments["prod"]["cluster"]["api"] = "https://localhost:1"
    examination = examine(routed)
    assert examination.outcome.exit_code == 6
    assert len(examination.failed) == 1
    assert "https://localhost:1 could not be reached" in examination.failed[0]


def test_a_cluster_that_is_not_trusted_fails(routed: Shop, api_token: str, tmp_path: Path) -> None:
    routed.environments["prod"]["cluster"]["ca"] = str(CertificateAuthority(tmp_path / "other").certificate)
    assert examine(routed).one(SUBJECT, "certificate that is not trusted")["exit_code"] == 6


def test_a_url_without_tls_fails_before_a_token_is_sent(routed: Shop, cluster: Cluster, api_token: str) -> None:
    routed.environments["prod"]["cluster"]["api"] = cluster.url.replace("https:", "http:")
    assert examine(routed).one(SUBJECT, "is reached without TLS")["exit_code"] == 2
    assert cluster.requests == []


def test_what_serves_image_streams_may_be_away(routed: Shop, cluster: Cluster, api_token: str) -> None:
    cluster.add_user(ACCOUNT, token=api_token, rights=[edit("shop")])
    cluster.faults.unavailable(10)
    assert examine(routed).one(SUBJECT, "answered 503 to GET")["exit_code"] == 6


def test_triggers_that_may_not_be_listed_are_a_warning(routed: Shop, cluster: Cluster, api_token: str) -> None:
    rights = [Right("shop", frozenset({"get", "create", "update"}), frozenset({"*"}))]
    cluster.add_user(ACCOUNT, token=api_token, rights=rights)
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    finding = examination.one(SUBJECT, "Triggers that watch for promotions cannot be seen")
    assert finding["status"] == "warning"
    assert f"add-role-to-user view {ACCOUNT} --namespace shop" in finding["remedy"]
