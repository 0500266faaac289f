"""What builds an image here, what it is given, and what becomes of its failures; buildah and podman are real."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.publishing.conftest import DOCKERFILE, Application, Press, is_built
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.promoter import in_little_time
from tests.support.waiting import wait_until

VERSION = 'test "$1" = --version && echo "buildah version 1.28.2 (image-spec 1.0)"'
OLD = 'echo "$(basename "$0") version 0.9.9 (image-spec 1.0)"'


@pytest.fixture
def base(press: Press, before_stage: FaultyProxy) -> Image:
    """A base image in the same registry, which only shows it to those who log in; the application is built on it."""
    image = make_image(seed=f"{press.shop.name} base")
    press.shop.stage.push(image, "base")
    name = f"{before_stage.host}/{press.shop.stage.repository}:base"
    press.application.change({"Dockerfile": f"FROM {name}\nCOPY hello /\n"})
    return image


def replace(press: Press, builder: str, script: str) -> None:
    """Let the command find a shell script under a builder's name."""
    programs = press.shop.promoter.directory / "programs"
    programs.mkdir(exist_ok=True)
    (programs / builder).write_text(f"#!/bin/sh\n{script}\n")
    (programs / builder).chmod(0o755)
    press.shop.promoter.environment["PATH"] = f"{programs}:{press.shop.promoter.environment['PATH']}"


# Base images


@pytest.mark.statement("W1")
def test_a_base_image_is_pulled_as_its_registry_s_environment_says(press: Press, base: Image) -> None:
    assert press.publish().result["status"] == "published"
    layers, built = (press.config(tag)["rootfs"]["diff_ids"] for tag in ("base", "1.0"))
    assert built[:-1] == layers


def test_a_base_image_that_is_not_there_is_named(press: Press) -> None:
    host = press.shop.stage.registry.host
    press.application.change({"Dockerfile": f"FROM {host}/{press.shop.stage.repository}:none\n"})
    error = press.publish().error
    assert (error["exit_code"], "manifest unknown" in error["message"]) == (4, True)
    assert "what FROM names is not there" in error["remedy"]


def test_a_base_image_of_a_registry_that_is_no_environment_is_pulled_anonymously(press: Press) -> None:
    host = press.shop.prod.registry.host
    del press.shop.environments["prod"]
    press.application.change({"Dockerfile": f"FROM {host}/{press.shop.prod.repository}:1\n"})
    error = press.publish().error
    assert error["exit_code"] == 6
    assert "Give the configuration an environment with the base image's `registry`, and its `ca`." in error["remedy"]


def test_an_authority_that_cannot_be_read_is_named(press: Press) -> None:
    host = "images.example.com"
    press.shop.environments["images"] = {"registry": host, "ca": "nowhere.pem"}
    press.application.change({"Dockerfile": f"FROM {host}/base:1\n"})
    error = press.publish().error
    assert (error["exit_code"], "The CA file nowhere.pem cannot be used" in error["message"]) == (2, True)


# What it is given


def test_a_builder_has_no_secret_in_sight_and_is_ended_with_the_command(
    press: Press, base: Image, before_stage: FaultyProxy
) -> None:
    secret = (press.shop.promoter.directory / "token-stage").read_text()
    press.shop.promoter.environment["UNRELATED"] = "anything"
    hold = before_stage.when("GET", "/manifests/base$").hold()

    with press.start() as running:
        hold.wait_until_reached()
        builders = running.children()
        assert len(press.left) == 1
        running.send(signal.SIGTERM)
        outcome = running.outcome()

    assert outcome.exit_code == 143
    assert builders
    for builder in builders:
        assert not builder.is_running()
        assert secret not in " ".join([*builder.arguments, *builder.environment.values()])
        assert "UNRELATED" not in builder.environment
    assert press.left == []
    assert press.shop.stage.tags() == {"base"}


def test_a_build_that_takes_too_long_is_ended(press: Press, base: Image, before_stage: FaultyProxy) -> None:
    hold = before_stage.when("GET", "/manifests/base$").hold()
    error = in_little_time(
        lambda seconds: press.publish(f"--timeout={seconds}s"), lambda _: hold.reached.is_set()
    ).error
    assert (error["exit_code"], "while building" in error["message"]) == (8, True)
    assert press.left == []
    assert press.shop.stage.tags() == {"base"}


