"""docs/external-hand-over.md: a version on its way from the team by QA's registry to stage and production."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.external_hand_over import PROJECTS, ExternalHandOver, external_hand_over
from tests.support.images import Image
from tests.support.pipeline import PipelineRun
from tests.support.repository import ROOT
from tests.support.shop import make
from tests.support.tls import CertificateAuthority

DOCUMENT = ROOT / "docs" / "external-hand-over.md"
VERSIONS = itertools.count(1)


class Candidate:
    """A version of `web` that no other test has, built and not handed over yet."""

    def __init__(self, place: ExternalHandOver) -> None:
        self.place = place
        self.version = f"1.{next(VERSIONS)}"
        self.verified = f"{self.version}-verified"
        self.image = make("oci index", f"web {self.version}")
        self.digest = self.image.digest
        place.push(self.image, "development", self.version)

    def is_in(self) -> list[str]:
        """Return the environments that have it under its version."""
        return [name for name in PROJECTS if self.place.digest(name, self.version) == self.digest]

    def hand_over(self) -> None:
        """Do by hand what the team's pipeline does."""
        self.place.team.promoter("promote", f"development/web:{self.version}", "qa")
        assert self.place.digest("qa", self.version) == self.digest

    def verify(self) -> None:
        """Do by hand what QA's pipeline does when it finds nothing."""
        image = f"qa/web:{self.version}"
        self.place.qa.promoter("sign-off", image, "qa")
        self.place.qa.promoter("await-sign-offs", image, "qa", "--tag", self.verified)
        assert self.place.digest("qa", self.verified) == self.place.digest("qa", self.version)

    def bring(self) -> PipelineRun:
        """Run operations' pipeline."""
        return self.place.operations.run(self.version)

    def other(self) -> Image:
        """Return another image, which somebody takes for this version."""
        return make("oci index", f"not web {self.version}")

    def signed_off_by(self, environment: str) -> list[str]:
        """Return who signed off what was promoted to an environment, by promotion."""
        entries = self.place.operations.promoter("history", f"{environment}/web:{self.version}").result["entries"]
        return [entry["signed_off_by"] for entry in entries]


class Brought(NamedTuple):
    """A version in production, and the builds that brought it there."""

    candidate: Candidate
    runs: dict[str, PipelineRun]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[ExternalHandOver]:
    """The parties and the registries, for all tests."""
    with external_hand_over(tmp_path_factory.mktemp("external-hand-over"), ca) as made:
        yield made


@pytest.fixture
def candidate(place: ExternalHandOver) -> Candidate:
    """A new version."""
    return Candidate(place)


@pytest.fixture(scope="module")
def brought(place: ExternalHandOver) -> Brought:
    """A version that all three pipelines have brought on."""
    candidate = Candidate(place)
    parties = {"team": place.team, "qa": place.qa, "operations": place.operations}
    return Brought(candidate, {name: party.run(candidate.version) for name, party in parties.items()})


@pytest.mark.statement("P5", "P18")
def test_the_digest_of_development_is_in_production(place: ExternalHandOver, brought: Brought) -> None:
    candidate, runs = brought
    for run in runs.values():
        assert (run.result, run.violation) == ("SUCCESS", None), run.log
    assert candidate.is_in() == ["development", "qa", "stage", "production"]
    assert place.digest("qa", candidate.verified) == candidate.digest


@pytest.mark.statement("P18")
def test_what_is_tried_and_who_let_it_through_can_be_seen(brought: Brought) -> None:
    candidate, runs = brought
    for party in ("qa", "operations"):
        assert f"\ntrying {candidate.digest}\n" in runs[party].log
    assert [candidate.signed_off_by(name) for name in ("stage", "production")] == [["qa"], ["operations"]]


def test_run_again_it_changes_nothing(brought: Brought) -> None:
    run = brought.candidate.bring()
    assert run.result == "SUCCESS", run.log
    assert run.log.count(" unchanged: ") == 2


@pytest.mark.statement("P18")
def test_what_qa_rejects_gets_no_further_until_qa_verifies_it(candidate: Candidate) -> None:
    candidate.hand_over()
    run = candidate.place.qa.run(candidate.version, broken=candidate.digest)
    assert (run.result, run.stage("Verify"), run.stage("Mark")) == ("FAILURE", "SUCCESS", "FAILED")
    assert "is rejected by qa: verify: exit code 1 (" in run.log
    assert candidate.place.digest("qa", candidate.verified) is None
    candidate.place.push(candidate.image, "qa", candidate.verified)
    assert "rejected by qa: verify: exit code 1" in str(candidate.bring().description)
    assert candidate.is_in() == ["development", "qa"]

    candidate.verify()
    assert candidate.bring().result == "SUCCESS"
    assert candidate.is_in() == list(PROJECTS)


