"""Our steps on a real controller: an application's pipeline, production's, approvals given over REST, and the others.

Collected only where JENKINS_URL is set: `make test-jenkins`, see `tests/jenkins/server.py`. The controller has the
plugins of resources/jenkins/plugins.txt and, on this machine and under the account that runs the tests, a node with the
label `skopeo`, two executors, skopeo, git and buildah. Its jobs load the library from a git repository of `vars/` as it
is here, which runs in the sandbox; with JENKINS_LIBRARY set it is the global library of that name.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.constraints.conftest import GO_120, PRODUCT, dockerfile, write_files
from tests.jenkins.server import real, with_folder
from tests.jenkins.setting import CONFIGURATION, PRODUCTION, Registries, Setting, publish_library
from tests.publishing.conftest import Application
from tests.support.git import GitServer
from tests.support.images import make_image
from tests.support.registries import Registry
from tests.support.registry_client import push, resolve
from tests.support.tokens import TokenService

REQUESTER = "a developer"
PROMOTES = {
    "scripted": """\
@Library('image-promoter') _
node('skopeo') {
    promoteImage(PARAMETERS)
}
""",
    "declarative": """\
@Library('image-promoter') _
pipeline {
    agent { label 'skopeo' }
    stages {
        stage('Promote') {
            steps { promoteImage(PARAMETERS) }
        }
    }
}
""",
}
ASKS_BEFORE = {
    "scripted": """\
@Library('image-promoter') _
Map approved = approvePromotion(PARAMETERS)
node('skopeo') {
    promoteImage(approved)
}
""",
    "declarative": """\
@Library('image-promoter') _
Map approved = [:]
pipeline {
    agent none
    stages {
        stage('Approve') {
            steps { script { approved = approvePromotion(PARAMETERS) } }
        }
        stage('Promote') {
            agent { label 'skopeo' }
            steps { promoteImage(approved) }
        }
    }
}
""",
}

HOLDS = """\
@Library('image-promoter') _
takingTurns('IMAGE') {
    input(message: 'Held?', id: 'Promotion', parameters: [string(name: 'REASON')])
}
"""
SUPERSEDES = """\
@Library('image-promoter') _
approvePromotion(PARAMETERS, supersede: true)
"""
RELEASES = """\
@Library('image-promoter') _
promoteRelease(images: ['non-production/NAME:1.0=production'], shards: 2, config: 'CONFIG')
"""
SIGNS_OFF = """\
@Library('image-promoter') _
pipeline {
    agent none
    stages {
        stage('Sign off') {
            agent { label 'skopeo' }
            steps { signOffImage(image: 'testing/NAME:1.0', application: 'shop', config: 'CONFIG') }
        }
        stage('Await') {
            steps { awaitSignOffs(image: 'testing/NAME:1.0', applications: ['shop'], config: 'CONFIG') }
        }
    }
}
"""
CARRIES = {
    "scripted": """\
@Library('image-promoter') _
env.BUILDAH_ISOLATION = 'chroot'
node('skopeo') {
    checkConstraints(metadata: 'METADATA', sources: 'CHECKOUTS')
    Map web = publishImage(repository: 'REPOSITORY', destination: 'testing/NAME', config: 'CONFIG')
    Map bundle = exportImage(images: ["testing/NAME:${web.version}"], output: 'web.tar', config: 'CONFIG')
    importImage(bundle: 'web.tar', destination: 'production', bundleDigest: bundle.digest, config: 'CONFIG')
}
""",
    "declarative": """\
