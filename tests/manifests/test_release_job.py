"""The Jobs that promote a release without Jenkins: what a cluster takes, and what their pods run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from promoter.cli.arguments import parse
from promoter.model.request import ReleaseRequest
from tests.manifests.conftest import Renderer, one
from tests.support.openshift_template import process
from tests.support.repository import ROOT
from tests.support.schemas import misfits

Document = dict[str, Any]
FILE = ROOT / "resources/openshift/release-job.yaml"
GIVEN = {"NAME": "shop-7", "JENKINS_PROJECT": "shop-pipelines"}


@pytest.fixture
def template() -> Document:
    """The template."""
    document: Document = yaml.safe_load(FILE.read_text())
    return document


def pod(job: Document) -> Document:
    """Return what a Job's pods are."""
    spec: Document = job["spec"]["template"]["spec"]
    return spec


def asked_for(arguments: list[str]) -> ReleaseRequest:
    """Return what a command line of the promoter asks for."""
    request = parse(arguments).request
    assert isinstance(request, ReleaseRequest)
    return request


def test_cluster_takes_the_template_and_the_jobs(template: Document) -> None:
    jobs = process(template, GIVEN)
    assert misfits(template) == []
    assert [misfits(job) for job in jobs] == [[], []]
    assert "${" not in str(jobs)


def test_what_only_people_know_has_to_be_given(template: Document) -> None:
    with pytest.raises(ValueError, match="parameter JENKINS_PROJECT, NAME is required"):
        process(template, {})


@pytest.mark.parametrize("shards", [1, 4, 12])
def test_pods_bring_all_shards(template: Document, tmp_path: Path, shards: int) -> None:
    job = one(process(template, GIVEN | {"SHARDS": str(shards)}), "Job", "shop-7-bring")
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", shards, shards)
    promoter = tmp_path / "promoter"
    promoter.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    promoter.chmod(0o755)
    [container] = pod(job)["containers"]
    run = [run_pod(container["command"], tmp_path, index) for index in range(shards)]
    assert [request.shard for request in run] == [f"{number}/{shards}" for number in range(1, shards + 1)]
    assert {request.images for request in run} == {("/etc/release/release.txt",)}


def run_pod(command: list[str], programs: Path, index: int) -> ReleaseRequest:
    """Run a pod's command with a promoter that says its arguments, and return what they ask for."""
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return asked_for(said.splitlines())


def test_what_flips_waits_and_is_the_whole_release(template: Document) -> None:
    job = one(process(template, GIVEN), "Job", "shop-7-flip")
    assert (job["spec"]["suspend"], job["spec"]["backoffLimit"]) == (True, 0)
    [container] = pod(job)["containers"]
    assert container["command"][0] == "promoter"
    request = asked_for(container["command"][1:])
    assert (request.images, request.shard) == (("/etc/release/release.txt",), None)
    assert request.config == "/etc/promoter/promotion.yaml"


def test_pods_have_what_productions_other_pods_have(template: Document, renderer: Renderer) -> None:
    doctor = one(renderer.objects("production"), "CronJob", "image-promoter-doctor")
    expected = pod(doctor["spec"]["jobTemplate"])
    given = GIVEN | {"PROXY": "http://proxy.example.com:3128", "AGENT_CPU": "500m", "AGENT_MEMORY": "2Gi"}
    for job in process(template, given):
        found = pod(job)
        assert found["serviceAccountName"] == expected["serviceAccountName"]
        assert found["securityContext"] == expected["securityContext"]
        [container], [other] = found["containers"], expected["containers"]
        assert [container[key] for key in ("image", "env", "resources", "securityContext")] == [
            other[key] for key in ("image", "env", "resources", "securityContext")
        ]
        assert [volume for volume in found["volumes"] if volume["name"] != "release"] == expected["volumes"]