def test_what_a_builder_leaves_behind_is_ended(press: Press) -> None:
    left = press.shop.promoter.directory / "left"
    replace(press, "buildah", f"{VERSION} && exit; sleep 600 & echo $! > {left}; wait")
    error = in_little_time(lambda seconds: press.publish(f"--timeout={seconds}s"), lambda _: left.exists()).error
    assert error["exit_code"] == 8
    process = Path(f"/proc/{left.read_text().strip()}/exe")
    wait_until(lambda: not process.exists(), "what was left behind to end")


def test_a_line_without_end_takes_no_memory(press: Press) -> None:
    replace(press, "buildah", f"{VERSION} && exit; head -c 12000000 /dev/zero | tr '\\0' x; exit 1")
    press.shop.promoter.prefix = ("prlimit", f"--data={80_000_000}", f"--stack={512 * 1024}")
    error = press.publish().error
    assert (error["exit_code"], len(error["message"]) < 20_000) == (9, True)


# What fails


@pytest.mark.statement("W1")
@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("FROM scratch\nCOPY missing /\n", 'building at STEP "COPY missing /"'),
        ("FROM scratch\nRUN true\n", 'building at STEP "RUN true"'),
        ("FROM scratch\nNONSENSE\n", "NONSENSE"),
    ],
    ids=["copy", "run", "syntax"],
)
def test_a_dockerfile_that_fails_leaves_nothing_behind(press: Press, dockerfile: str, said: str) -> None:
    press.application.change({"Dockerfile": dockerfile})
    with press.shop.stage.registry.recording() as seen:
        error = press.publish().error
    assert (error["kind"], error["exit_code"]) == ("downstream-failed", 9)
    assert said in error["message"]
    assert (seen.uploads, seen.manifest_puts) == ([], [])
    assert press.has_nothing()


@pytest.mark.usefixtures("base")
def test_what_failed_is_told_without_what_went_well(press: Press, application: Application) -> None:
    built_on = (application.directory / "Dockerfile").read_text().splitlines()[0]
    application.change({"Dockerfile": f"{built_on}\nRUN true\n"})
    outcome = press.publish()
    assert "| Storing signatures" in outcome.stderr
    assert "signatures" not in outcome.error["message"]


def test_an_image_that_changes_on_its_way_is_not_tagged(press: Press, before_stage: FaultyProxy) -> None:
    before_stage.when("GET", "/manifests/sha256:").corrupt()
    assert press.publish().error["exit_code"] == 7
    assert press.shop.stage.tags() == set()
    assert press.left == []


def test_a_push_that_is_refused_tags_nothing(press: Press) -> None:
    press.shop.log_in("stage", press.reader)
    outcome = press.publish()
    assert outcome.error["exit_code"] == 5
    assert not is_built(outcome)
    assert press.has_nothing()


# Which one it is


def test_podman_can_build_it_wherever_temporary_files_are(press: Press, base: Image) -> None:
    temporary = press.shop.promoter.temporary / ("deep" * 20)
    temporary.mkdir()
    press.shop.promoter.environment["TMPDIR"] = str(temporary)
    result = press.publish("--builder", "podman").result
    assert (result["status"], result["digest"]) == ("published", press.shop.stage.digest("1.0"))
    assert result["built_by"].startswith("podman ")
    layers, built = (press.config(tag)["rootfs"]["diff_ids"] for tag in ("base", "1.0"))
    assert built[:-1] == layers
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "flags", "message"),
    [
        (lambda press: press.shop.promoter.hide_skopeo(), ("--builder", "podman"), "podman is not installed"),
        (lambda press: replace(press, "buildah", OLD), (), "buildah is too old: it is 0.9.9."),
        (lambda press: replace(press, "buildah", "echo hello"), (), "does not tell its version as buildah does"),
        (lambda press: replace(press, "buildah", "echo no user >&2; exit 1"), (), "buildah cannot be run: no user"),
        (lambda press: press.shop.promoter.hide_skopeo(), (), "buildah and podman are not installed"),
    ],
    ids=["absent", "old", "other", "no rights", "none"],
)
def test_a_builder_that_cannot_be_used_is_named(
    press: Press, change: Callable[[Press], None], flags: tuple[str, ...], message: str
) -> None:
    change(press)
    outcome = press.publish(*flags)
    assert (outcome.error["exit_code"], message in outcome.error["message"]) == (2, True), outcome.error
    assert not is_built(outcome)


# Bad input


