"""docs/builder-images.Jenkinsfile: a base image on its way from where it is published to several registries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support import registry_client
from tests.support.builder_images import BUILT, PRODUCTION, PROJECT, PROPOSERS, BuilderImages, builder_images
from tests.support.cluster import HookError
from tests.support.cluster.answers import BUILD_CONFIGS, DEPLOYMENTS
from tests.support.cluster.workloads import deployment
from tests.support.images import Image, make_image
from tests.support.pipeline import Answer, Approve, PipelineRun, Reject, Wait
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

PAUSED = "docs"
"""A deployment that `ruby:candidate` would trigger, if that were not paused."""

COMMIT = "4f2a9c1d8e7b6a5f4c3d2e1f0a9b8c7d6e5f4a3b"
BEYOND_TEST = ("integration", "stage", *PRODUCTION)
VERSIONS = itertools.count(1)


class Candidate:
    """A version of `ruby` that no other test has, published and not brought anywhere yet."""

    def __init__(self, place: BuilderImages) -> None:
        self.place = place
        self.version = f"2.{next(VERSIONS)}"
        self.image: Image = make_image(seed=f"ruby {self.version}")
        self.digest = self.image.digest
        place.publish(self.image, self.version)
        place.tests.clear()
        place.tested.clear()

    def is_in(self) -> list[str]:
        """Return the environments beyond `test` that have it under its version."""
        return [name for name in BEYOND_TEST if self.place.digest(name, self.version) == self.digest]

    def put_on_stage(self) -> None:
        """Put it where an earlier build of the pipeline brings it before production."""
        registry_client.push(self.image, self.place.registries["stage"], "builders/ruby", self.version)

    def said(self) -> dict[str, str]:
        """Return what applications said about it."""
        look = self.place.promoter("describe", f"test/ruby:{self.version}").result
        return {one["application"]: one["verdict"] for one in look["sign_offs"]}


class Brought(NamedTuple):
    """A candidate that is in production, and the build that brought it there."""

    candidate: Candidate
    run: PipelineRun
    tested: list[tuple[str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[BuilderImages]:
    """The cluster and the registries, for all tests."""
    with builder_images(tmp_path_factory.mktemp("builder-images"), ca) as made:
        yield made


@pytest.fixture
def candidate(place: BuilderImages) -> Candidate:
    """A new version."""
    return Candidate(place)


@pytest.fixture(scope="module")
def brought(place: BuilderImages) -> Brought:
    """A version that all verified and two people approved; the controller was restarted while they were waited for."""
    candidate = Candidate(place)
    place.pull_requests.add_commit(PROPOSERS, COMMIT)
    place.cluster.add(DEPLOYMENTS, PROJECT, deployment(PAUSED, [{"name": "ruby:candidate"}], paused=True))
    answers: list[Answer] = [Wait(), Approve("omar")]
    with (
        place.hook(candidate.image),
        place.start(candidate.version, f"{PROPOSERS}@{COMMIT}", inputs={"Promotion": answers}) as running,
    ):
        wait_until(lambda: "\nInput requested" in running.log, "the build to ask")
        running.restart()
        wait_until(lambda: "\nReady to run at " in running.log, "the controller to be back")
        running.answer("Promotion", Approve("olga", {"REASON": "Rebuild tonight."}))
        run = running.wait()
    return Brought(candidate, run, list(place.tested))


def asked(run: PipelineRun) -> list[str]:
    """Return the first line of each question that people were asked."""
    return [call["message"].partition("\n")[0] for call in run.calls("input")]


@pytest.mark.statement("P9", "P19", "P22")
def test_the_published_digest_goes_all_the_way_to_production(place: BuilderImages, brought: Brought) -> None:
    candidate, run, _ = brought
    assert (run.result, run.violation) == ("SUCCESS", None), run.log
    stages = ["Import", "Test", "Sign-off", "Integration", "Stage", "Production"]
    assert [(stage.name, stage.status) for stage in run.stages] == [(name, "SUCCESS") for name in stages]
    assert candidate.is_in() == list(BEYOND_TEST)
    verified = f"{candidate.version}-verified"
    assert place.digest("test", verified) == place.tag(verified) == candidate.digest


@pytest.mark.statement("P22")
def test_all_that_is_built_on_it_was_tested_with_it_before(brought: Brought) -> None:
    candidate, _, tested = brought
    assert sorted(tested) == [(name, candidate.digest) for name in BUILT]
    assert candidate.said() == dict.fromkeys([*BUILT, "shop"], "verified")


@pytest.mark.statement("P11")
def test_what_jenkins_tagged_is_rolled_out_once_a_person_starts_that(place: BuilderImages, brought: Brought) -> None:
    assert brought.run.result == "SUCCESS"
    rollouts = place.cluster.rollouts
    assert rollouts.image_ids(PROJECT, PAUSED) == []
    rollouts.begin(PROJECT, PAUSED)
    wait_until(lambda: rollouts.image_ids(PROJECT, PAUSED) != [], "the rollout")
    [running] = rollouts.image_ids(PROJECT, PAUSED)
    assert running.rpartition("@")[2] == place.tag("candidate")


@pytest.mark.statement("P19")
def test_people_are_asked_for_each_registry_and_no_agent_waits(place: BuilderImages, brought: Brought) -> None:
    candidate, run, _ = brought
    hosts = [place.registries[name].host for name in PRODUCTION]
    assert asked(run) == [f"Promote to {host}/builders/ruby:{candidate.version}?" for host in hosts]
    assert "this input holds its node" not in run.log
    entries = [place.promoter("history", f"{name}/ruby:{candidate.version}").result["entries"] for name in PRODUCTION]
    assert [one["approved_by"] for [one] in entries] == ["olga: Rebuild tonight.", "omar"]


@pytest.mark.statement("P21")
def test_the_pull_request_that_proposed_it_hears_of_it(place: BuilderImages, brought: Brought) -> None:
    assert brought.run.result == "SUCCESS"
    heard = [(one["state"], one["description"]) for one in place.pull_requests.statuses(PROPOSERS, COMMIT)]
    applications = "rails-example, sinatra-example, shop"
    assert heard == [("pending", f"waiting for {applications}"), ("success", f"verified by {applications}")]


@pytest.mark.statement("P19")
def test_run_again_it_changes_nothing_and_asks_nobody(place: BuilderImages, brought: Brought) -> None:
    candidate = brought.candidate
    before = {name: registry_client.tags(place.registries[name], "builders/ruby") for name in BEYOND_TEST}
    run = place.run(candidate.version)
    assert run.result == "SUCCESS", run.log
    for name in BEYOND_TEST:
        assert f"\n{place.registries[name].host}/builders/ruby:{candidate.version} unchanged:" in run.log
        assert registry_client.tags(place.registries[name], "builders/ruby") == before[name]
    assert asked(run) == []


@pytest.mark.statement("P19", "P20")
def test_one_rejection_stops_it_and_it_goes_on_once_that_is_taken_back(candidate: Candidate) -> None:
    place, version = candidate.place, candidate.version
    with place.hook(candidate.image, "--rejected", "--reason", "no TLS 1.3"):
        run = place.run(version)
    assert (run.result, run.stage("Sign-off"), run.stage("Integration")) == ("FAILURE", "FAILED", "SKIPPED")
    assert "is rejected by shop: no TLS 1.3." in run.log
    assert candidate.is_in() == []
    assert place.tag(f"{version}-verified") is None

    assert place.promoter("sign-off", "test/ruby:candidate", "shop").exit_code == 0
    run = place.run(version, from_stage="Sign-off", inputs={"Promotion": Approve("olga")})
    assert (run.result, run.stage("Test")) == ("SUCCESS", "SKIPPED"), run.log
    assert candidate.is_in() == list(BEYOND_TEST)


@pytest.mark.statement("P22")
def test_an_application_whose_tests_fail_rejects_it(candidate: Candidate) -> None:
    place = candidate.place

    def fail() -> None:
        raise HookError

    place.tests["rails-example"] = fail
    run = place.run(candidate.version)
    assert (run.result, run.stage("Test"), run.stage("Sign-off")) == ("FAILURE", "SUCCESS", "FAILED")
    assert "rejected by rails-example: downstream-failed: The build builders-test/rails-example-" in run.log
    assert "Build failed because of post commit hook." in run.log
    assert "/job/builders/job/ruby/" in run.log
    assert candidate.said() == {"rails-example": "rejected", "sinatra-example": "verified"}
    assert candidate.is_in() == []


@pytest.mark.statement("P22")
def test_a_test_that_cannot_be_run_ends_the_build_and_rejects_nothing(candidate: Candidate) -> None:
    place = candidate.place
    config = place.cluster.get(BUILD_CONFIGS, PROJECT, "sinatra-example")
    place.cluster.delete(BUILD_CONFIGS, PROJECT, "sinatra-example")
    try:
        run = place.run(candidate.version)
    finally:
        place.cluster.add(BUILD_CONFIGS, PROJECT, config)
    assert (run.result, run.stage("Test"), run.stage("Sign-off")) == ("FAILURE", "FAILED", "SKIPPED")
    assert "ERROR: sinatra-example: not-found: There is no BuildConfig sinatra-example" in run.log
    assert run.description == "failed for sinatra-example"
    assert candidate.said() == {"rails-example": "verified"}


def test_what_is_not_verified_cannot_be_brought_further_by_a_restart(candidate: Candidate) -> None:
    run = candidate.place.run(candidate.version, from_stage="Integration")
    assert (run.result, run.stage("Stage")) == ("FAILURE", "SKIPPED")
    assert f"ruby:{candidate.version}-verified" in str(run.description)
    assert candidate.is_in() == []


@pytest.mark.statement("P19")
def test_who_is_not_listed_cannot_let_it_into_production(candidate: Candidate) -> None:
    candidate.put_on_stage()
    answers: list[Answer] = [Approve("admin"), Reject("omar")]
    run = candidate.place.run(candidate.version, from_stage="Production", inputs={"Promotion": answers})
    assert run.result == "ABORTED"
    assert "admin is not among those who can approve this: olga, omar. Asking again." in run.log
    assert candidate.is_in() == ["stage"]


@pytest.mark.statement("P22")
def test_a_registry_that_fails_is_named_and_the_next_build_asks_for_it_alone(candidate: Candidate) -> None:
    place, version = candidate.place, candidate.version
    candidate.put_on_stage()
    approved = {"Promotion": Approve("olga")}
    west = place.registries["production-west"]
    west.read_only = True
    west.restart()
    try:
        run = place.run(version, from_stage="Production", inputs=approved)
    finally:
        west.read_only = False
        west.restart()
    assert (run.result, run.description) == ("FAILURE", "failed for production-west"), run.log
    assert "\nERROR: production-west: " in run.log
    assert candidate.is_in() == ["stage", "production-east"]

    run = place.run(version, from_stage="Production", inputs=approved)
    assert run.result == "SUCCESS", run.log
    assert asked(run) == [f"Promote to {west.host}/builders/ruby:{version}?"]
    assert candidate.is_in() == ["stage", *PRODUCTION]


def test_without_a_version_nothing_is_done(place: BuilderImages) -> None:
    place.cluster.requests.clear()
    run = place.run("")
    assert (run.result, run.stage("Import"), run.stage("Test")) == ("FAILURE", "FAILED", "SKIPPED")
    assert "ERROR: wrong-usage: 'upstream/ruby:' " in run.log
    assert place.cluster.requests == []
