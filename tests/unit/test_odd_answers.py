"""Answers of clusters and controllers that are too large, too deep, or of another shape than the API's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promoter.credentials.sources import ANONYMOUS
from promoter.errors import NotFound, PerhapsTriggered, Unreachable
from promoter.http import documents
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.jobs import Job
from promoter.openshift.api import ClusterApi
from promoter.openshift.image_imports import ImageImports, ImportPolicy
from tests.unit.conftest import ClientFactory
from tests.unit.scripted import ScriptedServer, reply

DEEP = b'{"a":' * 100_000
LIMIT = 4096
LONG = b'{"a": "' + b"x" * LIMIT + b'"}'
SUCCESS = {"status": "Success"}


@pytest.fixture
def cluster(server: ScriptedServer, make_client: ClientFactory) -> ClusterApi:
    """The server, as a cluster."""
    return ClusterApi(server.url(""), make_client(), ANONYMOUS)


@pytest.fixture
def job(server: ScriptedServer, make_client: ClientFactory) -> Job:
    """A job of the server, as a controller."""
    return Job(JenkinsApi(server.url(""), make_client(), ANONYMOUS), "release")


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let less be too much."""
    monkeypatch.setattr(documents, "_LARGEST", LIMIT)


def test_a_cluster_that_answers_too_deep(server: ScriptedServer, cluster: ClusterApi) -> None:
    server.will(reply(200, DEEP))
    with pytest.raises(Unreachable, match=server.host):
        cluster.get("/api/v1/pods")


def test_a_controller_that_answers_too_deep(server: ScriptedServer, job: Job) -> None:
    server.will(reply(200, DEEP))
    with pytest.raises(Unreachable, match=server.host):
        job.recent()


@pytest.mark.usefixtures("limited")
def test_a_cluster_that_answers_too_much(server: ScriptedServer, cluster: ClusterApi) -> None:
    server.will(reply(200, LONG))
    with pytest.raises(Unreachable, match=f"{server.host} .* longer than {LIMIT} bytes"):
        cluster.get("/api/v1/pods")


@pytest.mark.usefixtures("limited")
def test_a_controller_that_answers_too_much(server: ScriptedServer, job: Job) -> None:
    server.will(reply(200, LONG))
    with pytest.raises(Unreachable, match=f"{server.host} .* longer than {LIMIT} bytes"):
        job.recent()


@pytest.mark.usefixtures("limited")
def test_a_start_that_is_answered_with_too_much_may_have_been_one(server: ScriptedServer, job: Job) -> None:
    server.will(reply(201, LONG, Location=server.url("/queue/item/1/")))
    with pytest.raises(PerhapsTriggered):
        job.start({"WHO": "x"})
    assert len(server.requests) == 1


def images(*outcomes: object) -> dict[str, Any]:
    return {"status": {"images": list(outcomes)}}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"status": None},
        {"status": []},
        images(),
        images("one"),
        images({}),
        images({"status": "Success"}),
        images({"status": SUCCESS}),
        images({"status": SUCCESS, "image": None}),
        images({"status": SUCCESS, "image": {"metadata": {}}}),
        images({"status": SUCCESS, "image": {"metadata": {"name": None}}}),
        images({"status": SUCCESS, "image": {"metadata": {"name": "sha256:1"}, "dockerImageManifests": ["one"]}}),
        images({"status": SUCCESS, "image": {"metadata": {"name": "sha256:1"}, "dockerImageManifests": 1}}),
    ],
    ids=json.dumps,
)
def test_an_import_whose_outcome_is_not_told(
    document: dict[str, Any], server: ScriptedServer, cluster: ClusterApi
) -> None:
    server.will(reply(201, json.dumps(document).encode()))
    with pytest.raises(Unreachable, match=f"{server.host} does not tell .* quay.io/web:1 into project shop"):
        ImageImports(cluster, "shop").look_up("web", "quay.io/web:1", ImportPolicy())


def test_an_import_that_failed_keeps_its_reason(server: ScriptedServer, cluster: ClusterApi) -> None:
    failed = {"status": {"status": "Failure", "reason": "NotFound", "message": "no such tag"}}
    server.will(reply(201, json.dumps(images(failed)).encode()))
    with pytest.raises(NotFound, match="no such tag"):
        ImageImports(cluster, "shop").look_up("web", "quay.io/web:1", ImportPolicy())
