"""Production's real pipeline as the job: `productionPipeline` in the pipeline rig."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.jenkins.conftest import JOB, PARAMETERS, JobHandover
from tests.openshift.conftest import COMMIT
from tests.support.agent import Agent
from tests.support.jenkins import BuildRun, GenericTrigger
from tests.support.pipeline import PipelineRig, PipelineRun
from tests.support.two_clusters import PRODUCTION_JENKINSFILE, ROOT


@pytest.fixture
def runs(handover: JobHandover, tmp_path: Path) -> list[PipelineRun]:
    """The runs of production's pipeline, which the job is from now on."""
    production = handover.job.pipeline.shop
    environments = production.environments
    environments["production"]["credentials"] = f"file:{production.promoter.directory / 'password'}"
    agent = Agent(tmp_path / "agent", {}, json.dumps({"environments": environments, "routes": production.routes}))
    rig = PipelineRig(tmp_path / "jenkins", {"image-promoter": ROOT})
    ended: list[PipelineRun] = []

    def run_pipeline(build: BuildRun) -> None:
        run = rig.run(
            PRODUCTION_JENKINSFILE.read_text(),
            on_line=lambda line: None if line.startswith("Finished: ") else build.log(line),
            parameters=build.parameters,
            environment=agent.environment,
            build_number=build.number + 1,
            job_name=JOB,
        )
        ended.append(run)
        build.result = run.result

    handover.job.instead = run_pipeline
    return ended


def test_production_pipeline_promotes(handover: JobHandover, runs: list[PipelineRun]) -> None:
    image = handover.push()
    outcome = handover.promote()
    result = outcome.result
    assert (result["status"], result["build"]["name"]) == ("promoted", f"{JOB} #1")
    assert result["record"]
    assert handover.shop.prod.digest(COMMIT) == image.digest
    [run] = runs
    assert (run.result, run.violation) == ("SUCCESS", None)
    assert image.digest in str(run.description)
    assert "| [Pipeline] { (Promote)" in outcome.stderr


def test_production_pipeline_promotes_what_a_generic_webhook_brings(
    handover: JobHandover, runs: list[PipelineRun]
) -> None:
    image, token = handover.push(), "token of the hook"
    handover.use_webhook(token)
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS, trigger=GenericTrigger(token))
    assert handover.promote().result["status"] == "promoted"
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert [run.result for run in runs] == ["SUCCESS"]


def test_production_pipeline_refuses(handover: JobHandover, runs: list[PipelineRun]) -> None:
    handover.push()
    outcome = handover.promote("--promotion-id", "x" * 201)
    assert outcome.exit_code == 9
    assert "PROMOTION_ID is too long" in outcome.stderr
    assert runs[0].result == "FAILURE"
    assert handover.shop.prod.digest(COMMIT) is None
