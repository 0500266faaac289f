"""Clusters: whether the API is reached and the token taken, and which rights are missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.doctor.conftest import ACCOUNT, Examination, examine
from tests.support.cluster import Cluster, edit, pull, set_tags, view
from tests.support.cluster.access import Right
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

SUBJECT = "cluster of prod"
READ_STREAMS = Right("shop", frozenset({"get"}), frozenset({"imagestreams"}))


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
        f"{ACCOUNT} may not update imagestreamtags in project shop.",
        f"{ACCOUNT} may not create imagestreamimports in project shop.",
    ]
    for message in examination.failed:
        remedy = examination.one(SUBJECT, message)["remedy"]
        assert f"`oc policy add-role-to-user registry-editor {ACCOUNT} --namespace shop`" in remedy
    assert examination.one(SUBJECT, "may get imagestreams in project shop")["status"] == "ok"


def test_an_environment_that_is_only_read_needs_no_more(routed: Shop, cluster: Cluster, api_token: str) -> None:
    routed.environments["stage"]["cluster"] = routed.environments["prod"].pop("cluster")
    cluster.add_user(ACCOUNT, token=api_token, rights=[view("shop")])
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.one("cluster of stage", "may get imagestreams in project shop")


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


def test_a_registry_of_the_clusters_own_is_not_imported_from(
    routed: Shop, cluster: Cluster, token_service: TokenService, api_token: str
) -> None:
    prod = routed.environments["prod"]
    project = prod["project"]
    token = token_service.mint(ACCOUNT, {project: "pull,push"})
    routed.log_in("prod", token)
    prod["cluster"] = {"api": cluster.url, "ca": str(cluster.ca)}
    cluster.add_user(ACCOUNT, token=token, rights=[edit("*")])
    allowed = (
        "may get imagestreams, get imagestreams/layers, update imagestreamtags, update imagestreams/layers "
        f"in project {project}."
    )
    assert examine(routed).one(SUBJECT, allowed)["status"] == "ok"

    prod["cluster"]["project"] = "another-name"
    assert examine(routed).one(SUBJECT, "create imagestreamimports")["status"] == "ok"


def test_a_rollout_needs_what_it_is_followed_by(routed: Shop, cluster: Cluster, api_token: str) -> None:
    cluster.add_user(ACCOUNT, token=api_token, rights=[set_tags("shop"), READ_STREAMS])
    assert examine(routed).failed == []
    routed.routes[0]["rollout"] = {"deployments": ["deployment/web"]}
    named = ["get deployments", "list replicasets", "list pods"]
    assert missing(examine(routed)) == named
    groups = {asked["resource"]: asked["group"] for asked in asked_for(cluster)}
    assert {name: groups[name] for name in ("deployments", "replicasets", "pods")} == {
        "deployments": "apps",
        "replicasets": "apps",
        "pods": "",
    }
    routed.routes[0]["rollout"] = {}
    of_all = ["get deployments", "list replicasets", "list deployments"]
    of_all += ["get deploymentconfigs", "list replicationcontrollers", "list deploymentconfigs", "list pods"]
    assert missing(examine(routed)) == of_all


def missing(examination: Examination) -> list[str]:
    """Return the rights that are said to be missing."""
    return [found[1] for text in examination.failed if (found := re.search("may not (.+) in project shop", text))]


def asked_for(cluster: Cluster) -> list[dict[str, str]]:
    """Return the rights that were asked for in reviews."""
    reviews = [json.loads(one.body) for one in cluster.requests if one.path.endswith("selfsubjectaccessreviews")]
    return [review["spec"]["resourceAttributes"] for review in reviews]


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
