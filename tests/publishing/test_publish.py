"""`promoter publish`: from a git repository to the testing registry, with a real builder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.publishing.conftest import DOCKERFILE, OCI, Press, is_built
from tests.support.faults import FaultyProxy
from tests.support.github import GitHub
from tests.support.images import make_image
from tests.support.shop import writes
from tests.support.tls import CertificateAuthority


@pytest.mark.statement("W1", "W2")
def test_a_commit_is_published_under_its_version_and_can_be_promoted(press: Press) -> None:
    commit = press.application.commit

    result = press.publish().result

    digest = press.shop.stage.digest("1.0")
    assert (result["status"], result["version"], result["revision"]) == ("published", "1.0", commit)
    assert (result["digest"], result["image"]) == (digest, f"{press.name}@{digest}")
    assert result["destination"] == f"{press.shop.stage}:1.0"
    assert result["built_by"].startswith("buildah 1.")
    labels = press.labels("1.0")
    assert {name: labels[f"{OCI}{name}"] for name in ("version", "revision", "source")} == {
        "version": "1.0",
        "revision": commit,
        "source": press.application.url,
    }
    assert press.left == []
    promoted = press.shop.run("promote", result["image"], press.shop.image(press.shop.prod, result["version"])).result
    assert (promoted["digest"], press.shop.prod.digest("1.0")) == (digest, digest)


@pytest.mark.statement("W1")
def test_what_is_published_is_what_the_commit_holds(press: Press) -> None:
    press.publish().result  # noqa: B018 - asserts that it succeeded
    [layer] = press.config("1.0")["rootfs"]["diff_ids"]
    press.application.change({"hello": "another\n"})
    press.publish("--version", "1.1").result  # noqa: B018 - the same
    [other] = press.config("1.1")["rootfs"]["diff_ids"]
    assert layer != other


def test_it_is_recorded(press: Press) -> None:
    result = press.publish("--reason", "sprint 7", "--requested-by", "Ada").result
    [entry] = press.shop.run("history", f"{press.name}:1.0").result["entries"]
    assert (entry["action"], entry["digest"], entry["record"]) == ("published", result["digest"], result["record"])
    assert (entry["source"], entry["reason"], entry["requested_by"]) == (press.application.url, "sprint 7", "Ada")


def test_it_says_what_came_of_it(press: Press) -> None:
    press.shop.configure()
    outcome = press.shop.promoter.run("publish", press.application.url, press.name, json=False)
    digest = press.shop.stage.digest("1.0")
    assert outcome.stdout.splitlines()[:3] == [
        f"published: {press.shop.stage}:1.0",
        f"  digest     {digest}",
        f"  revision   {press.application.commit}",
    ]
    assert f"  image      {press.name}@{digest}" in outcome.stdout
    assert "| STEP 2/" in outcome.stderr


# A version is published once


@pytest.mark.statement("W1")
def test_the_same_commit_again_is_unchanged_and_not_built_again(press: Press) -> None:
    first = press.publish().result
    with press.shop.stage.registry.recording() as seen:
        again = press.publish()
    assert (again.result["status"], again.result["digest"]) == ("unchanged", first["digest"])
    assert again.result["image"] == first["image"]
    assert not is_built(again)
    assert writes(seen) == []


@pytest.mark.statement("W1")
def test_a_version_of_another_commit_is_refused_before_anything_is_built(press: Press) -> None:
    first = press.publish().result
    press.application.change({"hello": "another\n"})
    outcome = press.publish()
    assert outcome.error["exit_code"] == 3
    assert f"is taken: it is {first['digest']}, built from {first['revision']}" in outcome.error["message"]
    assert not is_built(outcome)
    assert press.shop.stage.digest("1.0") == first["digest"]


def test_a_version_that_somebody_else_pushed_is_refused(press: Press) -> None:
    digest = press.shop.stage.push(make_image(seed=press.shop.name))
    error = press.publish().error
    assert (error["exit_code"], "built from no known commit" in error["message"]) == (3, True)
    assert press.shop.stage.digest() == digest


@pytest.mark.statement("W1")
def test_a_version_that_is_taken_meanwhile_is_not_replaced(press: Press, before_stage: FaultyProxy) -> None:
    other = make_image(seed=press.shop.name)
    put = before_stage.when("PUT", "/manifests/sha256:", times=1)
    put.call(lambda: press.shop.stage.push(other))
    error = press.publish().error
    assert (error["exit_code"], "was moved meanwhile" in error["message"]) == (3, True)
    assert press.shop.stage.digest() == other.digest


# The version


@pytest.mark.parametrize(
    ("tag", "flags", "version"),
    [
        ("", (), "1.0"),
        (":2.0", (), "2.0"),
        ("", ("--version", "3.0"), "3.0"),
        (":4.0", ("--version", "4.0"), "4.0"),
    ],
    ids=["file", "destination", "flag", "both"],
)
def test_the_version_is_the_tag(press: Press, tag: str, flags: tuple[str, ...], version: str) -> None:
    result = press.publish(*flags, "--dry-run", to=f"{press.name}{tag}").result
    assert (result["version"], result["destination"]) == (version, f"{press.shop.stage}:{version}")


def test_without_a_version_it_is_the_commit(press: Press) -> None:
    (press.application.directory / "VERSION").unlink()
    commit = press.application.change({})
    result = press.publish("--dry-run").result
    assert (result["version"], result["revision"]) == (commit, commit)


# What is built


@pytest.mark.parametrize("ref", ["main", "v1", "commit"])
def test_a_ref_is_a_branch_a_tag_or_a_commit(press: Press, ref: str) -> None:
    first = press.application.commit
    press.application.tag("v1")
    if ref != "main":
        press.application.change({"hello": "later\n"})
    result = press.publish("--ref", first if ref == "commit" else ref, "--dry-run").result
    assert result["revision"] == first


def test_a_directory_of_the_repository_with_a_dockerfile_elsewhere_in_it(press: Press) -> None:
    press.application.change(
        {"web/hello": "web\n", "web/VERSION": "7\n", "docker/web": f"{DOCKERFILE}ARG PORT\nENV PORT=$PORT\n"}
    )
    arguments = ("--build-arg", "PORT=8080", "--label", "team=web, and others")
    result = press.publish("--context", "web", "--file", "../docker/web", *arguments).result
    assert result["version"] == "7"
    assert "PORT=8080" in press.config("7")["config"]["Env"]
    assert press.labels("7")["team"] == "web, and others"


def test_a_directory_is_built_as_it_is(press: Press, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "Containerfile").write_text(DOCKERFILE)
    (sources / "hello").write_text("from here\n")
    result = press.publish("--version", "1.0", repository=sources).result
    assert (result["status"], result["revision"]) == ("published", None)
    assert press.labels("1.0").keys() & {f"{OCI}revision", f"{OCI}source", f"{OCI}created"} == set()
    again = press.publish("--version", "1.0", repository=sources).error
    assert again["exit_code"] == 3


def test_a_commit_of_a_directory_says_no_place_of_this_machine(press: Press) -> None:
    press.publish("--ref", "main", repository=press.application.directory).result  # noqa: B018 - asserts success
    labels = press.labels("1.0")
    assert labels[f"{OCI}revision"] == press.application.commit
    assert f"{OCI}source" not in labels


def test_the_same_commit_gives_the_same_digest(press: Press) -> None:
    press.application.change({"Dockerfile": "FROM scratch\nCOPY . /\n"})
    first = press.publish().result
    second = press.publish(to=f"{press.name}-again").result
    assert second["status"] == "published"
    assert first["digest"] == second["digest"]


def test_a_private_repository_is_opened_with_a_token(press: Press, ca: CertificateAuthority, tmp_path: Path) -> None:
    token = "token-of-the-reader"
    press.shop.promoter.environment["GIT_TOKEN"] = token
    with GitHub(ca, directory=tmp_path / "github") as github:
        url = github.add_repository("team/web", press.application.directory)
        github.add_token(token, "reader", sees=["team/web"])
        access = ("--git-credentials", "env:GIT_TOKEN", "--git-ca", str(ca.certificate))
        outcome = press.publish(*access, "--verbose", repository=url)
        refused = press.publish(*access[2:], "--version", "2", repository=url).error
    assert outcome.result["status"] == "published"
    assert press.labels("1.0")[f"{OCI}source"] == url
    assert token not in outcome.stdout + outcome.stderr
    assert refused["exit_code"] == 5


def test_a_dry_run_changes_nothing(press: Press) -> None:
    with press.shop.stage.registry.recording() as seen:
        outcome = press.publish("--dry-run")
    assert (outcome.result["status"], outcome.result["digest"], outcome.result["image"]) == ("planned", None, None)
    assert not is_built(outcome)
    assert writes(seen) == []
    assert press.left == []
