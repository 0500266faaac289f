"""What is applied to Jenkins: it fits together, names what the pipelines use, and production's job runs with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.openshift.client import BUILD_API, Client
from tests.support.images import make_image
from tests.support.pipeline import PipelineRun
from tests.support.registry_client import push, resolve
from tests.support.two_clusters import TwoClusters, two_clusters

ROOT = Path(__file__).parents[2]
JENKINS = ROOT / "resources" / "jenkins"
CASC = sorted((JENKINS / "casc").glob("*.yaml"))
JENKINSFILES = [ROOT / "Jenkinsfile.example", JENKINS / "production-pipeline.Jenkinsfile"]
TEMPLATES = ROOT / "py" / "src" / "promoter" / "manifests" / "templates"
SAYING_HOW = [ROOT / "README.md", ROOT / "docs" / "jenkins.md"]
COMMIT = "8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e"
PROJECT = "shop-pipelines"

# Which plugin has which step: Jenkins' Pipeline Steps Reference.
STEPS = {
    "workflow-basic-steps": {
        "deleteDir",
        "dir",
        "echo",
        "error",
        "fileExists",
        "readFile",
        "sleep",
        "timeout",
        "withEnv",
        "writeFile",
    },
    "pipeline-input-step": {"input"},
    "workflow-durable-task-step": {"node", "sh"},
    "pipeline-stage-step": {"stage"},
    "credentials-binding": {"withCredentials"},
    "workflow-scm-step": {"checkout"},
    "pipeline-model-definition": {"script"},
}


def casc(name: str) -> dict[str, Any]:
    """Return a file of Configuration as Code."""
    content: dict[str, Any] = yaml.safe_load((JENKINS / "casc" / f"{name}.yaml").read_text())
    return content


def pod_template() -> dict[str, Any]:
    """Return the agent's pod template."""
    (cloud,) = casc("agent")["jenkins"]["clouds"]
    (template,) = cloud["kubernetes"]["templates"]
    return dict(template)


def plugins() -> tuple[list[str], list[str]]:
    """Return the required plugins and the optional ones."""
    required, optional = (JENKINS / "plugins.txt").read_text().split("\n# Optional, all that follow.\n")
    return re.findall(r"^[^#\n]+", required, re.MULTILINE), re.findall(r"^[^#\n]+", optional, re.MULTILINE)


