"""Each command of docs/coming-from.md does what the document says it does instead of another."""

from __future__ import annotations

import re

import pytest

from tests.coming_from.conftest import Workplace
from tests.coming_from.document import ROWS, TEXT, instead_of, tested
from tests.support.cluster import BuildRun


def test_no_command_is_left_untested() -> None:
    assert sorted(tested) == sorted(before for before, _ in ROWS)
    commands = [command for _, row in ROWS for command in row]
    assert re.findall(r"`(promoter [^`]+ [^`]+)`", TEXT) == commands


# oc


@pytest.mark.statement("P2")
@instead_of("oc tag stage/image@sha256:")
def test_a_digest_is_tagged(workplace: Workplace, commands: list[str]) -> None:
    tried = workplace.push("apps", "stage/image:latest", "tried")
    workplace.push("apps", "stage/image:latest", "newer")
    workplace.run(commands, tried.digest)
    assert workplace.tag("stage/image:qa-ready") == [tried.digest]


@pytest.mark.statement("P16")
@instead_of("oc tag stage/sample-app:latest")
def test_a_tag_is_moved_within_a_project(workplace: Workplace, commands: list[str]) -> None:
    workplace.push("apps", "stage/sample-app:stable", "old")
    new = workplace.push("apps", "stage/sample-app:latest", "new")
    workplace.run(commands)
    assert workplace.tag("stage/sample-app:stable")[0] == new.digest


@pytest.mark.statement("P16")
@instead_of("oc tag prod/sample-app:v0.0.1")
def test_one_digest_gets_several_tags_in_another_project(workplace: Workplace, commands: list[str]) -> None:
    stable = workplace.push("apps", "stage/sample-app:stable", "several")
    workplace.run(commands)
    assert [workplace.tag(f"prod/sample-app:{tag}") for tag in ("v0.0.1", "latest")] == [[stable.digest]] * 2


@pytest.mark.statement("W4")
@instead_of("oc tag registry-testing.example.com/")
def test_an_image_of_another_registry_is_tagged(workplace: Workplace, commands: list[str]) -> None:
    old = workplace.push("apps", "stage/hello-app:dev")
    new = workplace.push("testing", "deepsky/hello:1.1", "dev")
    workplace.run(commands)
    assert workplace.tag("stage/hello-app:dev") == [new.digest, old.digest]


@pytest.mark.statement("P6")
@instead_of("prod/sample-app:stable` in a cron job")
def test_a_watched_tag_is_promoted(workplace: Workplace, commands: list[str]) -> None:
    stable = workplace.push("apps", "stage/sample-app:stable", "watched")
    [result] = workplace.run(commands)
    assert [tag["status"] for tag in result["tags"]] == ["promoted"]
    assert workplace.tag("prod/sample-app:stable")[0] == stable.digest
    assert workplace.run(commands)[0]["unchanged"] == 1


