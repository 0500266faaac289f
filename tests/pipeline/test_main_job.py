"""The main job, from an application's Jenkinsfile to the digest in production."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.pipeline import PipelineRun
from tests.support.registry_client import resolve
from tests.support.two_clusters import TwoClusters, two_clusters

COMMIT = "4f2a9c1d8e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b"


class MainJob:
    """One run of Jenkinsfile.example that brought a new image to production."""

    def __init__(self, place: TwoClusters) -> None:
        self.place = place
        self.run = place.run_application_pipeline(COMMIT, lambda _: None)
        self.sent = [request for request in place.cluster.requests if request.method == "POST"]

    @property
    def production_run(self) -> PipelineRun:
        """Production's pipeline, as its rig saw it."""
        (run,) = self.place.production_runs
        return run

    def digest(self, side: str) -> str | None:
        """Return what the commit's tag is on a side."""
        registry, repository = {
            "non-production": (self.place.non_production, "shop-dev/web"),
            "production": (self.place.production, "shop/web"),
        }[side]
        found = resolve(registry, repository, COMMIT)
        return found.digest if found else None


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainJob]:
    """The main job, done once for all tests that look at it."""
    with two_clusters(tmp_path_factory.mktemp("main-job")) as place:
        yield MainJob(place)


@pytest.mark.statement("F4", "F10", "F11", "P1", "P9", "R2")
def test_the_tested_digest_stands_in_production(job: MainJob) -> None:
    assert job.run.result == "SUCCESS", job.run.log
    assert job.run.violation is None
    assert job.digest("production") == job.digest("non-production") is not None


@pytest.mark.statement("F4", "F5")
def test_one_post_to_the_webhook_carries_the_parameters(job: MainJob) -> None:
    (post,) = job.sent
    sent = {entry["name"]: entry["value"] for entry in json.loads(post.body)["env"]}
    assert post.path.startswith(
        "/apis/build.openshift.io/v1/namespaces/shop-pipelines/buildconfigs/production-pipeline"
    )
    assert sent.pop("PROMOTION_ID")
    assert sent.pop("REQUESTED_BY")
    assert sent == {
        "IMAGE_NAME": "web",
        "NON_PROD_REGISTRY": job.place.non_production.host,
        "PROD_REGISTRY": job.place.production.host,
        "NON_PROD_PROJECT_NAME": "shop-dev",
        "PROD_PROJECT_NAME": "shop",
        "GIT_COMMIT": COMMIT,
        "IMAGE_DIGEST": job.digest("non-production"),
    }


@pytest.mark.statement("F5", "F6")
def test_production_reads_the_mounted_secret_and_its_own_account(job: MainJob) -> None:
    assert job.production_run.result == "SUCCESS"
    configuration = (job.place.directory / "production.yaml").read_text()
    assert "secret:/run/secrets/kubernetes.io/non-production-cluster-token" in configuration
    assert "in-cluster" in configuration
    assert job.production_run.stage("Promote") == "SUCCESS"


def test_the_descriptions_name_image_digest_and_outcome(job: MainJob) -> None:
    for run in (job.run, job.production_run):
        assert run.description == f"{job.place.production.host}/shop/web:{COMMIT} promoted: {job.digest('production')}"


def test_productions_log_is_followed(job: MainJob) -> None:
    assert "| " + "Finished: SUCCESS" in job.run.log
    assert f"| promoted: {job.place.production.host}/shop/web:{COMMIT}" in job.run.log


@pytest.mark.statement("F7")
def test_no_secret_is_seen_anywhere(job: MainJob) -> None:
    seen = [job.run.log, job.production_run.log, repr(job.run.steps), repr(job.production_run.steps)]
    seen += [file.read_text(errors="replace") for file in written_by_pipelines(job.place.directory)]
    text = "\n".join(seen)
    for token in job.place.tokens:
        for form in (token, quote(token, safe=""), b64encode(token.encode()).decode().rstrip("=")):
            assert form not in text


@pytest.mark.statement("R4")
def test_nothing_is_left_in_the_workspaces(job: MainJob) -> None:
    for run in (job.run, job.production_run):
        assert not list(run.workspace.parent.rglob("request.json"))
        assert not list(run.workspace.rglob("result.json"))
        assert run.survivors == ()


def written_by_pipelines(directory: Path) -> list[Path]:
    """Return all files of the workspaces and artifacts."""
    builds = (directory / f"jenkins-{side}" / "builds" for side in ("dev", "prod"))
    folders = ("workspace", "artifacts")
    return [file for build in builds for folder in folders for file in build.glob(f"*/{folder}/**/*") if file.is_file()]