class Place:
    """The two clusters, where nothing says which BuildConfig is production's, or which project it is in."""

    def __init__(self, clusters: TwoClusters) -> None:
        self.clusters = clusters
        file = clusters.application / "promotion.yaml"
        configuration = json.loads(file.read_text())
        (route,) = configuration["routes"]
        del route["webhook"]["project"], route["webhook"]["build-config"]
        cluster = {"api": clusters.cluster.url, "project": PROJECT}
        configuration["environments"]["production"]["cluster"] = cluster
        file.write_text(json.dumps(configuration))
        self.run = clusters.run_application_pipeline(COMMIT, lambda _: None)

    def start_production(self, parameters: dict[str, str]) -> PipelineRun:
        """Start production's pipeline without non-production, and return how it went."""
        *_, token, hook = self.clusters.tokens
        path = f"{BUILD_API}/namespaces/{PROJECT}/buildconfigs/production-pipeline/webhooks/{hook}/generic"
        body = {"env": [{"name": name, "value": value} for name, value in parameters.items()]}
        cluster = self.clusters.cluster
        started = Client(cluster.url, cluster.ca, PROJECT, token).call("POST", path, body).document
        cluster.wait_for_phase(PROJECT, started["metadata"]["name"], "Complete", timeout_s=60)
        return self.clusters.production_runs[-1]

    def digest(self, tag: str) -> str | None:
        """Return what a tag is in production."""
        found = resolve(self.clusters.production, "shop/web", tag)
        return found.digest if found else None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One run of both pipelines, done once for all tests that look at it."""
    with two_clusters(tmp_path_factory.mktemp("jenkins-side")) as clusters:
        yield Place(clusters)


@pytest.mark.statement("P25")
def test_jobs_find_project_and_build_config(place: Place) -> None:
    assert place.run.result == "SUCCESS", place.run.log
    assert f"handing over to {PROJECT}/production-pipeline" in place.run.log
    built = resolve(place.clusters.non_production, "shop-dev/web", COMMIT)
    assert built is not None
    assert place.digest(COMMIT) == built.digest


@pytest.mark.statement("P25")
def test_productions_job_needs_an_image_and_a_tag(place: Place) -> None:
    image = make_image(seed="started by a person")
    push(image, place.clusters.non_production, "shop-dev/web", "by-hand")
    run = place.start_production({"IMAGE_NAME": "web", "GIT_COMMIT": "by-hand"})
    assert run.result == "SUCCESS", run.log
    assert place.digest("by-hand") == image.digest


def test_required_plugins_have_every_step_that_is_used(place: Place) -> None:
    known = {step for plugin in plugins()[0] for step in STEPS.get(plugin, ())}
    runs = (place.run, *place.clusters.production_runs)
    used = {step.name for run in runs for step in run.steps}
    assert "sh" in used
    assert used <= known


def test_plugins_are_named_once() -> None:
    required, optional = plugins()
    ours = ["openshift-sync", "kubernetes", "configuration-as-code", "job-dsl"]
    assert optional == [*ours, "lockable-resources", "pipeline-milestone-step", "generic-webhook-trigger"]
    assert all(re.fullmatch(r"[a-z-]+", name) for name in required)
    assert len({*required, *optional}) == len(required) + len(optional)


def test_library_has_one_name() -> None:
    (library,) = casc("library")["unclassified"]["globalLibraries"]["libraries"]
    texts = [file.read_text() for file in (*JENKINSFILES, *SAYING_HOW, JENKINS / "casc" / "production.yaml")]
    for text in texts:
        assert set(re.findall(r"""(?:@Library\(|\blibrary[( ])['"]([\w-]+)""", text)) == {library["name"]}


def test_library_is_asked_for_and_pinned() -> None:
    (library,) = casc("library")["unclassified"]["globalLibraries"]["libraries"]
    assert library["implicit"] is False
    assert library["defaultVersion"] == "${PROMOTER_LIBRARY_VERSION}"


def test_credentials_that_pipelines_ask_for_are_there() -> None:
    asked = [file.read_text() for file in (*JENKINSFILES, *(ROOT / "vars").glob("*.groovy"))]
    ids = {found for text in asked for found in re.findall(r"credentialsId: *'([^']+)'", text)}
    (domain,) = casc("non-production")["credentials"]["system"]["domainCredentials"]
    assert ids == {credential["string"]["id"] for credential in domain["credentials"]}


def test_agents_have_the_label_that_pipelines_ask_for() -> None:
    step = (ROOT / "vars" / "promoterCommand.groovy").read_text()
    labels = re.findall(r"(?:'label',|label) '(\w+)'", step + (ROOT / "Jenkinsfile.example").read_text())
    assert labels == [pod_template()["label"]] * 3


def test_agents_have_secret_and_configuration_where_production_looks() -> None:
    paths = {next(iter(volume.values()))["mountPath"] for volume in pod_template()["volumes"]}
    used = (JENKINS / "production-pipeline.Jenkinsfile").read_text()
    assert paths == {"/run/secrets/kubernetes.io/${PROMOTER_TOKEN_SECRET}", "/etc/promoter"}
    assert "config: '/etc/promoter/promotion.yaml'" in used


def test_job_is_that_of_the_build_config() -> None:
    """It runs the same Jenkinsfile, and asks for what the pipeline declares."""
    (job,) = casc("production")["jobs"]
    (script,) = re.findall(r"script\('''\\\n(.*?)'''\.stripIndent", job["script"], re.DOTALL)
    lines = [line.strip() for line in script.splitlines()]
    assert lines == (JENKINS / "production-pipeline.Jenkinsfile").read_text().splitlines()
    build_config = (TEMPLATES / "production-pipeline.yaml").read_text()
    assert all(f"        {line}\n" in build_config for line in lines)
    declared = re.findall(r"\bstring\(name: '(\w+)'", (ROOT / "vars" / "productionPipeline.groovy").read_text())
    assert re.findall(r"stringParam\('(\w+)'", job["script"]) == declared != []


@pytest.mark.parametrize("file", CASC, ids=lambda file: file.stem)
def test_variables_are_those_that_the_head_explains(file: Path) -> None:
    explained = set(re.findall(r"^#   (\w+)  +\S", file.read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(?:\w+:\$\{)?(\w+)", file.read_text())) == explained