@pytest.mark.statement("P18")
def test_operations_cannot_bring_what_qa_has_not_verified_yet(candidate: Candidate) -> None:
    candidate.hand_over()
    run = candidate.bring()
    assert run.stage("Production") == "SKIPPED"
    assert str(run.description).startswith("not-found: ")
    candidate.place.push(candidate.image, "qa", candidate.verified)
    assert "open is: sign-off by qa." in str(candidate.bring().description)
    assert candidate.is_in() == ["development", "qa"]


@pytest.mark.statement("P18")
def test_what_replaces_a_verified_image_in_qas_registry_is_refused(candidate: Candidate) -> None:
    place = candidate.place
    candidate.hand_over()
    candidate.verify()
    for tag in (candidate.version, candidate.verified):
        place.push(candidate.other(), "qa", tag)
    assert "open is: sign-off by qa." in str(candidate.bring().description)
    assert [place.digest(name, candidate.version) for name in ("stage", "production")] == [None, None]


@pytest.mark.statement("P18")
def test_what_was_verified_is_brought_even_if_the_team_replaces_its_version(candidate: Candidate) -> None:
    candidate.hand_over()
    candidate.verify()
    candidate.place.push(candidate.other(), "qa", candidate.version)
    assert candidate.bring().result == "SUCCESS"
    assert candidate.is_in() == ["development", "stage", "production"]


@pytest.mark.statement("P18")
def test_a_version_in_production_stays_what_it_is_even_if_qa_verifies_another(candidate: Candidate) -> None:
    place = candidate.place
    candidate.hand_over()
    candidate.verify()
    assert candidate.bring().result == "SUCCESS"
    for tag in (candidate.version, candidate.verified):
        place.push(candidate.other(), "qa", tag)
    candidate.verify()
    run = candidate.bring()
    assert (run.stage("Stage"), run.stage("Production")) == ("FAILED", "SKIPPED")
    assert str(run.description).startswith("refused: ")
    assert [place.digest(name, candidate.version) for name in ("stage", "production")] == [candidate.digest] * 2


@pytest.mark.statement("P18")
def test_what_does_not_work_on_stage_or_is_replaced_there_gets_no_further(candidate: Candidate) -> None:
    place = candidate.place
    candidate.hand_over()
    candidate.verify()
    run = place.operations.run(candidate.version, broken=candidate.digest)
    assert (run.stage("Stage"), run.stage("Production")) == ("FAILED", "SKIPPED")
    assert candidate.is_in() == ["development", "qa", "stage"]
    other = candidate.other()
    place.push(other, "stage", candidate.version)
    run = place.operations.run(candidate.version, from_stage="Production")
    assert str(run.description).startswith("refused: ")
    assert place.digest("production", candidate.version) is None


def test_a_version_that_is_handed_over_cannot_be_replaced_by_the_team(candidate: Candidate) -> None:
    candidate.hand_over()
    candidate.place.push(candidate.other(), "development", candidate.version)
    run = candidate.place.team.run(candidate.version)
    assert str(run.description).startswith("refused: ")
    assert candidate.place.digest("qa", candidate.version) == candidate.digest


def test_operations_can_sign_nothing_off_for_qa(candidate: Candidate) -> None:
    candidate.hand_over()
    assert candidate.place.operations.promoter("sign-off", f"qa/web:{candidate.version}", "qa").error["exit_code"] == 5


@pytest.mark.parametrize("party", ["team", "qa", "operations"])
def test_without_a_version_nothing_is_done(place: ExternalHandOver, party: str) -> None:
    run = getattr(place, party).run("")
    assert run.result == "FAILURE"
    assert str(run.description).startswith("wrong-usage: ")


@pytest.mark.statement("P18")
def test_it_can_be_done_by_hand(place: ExternalHandOver) -> None:
    image = make("oci index", "by hand")
    place.push(image, "development", "1.4.2")
    by_hand = DOCUMENT.read_text().partition("## By hand")[2]
    parties = (place.team, place.qa, place.operations)
    for party, lines in zip(parties, by_hand.strip().split("\n\n")[1:], strict=True):
        for line in lines.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "promoter"
            assert party.promoter(*arguments).exit_code == 0, line
    assert place.digest("production", "1.4.2") == image.digest
