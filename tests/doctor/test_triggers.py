"""Triggers that no promotion fires: they watch tags which none moves, or are paused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doctor.conftest import ACCOUNT, Examination, examine
from tests.support.cluster import Cluster, edit
from tests.support.cluster.answers import BUILD_CONFIGS, DEPLOYMENT_CONFIGS, DEPLOYMENTS, IMAGE_STREAMS
from tests.support.cluster.build_configs import build_config
from tests.support.cluster.workloads import deployment, deployment_config
from tests.support.shop import Shop

pytestmark = pytest.mark.statement("P15")

SUBJECT = "cluster of prod"
IMAGE_PATH = 'spec.template.spec.containers[?(@.name=="main")].image'
DIGEST = f"sha256:{'5' * 64}"


@pytest.fixture
def production_cluster(routed: Shop, cluster: Cluster, api_token: str) -> Cluster:
    """The cluster, where images named `web` were promoted to `production-ready`; the doctor may look at all of it."""
    routed.routes[0]["images"] = ["web"]
    cluster.add_user(ACCOUNT, token=api_token, rights=[edit("shop"), edit("shop-pipelines")])
    cluster.push("shop", "web", "production-ready", DIGEST)
    cluster.push("shop", "web", "v1", DIGEST)
    return cluster


def watch(cluster: Cluster, kind: str, *names: str, paused: bool = False, **more: str) -> None:
    """Add something called `it` that watches these image stream tags; `paused` says that its triggers are."""
    watched: list[dict[str, str]] = [{"name": name, **more} for name in names]
    if kind == "Deployment":
        cluster.add(DEPLOYMENTS, "shop", deployment("it", watched, paused=paused))
    elif kind == "DeploymentConfig":
        cluster.add(DEPLOYMENT_CONFIGS, "shop", deployment_config("it", watched, paused=paused))
    else:
        document = builder("it", watched)
        for trigger in document["spec"]["triggers"] if paused else ():
            trigger["imageChange"]["paused"] = True
        cluster.add(BUILD_CONFIGS, "shop", document)


def builder(name: str, watched: list[dict[str, str]], **spec: dict[str, Any]) -> dict[str, Any]:
    """Return a BuildConfig that is built again when these tags move; nothing named stands for its own base image."""
    document = build_config(name, strategy="Source")
    document["spec"] |= spec
    document["spec"]["triggers"] = [
        {"type": "ImageChange", "imageChange": {"from": {"kind": "ImageStreamTag", **one}} if one["name"] else {}}
        for one in watched
    ]
    return document


def problems(examination: Examination) -> list[str]:
    """Return what was found wrong with triggers; each is a warning, and no route fails for it."""
    assert examination.outcome.exit_code == 0
    found = [finding for finding in examination.about(SUBJECT) if " watches " in finding["message"]]
    assert {finding["status"] for finding in found} <= {"warning"}
    assert all(finding["remedy"] for finding in found)
    return [finding["message"] for finding in found]


@pytest.mark.parametrize("kind", ["Deployment", "DeploymentConfig", "BuildConfig"])
def test_a_tag_that_was_never_set_is_reported_with_the_one_that_is_meant(
    kind: str, routed: Shop, production_cluster: Cluster
) -> None:
    watch(production_cluster, kind, "web:prod-ready")
    examination = examine(routed)
    assert problems(examination) == [
        f"{kind} it watches shop/web:prod-ready, which no promotion has ever moved: the image stream has "
        "production-ready, v1."
    ]
    assert "web:production-ready meant?" in examination.one(SUBJECT, "prod-ready")["remedy"]


@pytest.mark.parametrize("kind", ["Deployment", "DeploymentConfig", "BuildConfig"])
def test_a_tag_that_promotions_set_is_none_to_report(kind: str, routed: Shop, production_cluster: Cluster) -> None:
    watch(production_cluster, kind, "web:production-ready", "web:v1")
    examination = examine(routed)
    assert problems(examination) == []
    assert examination.one(SUBJECT, "2 triggers in project shop")["status"] == "ok"


@pytest.mark.parametrize("kind", ["Deployment", "DeploymentConfig", "BuildConfig"])
def test_a_paused_trigger_is_reported(kind: str, routed: Shop, production_cluster: Cluster) -> None:
    watch(production_cluster, kind, "web:v1", paused=True)
    examination = examine(routed)
    assert problems(examination) == [f"{kind} it watches shop/web:v1, but is paused: no promotion starts it."]
    assert not [finding for finding in examination.about(SUBJECT) if "triggers in project" in finding["message"]]


def test_what_is_paused_as_a_whole_is_reported(routed: Shop, production_cluster: Cluster) -> None:
    paused_build = builder("builds", [{"name": "web:v1"}])
    paused_build["metadata"]["annotations"] = {"openshift.io/build-config.paused": "true"}
    production_cluster.add(BUILD_CONFIGS, "shop", paused_build)
    paused_deployment = deployment("runs", [{"name": "web:v1"}])
    paused_deployment["spec"]["paused"] = True
    production_cluster.add(DEPLOYMENTS, "shop", paused_deployment)
    assert problems(examine(routed)) == [
        "BuildConfig builds watches shop/web:v1, but is paused: no promotion starts it.",
        "Deployment runs watches shop/web:v1, but is paused: no promotion starts it.",
    ]


def test_a_paused_trigger_on_a_tag_that_was_never_set_is_told_for_the_tag(
    routed: Shop, production_cluster: Cluster
) -> None:
    watch(production_cluster, "Deployment", "web:prod-ready", paused=True)
    [problem] = problems(examine(routed))
    assert "which no promotion has ever moved" in problem


@pytest.mark.parametrize("kind", ["Deployment", "DeploymentConfig", "BuildConfig"])
def test_an_image_that_no_route_brings_is_reported(kind: str, routed: Shop, production_cluster: Cluster) -> None:
    production_cluster.push("shop", "worker", "v1", DIGEST)
    watch(production_cluster, kind, "worker:v1")
    assert problems(examine(routed)) == [
        f"{kind} it watches shop/worker:v1, which no promotion moves: no route brings images named worker to shop."
    ]


def test_a_wildcard_brings_any_image_of_its_pattern(routed: Shop, production_cluster: Cluster) -> None:
    routed.routes[0]["images"] = ["w*"]
    production_cluster.push("shop", "worker", "v1", DIGEST)
    watch(production_cluster, "Deployment", "worker:v1", "worker:v2")
    assert problems(examine(routed)) == [
        "Deployment it watches shop/worker:v2, which no promotion has ever moved: the image stream has v1."
    ]


def test_a_stream_that_is_not_there_has_no_tag(routed: Shop, production_cluster: Cluster) -> None:
    routed.routes[0]["images"] = ["new"]
    watch(production_cluster, "Deployment", "new:v1")
    assert problems(examine(routed)) == [
        "Deployment it watches shop/new:v1, which no promotion has ever moved: the image stream has no tag at all."
    ]


def test_a_tag_that_is_only_wanted_was_never_set(routed: Shop, production_cluster: Cluster) -> None:
    wanted = {"name": "v1", "from": {"kind": "DockerImage", "name": "localhost:1/shop/new:v1"}}
    routed.routes[0]["images"] = ["new"]
    production_cluster.add(IMAGE_STREAMS, "shop", {"metadata": {"name": "new"}, "spec": {"tags": [wanted]}})
    watch(production_cluster, "Deployment", "new:v1")
    assert len(problems(examine(routed))) == 1


def test_another_project_that_no_route_leads_to_is_reported(routed: Shop, production_cluster: Cluster) -> None:
    watch(production_cluster, "Deployment", "web:latest", namespace="shop-dev")
    assert problems(examine(routed)) == [
        "Deployment it watches shop-dev/web:latest, which no promotion moves: no route brings images named web to "
        "shop-dev."
    ]


def test_another_project_that_a_route_leads_to_is_none_to_report(routed: Shop, production_cluster: Cluster) -> None:
    routed.environments["live"] = {
        **routed.environments["prod"],
        "cluster": {**routed.environments["prod"]["cluster"], "project": "shop-pipelines"},
    }
    routed.routes.append({"from": "prod", "to": "live", "images": ["web"]})
    watch(production_cluster, "Deployment", "web:latest", namespace="shop-pipelines")
    assert problems(examine(routed)) == []


def test_builder_images_of_other_projects_are_none_to_report(routed: Shop, production_cluster: Cluster) -> None:
    watch(production_cluster, "BuildConfig", "python:3.11", namespace="openshift")
    assert problems(examine(routed)) == []


def test_what_a_build_moves_is_none_to_report(routed: Shop, production_cluster: Cluster) -> None:
    output = {"to": {"kind": "ImageStreamTag", "name": "worker:latest"}}
    production_cluster.add(BUILD_CONFIGS, "shop", builder("builds-it", [], output=output))
    watch(production_cluster, "Deployment", "worker:latest")
    assert problems(examine(routed)) == []


def test_what_is_imported_on_schedule_is_none_to_report(routed: Shop, production_cluster: Cluster) -> None:
    tag = {
        "name": "latest",
        "from": {"kind": "DockerImage", "name": "localhost:1/library/redis:latest"},
        "importPolicy": {"scheduled": True},
    }
    production_cluster.add(IMAGE_STREAMS, "shop", {"metadata": {"name": "redis"}, "spec": {"tags": [tag]}})
    watch(production_cluster, "Deployment", "redis:latest")
    assert problems(examine(routed)) == []


def test_a_build_that_names_nothing_watches_its_own_base_image(routed: Shop, production_cluster: Cluster) -> None:
    strategy = {"type": "Source", "sourceStrategy": {"from": {"kind": "ImageStreamTag", "name": "web:prod-ready"}}}
    production_cluster.add(BUILD_CONFIGS, "shop", builder("it", [{"name": ""}], strategy=strategy))
    assert len(problems(examine(routed))) == 1


@pytest.mark.parametrize(
    "annotation",
    [
        "no JSON",
        "{}",
        "[1]",
        "[{}]",
        json.dumps([{"from": "web:prod-ready", "fieldPath": IMAGE_PATH}]),
        json.dumps([{"from": {"kind": "DockerImage", "name": "web:prod-ready"}, "fieldPath": IMAGE_PATH}]),
        json.dumps([{"from": {"kind": "ImageStreamTag", "name": "web:prod-ready"}, "fieldPath": "spec.template"}]),
        json.dumps([{"from": {"kind": "ImageStreamTag", "name": "web:prod-ready"}}]),
    ],
)
def test_an_annotation_that_the_cluster_does_not_heed_is_none_to_report(
    annotation: str, routed: Shop, production_cluster: Cluster
) -> None:
    document = deployment("it", [])
    document["metadata"]["annotations"]["image.openshift.io/triggers"] = annotation
    production_cluster.add(DEPLOYMENTS, "shop", document)
    examination = examine(routed)
    assert problems(examination) == []
    assert examination.one(SUBJECT, "0 triggers in project shop")["status"] == "ok"


def test_where_no_route_leads_no_trigger_is_looked_for(routed: Shop, production_cluster: Cluster) -> None:
    routed.routes.clear()
    watch(production_cluster, "Deployment", "web:prod-ready")
    assert problems(examine(routed)) == []
    assert not [request for request in production_cluster.requests if "deployments" in request.path]