@Library('image-promoter') _
Map bundle = [:]
pipeline {
    agent { label 'skopeo' }
    environment {
        BUILDAH_ISOLATION = 'chroot'
    }
    stages {
        stage('Check') {
            steps { checkConstraints(metadata: 'METADATA', sources: 'CHECKOUTS') }
        }
        stage('Publish') {
            steps { publishImage(repository: 'REPOSITORY', destination: 'testing/NAME', config: 'CONFIG') }
        }
        stage('Export') {
            steps {
                script { bundle = exportImage(images: ['testing/NAME:1.0'], output: 'web.tar', config: 'CONFIG') }
            }
        }
        stage('Import') {
            steps {
                importImage(bundle: 'web.tar', destination: 'production', bundleDigest: bundle.digest, config: 'CONFIG')
            }
        }
    }
}
""",
}
CHECKS = """\
@Library('image-promoter') _
node('skopeo') {
    checkConstraints(metadata: 'METADATA')
}
"""


@pytest.fixture(scope="module")
def registries(token_service: TokenService, non_production: Registry, production: Registry, puller: str) -> Registries:
    """Both sides."""
    builder = token_service.mint("system:serviceaccount:shop-dev:builder", {"shop-dev": "pull,push"})
    return Registries(non_production, production, builder, puller)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory, registries: Registries) -> Iterator[Setting]:
    """The controller with a folder of our own, which is deleted again."""
    directory, known = tmp_path_factory.mktemp("pipelines"), os.environ.get("JENKINS_LIBRARY")
    with GitServer(directory / "git") as git:
        library = "" if known else publish_library(git, directory / "library")
        with with_folder(real(), library) as jenkins:
            made = Setting(jenkins, registries, git, directory, library=known or "image-promoter")
            made.make_production()
            yield made


class Promotion:
    """An image that is to be in production."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.name, self.tag = f"app-{secrets.token_hex(4)}", "1.0"
        self.digest = push(make_image(seed=self.name), setting.non_production, f"shop-dev/{self.name}", self.tag)

    def into(self, jenkinsfile: str, destination: str, tag: str = "1.0") -> str:
        """Write the parameters of the step into a Jenkinsfile."""
        facts = {
            "source": f"non-production/{self.name}:{tag}",
            "destination": destination,
            "requestedBy": REQUESTER,
            "config": CONFIGURATION,
        }
        return jenkinsfile.replace("PARAMETERS", ", ".join(f"{name}: '{value}'" for name, value in facts.items()))

    def run(self, jenkinsfile: str) -> dict[str, Any]:
        """Run a Jenkinsfile with the image's name in it, and return its build."""
        self._setting.make(self.name, jenkinsfile.replace("NAME", self.name).replace("CONFIG", CONFIGURATION))
        return self._setting.run(self.name)

    def verified(self) -> str | None:
        """Return the digest that all applications have verified."""
        found = resolve(self._setting.non_production, f"shop-dev/{self.name}", "verified")
        return found.digest if found else None

    def job_parameters(self, project: str) -> dict[str, str]:
        """Return those of production's job."""
        registry = self._setting.production.host
        where = {"PROD_REGISTRY": registry, "PROD_PROJECT_NAME": project, "REQUESTED_BY": REQUESTER}
        return {"IMAGE_NAME": self.name, "GIT_COMMIT": self.tag, **where}

    def arrived(self, project: str) -> str | None:
        """Return the digest it has in a project of production."""
        found = resolve(self._setting.production, f"{project}/{self.name}", self.tag)
        return found.digest if found else None


class Component:
    """An application whose sources are on this machine, and the metadata of the product that it is part of."""

    def __init__(self, setting: Setting, directory: Path) -> None:
        self._setting = setting
        self.name = f"app-{secrets.token_hex(4)}"
        self.sources = Application(directory / "application")
        self._metadata = write_files(directory / "metadata", PRODUCT)
        self._checkouts = directory / "checkouts"
        self.build_from(dockerfile())

    def build_from(self, text: str) -> None:
        """Write the Dockerfile that the metadata is about."""
        write_files(self._checkouts / "web-operator", {"Dockerfile.ocp": text})

    def run(self, jenkinsfile: str) -> dict[str, Any]:
        """Run a Jenkinsfile, with the component written into it, and return its build."""
        facts = {
            "METADATA": self._metadata,
            "CHECKOUTS": self._checkouts,
            "REPOSITORY": self.sources.url,
            "NAME": self.name,
            "CONFIG": CONFIGURATION,
        }
        for name, value in facts.items():
            jenkinsfile = jenkinsfile.replace(name, str(value))
        self._setting.make(self.name, jenkinsfile)
        return self._setting.run(self.name)

    def published(self) -> str | None:
        """Return the digest it was published with."""
        return self._digest(self._setting.non_production, "shop-dev")

    def arrived(self) -> str | None:
        """Return the digest it has in production."""
        return self._digest(self._setting.production, "shop")

    def _digest(self, registry: Registry, project: str) -> str | None:
        found = resolve(registry, f"{project}/{self.name}", "1.0")
        return found.digest if found else None


@pytest.fixture
def component(setting: Setting, tmp_path: Path) -> Component:
    """A component of this test alone, which is as the metadata asks."""
    return Component(setting, tmp_path)


@pytest.fixture
def image(setting: Setting) -> Promotion:
    """An image of this test alone."""
    return Promotion(setting)


@pytest.mark.parametrize("through", ["job", "generic-webhook"])
def test_example_hands_over_to_productions_job(setting: Setting, through: str) -> None:
    application = f"application-{through}"
    setting.make_application(application, through)
    build = setting.run(application)
    assert build["result"] == "SUCCESS", build["log"]
    produced = setting.end(PRODUCTION, setting.jenkins.get(setting.jenkins.path(PRODUCTION))["lastBuild"]["number"])
    assert produced["result"] == "SUCCESS", produced["log"]
    destination, status, digest = build["description"].split(" ")
    commit = destination.rpartition(":")[2]
    for registry, repository in ((setting.non_production, "shop-dev/web"), (setting.production, "shop/web")):
        found = resolve(registry, repository, commit)
        assert found is not None
        assert found.digest == digest
    assert status == "promoted:"
    assert "| Finished: SUCCESS\n" in build["log"]
    for said in (build["log"], produced["log"]):
        assert setting.jenkins.token not in said
        assert quote(setting.jenkins.token, safe="") not in said