@pytest.mark.parametrize(
    ("flags", "exit_code", "message"),
    [
        (("--ref", "none"), 4, "couldn't find remote ref none"),
        (("--ref", "0" * 40), 4, "could not fetch"),
        (("--ref=--upload-pack=touch x",), 2, "is no branch, tag or commit"),
        (("--context", ".."), 2, "The context .. is outside of the repository."),
        (("--context", "/etc"), 2, "The context /etc is outside of the repository."),
        (("--context", "out"), 2, "The context out is outside of the repository."),
        (("--context", "none"), 4, "The context none is no directory of the repository."),
        (("--context", "hello"), 4, "The context hello is no directory of the repository."),
        (("--context", "empty"), 4, "There is no Containerfile and no Dockerfile in empty of the repository."),
        (("--file", "none"), 4, "There is no none in the repository's root."),
        (("--file", "../Dockerfile"), 2, "The Dockerfile ../Dockerfile is outside of the repository."),
        (("--file", "out/passwd"), 2, "The Dockerfile out/passwd is outside of the repository."),
        (("--context", "linked"), 2, "The file VERSION is outside of the repository."),
        (("--context", "odd"), 2, "The file VERSION of the context says no version"),
        (("--context", "spaced"), 2, "The file VERSION of the context says no version: '1.0 final' is not a tag."),
        (("--version", "1.0 final"), 2, "'1.0 final' is not a tag"),
        (("--version", "1.was-0123456789ab"), 2, "is no version"),
        (("--context", "kept"), 2, "sha256-1 is no version"),
        (("--build-arg", "PORT"), 2, "A --build-arg has no name or no value."),
        (("--label", "=x"), 2, "A --label has no name or no value."),
        (("--label", "org.opencontainers.image.revision=x"), 2, "is set by promoter"),
        (("--builder", "docker"), 2, "There is no builder 'docker'"),
        (("--builder", "openshift"), 2, "The builder is openshift, without a BuildConfig."),
        (("--builder", "buildah", "--build-config", "web"), 2, "The builder is buildah, with a BuildConfig."),
        (("--git-credentials", "env:NONE"), 5, "env:NONE"),
        *(
            ((f"--{name}", ""), 2, f"--{name} names nothing.")
            for name in ("ref", "context", "file", "version", "build-config", "git-credentials", "git-ca")
        ),
    ],
)
def test_what_cannot_be_is_named(
    press: Press, tmp_path: Path, flags: tuple[str, ...], exit_code: int, message: str
) -> None:
    application = press.application
    for link, target in (("out", Path("/etc")), ("linked/VERSION", Path("/etc/hostname"))):
        (application.directory / link).parent.mkdir(exist_ok=True)
        (application.directory / link).symlink_to(target)
    application.change(
        {
            "empty/x": "",
            "odd/VERSION": "1\n2\n",
            "spaced/VERSION": "1.0 final\n",
            "kept/VERSION": "sha256-1\n",
            "spaced/Dockerfile": DOCKERFILE,
        }
    )
    repository = "https://localhost:1/team/web" if "--git-credentials" in flags else None
    outcome = press.publish(*flags, repository=repository)
    assert (outcome.error["exit_code"], message in outcome.error["message"]) == (exit_code, True), outcome.error
    assert not is_built(outcome)
    assert press.has_nothing()


@pytest.mark.parametrize(
    ("url", "to", "exit_code", "message"),
    [
        ("", "", 2, "'' is neither a directory here nor a URL."),
        ("nowhere", "", 2, "'nowhere' is neither a directory here nor a URL."),
        ("https://ann:password@localhost:1/team/web", "", 2, "The URL of a git repository is none that is safe."),
        ("file:///nowhere/at/all", "", 4, "could not fetch"),
        ("https://localhost:1/team/web", "", 6, "could not fetch"),
        (None, "stage", 2, "'stage' is no image"),
        (None, "nowhere/web", 2, "no environment 'nowhere'"),
        (None, "stage/Web", 2, "'Web' is no repository"),
        (None, f"stage/web@sha256:{'0' * 64}", 2, "names a digest"),
        (None, "stage/web:1.0", 2, "The version is 1.0 and 2.0 at once."),
    ],
)
def test_a_place_that_cannot_be_is_named(press: Press, url: str | None, to: str, exit_code: int, message: str) -> None:
    flags = ("--timeout", "4s", *(("--version", "2.0") if to else ()))
    outcome = press.publish(*flags, repository=url, to=to)
    assert (outcome.error["exit_code"], message in outcome.error["message"]) == (exit_code, True), outcome.error
    assert "password" not in outcome.stdout + outcome.stderr
    assert press.has_nothing()