@pytest.mark.statement("P3")
@instead_of("oc import-image application")
def test_an_image_is_imported(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("quay", "team/application:latest")
    workplace.run(commands)
    assert workplace.tag("stage/application:latest") == [image.digest]


@pytest.mark.statement("P3")
@instead_of("oc import-image ruby-22-rhel7")
def test_an_image_is_imported_again(workplace: Workplace, commands: list[str]) -> None:
    images = []
    for version in ("old", "new"):
        images.append(workplace.push("quay", "team/ruby-22-rhel7:latest", version).digest)
        workplace.run(commands)
    assert workplace.tag("stage/ruby-22-rhel7:latest") == images[::-1]


@pytest.mark.statement("W5")
@instead_of("oc tag --scheduled")
def test_an_image_is_imported_on_schedule(workplace: Workplace, commands: list[str]) -> None:
    old = workplace.push("quay", "team/base:latest", "old")
    workplace.run(commands)
    new = workplace.push("quay", "team/base:latest", "new")
    workplace.cluster.imports.run_scheduled()
    assert workplace.tag("stage/base:latest") == [new.digest, old.digest]


@pytest.mark.statement("W6")
@instead_of("oc describe is")
def test_an_image_stream_is_described(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "stage/hello-app:described")
    [result] = workplace.run(commands)
    assert image.digest in str(result)


@pytest.mark.statement("P13")
@instead_of("oc start-build")
def test_a_build_is_started_and_tagged(workplace: Workplace, commands: list[str]) -> None:
    def build(run: BuildRun) -> None:
        run.pushed = workplace.push("apps", "stage/sample-app:latest", "built").digest

    workplace.add_build("sample-app-build", build)
    [result] = workplace.run(commands)
    assert result["build"]["phase"] == "Complete"
    assert workplace.tag("stage/sample-app:prod-ready") == [result["digest"]]


@pytest.mark.statement("P4")
@instead_of("oc export is -l name=application")
def test_image_streams_with_a_label_get_into_another_project(workplace: Workplace, commands: list[str]) -> None:
    images = [
        workplace.push("apps", f"stage/{name}:1.0", labels={"name": "application"}).digest for name in ("one", "two")
    ]
    workplace.run(commands)
    assert [workplace.tag(f"prod/{name}:1.0") for name in ("one", "two")] == [[digest] for digest in images]


@pytest.mark.statement("P4", "P23")
@instead_of("oc export is -l name=moved")
def test_image_streams_with_a_label_get_into_another_cluster(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "stage/moved:1.0", labels={"name": "moved"})
    workplace.run(commands)
    assert workplace.digest("west", "prod/moved:1.0") == image.digest


# docker and skopeo


@pytest.mark.statement("R1")
@instead_of("docker push registry.apps.example.com/prod/billing:1.0")
def test_an_image_gets_from_one_project_to_another(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "stage/billing:1.0")
    workplace.run(commands)
    assert workplace.digest("apps", "prod/billing:1.0") == image.digest
    assert workplace.tag("prod/billing:1.0") == [image.digest]


@pytest.mark.statement("R2")
@instead_of("docker push registry.west.example.com/prod/orders:1.0")
def test_an_image_gets_from_one_cluster_to_another(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "prod/orders:1.0")
    workplace.run(commands)
    assert workplace.digest("west", "prod/orders:1.0") == image.digest


@pytest.mark.statement("P5")
@instead_of("docker push registry.qa.example.com/")
def test_an_image_is_pushed_to_qa(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "stage/frontend:qa-ready")
    workplace.run(commands)
    assert workplace.digest("qa", "application/frontend:qa-ready") == image.digest


@pytest.mark.statement("R2")
@instead_of("skopeo copy")
def test_an_image_is_copied_by_its_full_reference(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("apps", "stage/web:4f2a9c")
    workplace.run(commands)
    assert workplace.digest("west", "shop/web:4f2a9c") == image.digest


# dock_add and dock_promote


@pytest.mark.statement("W1")
@instead_of("dock_add")
def test_a_version_is_published(workplace: Workplace, commands: list[str]) -> None:
    [result] = workplace.run(commands)
    assert result["status"] == "published"
    assert workplace.digest("testing", "deepsky/hello:1.0") == result["digest"]


@pytest.mark.statement("W2", "W3")
@instead_of("dock_promote deepsky/hello:1.1")
def test_a_version_is_promoted_and_never_replaced(workplace: Workplace, commands: list[str]) -> None:
    image = workplace.push("testing", "deepsky/hello:1.1")
    workplace.run(commands)
    workplace.push("testing", "deepsky/hello:1.1", "patched")
    [command] = commands
    assert workplace.outcome(command).error["exit_code"] == 3
    assert workplace.digest("production", "deepsky/hello:1.1") == image.digest


@pytest.mark.statement("W3")
@instead_of("dock_promote deepsky/hello:1.2 --force")
def test_a_version_is_replaced_by_force_and_comes_back(workplace: Workplace, commands: list[str]) -> None:
    promote, rollback = commands
    old = workplace.push("testing", "deepsky/hello:1.2", "old")
    workplace.run([promote])
    new = workplace.push("testing", "deepsky/hello:1.2", "new")
    workplace.run([promote])
    assert workplace.digest("production", "deepsky/hello:1.2") == new.digest
    workplace.run([rollback])
    assert workplace.digest("production", "deepsky/hello:1.2") == old.digest