@pytest.mark.parametrize("style", PROMOTES)
def test_image_is_promoted(setting: Setting, image: Promotion, style: str) -> None:
    setting.make(f"promotes-{style}", image.into(PROMOTES[style], "production"))
    build = setting.run(f"promotes-{style}")
    assert build["result"] == "SUCCESS", build["log"]
    assert image.arrived("shop") == image.digest
    assert build["description"].endswith(f" promoted: {image.digest}")
    assert setting.run(f"promotes-{style}")["description"].endswith(f" unchanged: {image.digest}")


@pytest.mark.parametrize("style", PROMOTES)
def test_image_that_is_not_there_fails_the_build(setting: Setting, image: Promotion, style: str) -> None:
    setting.make(f"fails-{style}", image.into(PROMOTES[style], "production", "nonesuch"))
    build = setting.run(f"fails-{style}")
    assert build["result"] == "FAILURE", build["log"]
    assert "\nERROR: not-found: " in build["log"]
    assert image.arrived("shop") is None


def test_production_refuses_what_it_does_not_take(setting: Setting, image: Promotion) -> None:
    build = setting.run(PRODUCTION, image.job_parameters("nonesuch"))
    assert build["result"] == "FAILURE", build["log"]
    assert "\nERROR: refused: " in build["log"]


@pytest.mark.parametrize("style", ASKS_BEFORE)
def test_promotion_waits_for_its_approval(setting: Setting, image: Promotion, style: str) -> None:
    job = f"approved-{style}"
    setting.make(job, image.into(ASKS_BEFORE[style], "guarded"))
    number = setting.start(job)
    setting.wait_for_question(job, number)
    assert image.arrived("guarded") is None
    build = setting.approve(job, number, "it was tested")
    assert build["result"] == "SUCCESS", build["log"]
    assert "\nApproved by " in build["log"]
    assert image.arrived("guarded") == image.digest


def test_production_waits_for_its_approval(setting: Setting, image: Promotion) -> None:
    number = setting.start(PRODUCTION, image.job_parameters("guarded"))
    build = setting.approve(PRODUCTION, number, "it was tested")
    assert build["result"] == "SUCCESS", build["log"]
    assert image.arrived("guarded") == image.digest
    [recorded] = setting.history(f"guarded/{image.name}:{image.tag}")
    assert recorded["approved_by"] == f"{setting.jenkins.user}: it was tested"
    assert recorded["requested_by"] == REQUESTER


def test_production_is_not_approved_by_who_started_it(setting: Setting, image: Promotion) -> None:
    build = setting.run(PRODUCTION, image.job_parameters("guarded"), by_hand=True)
    assert build["result"] == "FAILURE", build["log"]
    assert "\nERROR: refused: Not enough people can approve" in build["log"]
    assert image.arrived("guarded") is None


def test_production_does_not_promote_what_was_rejected(setting: Setting, image: Promotion) -> None:
    number = setting.start(PRODUCTION, image.job_parameters("guarded"))
    build = setting.reject(PRODUCTION, number)
    assert build["result"] == "ABORTED", build["log"]
    assert "not approved" in build["description"]
    assert image.arrived("guarded") is None


def test_production_that_is_restarted_from_its_stage_finds_it_done(setting: Setting, image: Promotion) -> None:
    number = setting.start(PRODUCTION, image.job_parameters("guarded"))
    assert setting.approve(PRODUCTION, number, "it was tested")["result"] == "SUCCESS"
    again = setting.restart_from("Promote", PRODUCTION, number)
    assert again["result"] == "SUCCESS", again["log"]
    assert again["description"].endswith(f" unchanged: {image.digest}")


def test_production_that_is_aborted_while_it_asks(setting: Setting, image: Promotion) -> None:
    number = setting.start(PRODUCTION, image.job_parameters("guarded"))
    setting.wait_for_question(PRODUCTION, number)
    build = setting.abort(PRODUCTION, number)
    assert build["result"] == "ABORTED", build["log"]
    assert image.arrived("guarded") is None


def test_builds_of_one_image_take_turns(setting: Setting, image: Promotion) -> None:
    for job in (image.name, f"other-{image.name}"):
        setting.make(job, HOLDS.replace("IMAGE", f"production/{job}"))
    first = setting.start(image.name)
    setting.wait_for_question(image.name, first)
    second = setting.start(image.name)
    setting.wait_for(image.name, second, f"[Resource: promotion of production/{image.name}] is not free")
    other = setting.start(f"other-{image.name}")
    assert setting.approve(f"other-{image.name}", other, "beside it")["result"] == "SUCCESS"
    assert "Lock acquired" not in setting.jenkins.said(image.name, second)
    assert setting.approve(image.name, first, "before it")["result"] == "SUCCESS"
    assert setting.approve(image.name, second, "after it")["result"] == "SUCCESS"


def test_build_that_still_waits_ends_once_a_newer_one_is_approved_and_not_before(
    setting: Setting, image: Promotion
) -> None:
    job = f"superseded-{image.name}"
    setting.make(job, image.into(SUPERSEDES, "guarded"))
    older = setting.start(job)
    setting.wait_for_question(job, older)
    assert setting.reject(job, setting.start(job))["result"] == "ABORTED"
    setting.wait_for_question(job, older)
    newer = setting.approve(job, setting.start(job), "it was tested")
    assert newer["result"] == "SUCCESS", newer["log"]
    ended = setting.end(job, older)
    assert (ended["result"], "not approved" in ended["description"]) == ("NOT_BUILT", True), ended["log"]


def test_release_is_brought_by_several_agents(image: Promotion) -> None:
    build = image.run(RELEASES)
    assert build["result"] == "SUCCESS", build["log"]
    assert image.arrived("shop") == image.digest
    assert build["description"].endswith(" promoted: 1 promoted")


def test_image_is_verified_once_it_is_signed_off(image: Promotion) -> None:
    build = image.run(SIGNS_OFF)
    assert build["result"] == "SUCCESS", build["log"]
    assert image.verified() == image.digest
    assert build["description"].endswith(f" verified: {image.digest}")


@pytest.mark.parametrize("style", CARRIES)
def test_what_is_built_arrives_in_a_bundle(component: Component, style: str) -> None:
    build = component.run(CARRIES[style])
    assert build["result"] == "SUCCESS", build["log"]
    assert component.arrived() == component.published() is not None
    assert build["description"].endswith(" promoted: 1 promoted")
    assert f"/{component.name}:1.0 published: {component.published()}\n" in build["log"]
    assert "\nweb.tar exported: sha256:" in build["log"]


@pytest.mark.parametrize("style", CARRIES)
def test_what_is_not_as_the_metadata_asks_fails_the_build(component: Component, style: str) -> None:
    component.build_from(dockerfile(GO_120))
    build = component.run(CARRIES[style])
    assert (build["result"], component.published()) == ("FAILURE", None), build["log"]
    assert build["description"] == "refused: 1 of 1 components are inconsistent: web."
    assert f"\nERROR: {build['description']} " in build["log"]


@pytest.mark.parametrize("style", CARRIES)
def test_what_cannot_be_built_fails_the_build(component: Component, style: str) -> None:
    component.sources.change({"Dockerfile": "FROM scratch\nCOPY missing /\n"})
    build = component.run(CARRIES[style])
    assert (build["result"], component.published()) == ("FAILURE", None), build["log"]
    assert build["description"].startswith("downstream-failed: buildah could not build ")


@pytest.mark.parametrize(
    ("given", "instead", "said"),
    [
        ("bundle.digest", f"'sha256:{'0' * 64}'", "refused: "),
        ("bundleDigest", "digest", "wrong-usage: The parameters of import-bundle do not fit: "),
        ("bundle: 'web.tar'", "bundle: 'api.tar'", "wrong-usage: api.tar cannot be read: "),
    ],
    ids=["another bundle", "unknown parameter", "no bundle"],
)
def test_bundle_that_cannot_be_imported_fails_the_build(
    component: Component, given: str, instead: str, said: str
) -> None:
    build = component.run(CARRIES["scripted"].replace(given, instead))
    assert (build["result"], component.arrived()) == ("FAILURE", None), build["log"]
    assert build["description"].startswith(said)
    assert "\nweb.tar exported: sha256:" in build["log"]


def test_build_that_is_aborted_ends_its_helper(setting: Setting, image: Promotion) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        metadata = f"https://127.0.0.1:{silent.getsockname()[1]}/metadata.git#main"
        setting.make(image.name, CHECKS.replace("METADATA", metadata))
        number = setting.start(image.name)
        connection, _ = silent.accept()
        with connection:
            build = setting.abort(image.name, number)
            assert build["result"] == "ABORTED", build["log"]
            assert build["description"] == "promoter constraints check was interrupted"
            connection.settimeout(30)
            while connection.recv(4096):
                continue  # until the other end is closed
