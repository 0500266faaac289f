"""Wrong usage and configuration: told before anything is sent anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.images import make_image
from tests.support.promoter import Outcome
from tests.support.shop import Shop

DIGEST = f"sha256:{'0' * 64}"


def refused_unsent(shop: Shop, *arguments: str | Path) -> Outcome:
    """Run a command with the configuration as it stands; it must be refused with nothing sent."""
    with shop.stage.registry.recording() as at_stage, shop.prod.registry.recording() as at_prod:
        outcome = shop.promoter.run(*arguments)
    assert outcome.exit_code == 2
    assert at_stage.requests + at_prod.requests == []
    return outcome


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        ("stage/app", "prod/app:1.0", "neither tag nor digest"),
        ("stage/App:1.0", "prod", "'App' is no repository"),
        ("stage/app:1.0", "prod/app:-1", "'-1' is no tag"),
        ("stage/app:1.0", f"prod/app:{'1' * 129}", "is no tag"),
        ("stage/app@sha256:123", "prod/app:1.0", "no sha256 digest"),
        ("stage/app:1.0", f"prod/app@{DIGEST}", "names a digest"),
        (f"stage/app@{DIGEST}", "prod/app", "names no tag"),
        ("stage/app:1.0", "prod/", "is no repository"),
        ("stage", "prod", "'stage' is no image, but an environment"),
        ("registry", "prod", "'registry' is no image"),
        ("elsewhere/app:1.0", "prod", "no environment 'elsewhere' (known: prod, stage)"),
        ("stage/app:1.0", "elsewhere/app:1.0", "no environment 'elsewhere'"),
        ("https://localhost/app:1.0", "prod", "'https:"),
        ("", "prod", "is no image"),
    ],
)
def test_a_malformed_image_is_told(source: str, destination: str, words: str, shop: Shop) -> None:
    shop.configure()
    assert words in refused_unsent(shop, "promote", source, destination).error["message"]


@pytest.mark.parametrize(
    ("source", "destination"),
    [("prod", "stage/app:1.0"), ("prod/app", "stage/app:1.0"), ("prod/app:1.0", f"stage/app@{DIGEST}")],
)
def test_source_and_destination_in_the_wrong_order(source: str, destination: str, shop: Shop) -> None:
    shop.configure()
    remedy = refused_unsent(shop, "promote", source, destination).error["remedy"]
    assert remedy.endswith("SOURCE comes first, then DESTINATION.")


@pytest.mark.parametrize("command", ["history", "describe", "rollback"])
def test_a_digest_in_place_of_a_tag(command: str, shop: Shop) -> None:
    shop.configure()
    assert refused_unsent(shop, command, f"prod/app@{DIGEST}").error["remedy"] == "Name the tag."


@pytest.mark.parametrize(
    "name",
    ["registry.example.com/base/java", "localhost:5000/base", "base/java:17", f"base@{DIGEST}", "Base", "base/", ""],
)
def test_blobs_are_mounted_from_repositories_alone(name: str, shop: Shop) -> None:
    shop.configure()
    outcome = refused_unsent(shop, "promote", "stage/app:1.0", "prod", "--mount-from=base", f"--mount-from={name}")
    assert f"{name!r} is not a repository" in outcome.error["message"]


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("environments: {prod: {registry: localhost, colour: red}}", "colour"),
        ("environment: {}", "environment"),
        ("environments: {prod: {registry: a.example}, prod: {registry: b.example}}", "the key 'prod' stands twice"),
        ("environments: {prod: {registry: a.example, project: 1.10}}", "project"),
        ("environments: {prod: {registry: a.example, tls-verify: no thanks}}", "tls-verify"),
        ("environments: {prod: {project: shop}}", "registry"),
        ("environments: {}\nroutes: [{from: stage, to: prod}]", "no environment 'stage'"),
        ("environments: [", "cannot be read"),
        ("- environments", "promotion.yaml"),
    ],
)
def test_a_configuration_that_does_not_fit_is_told(yaml: str, words: str, shop: Shop) -> None:
    (shop.promoter.directory / "promotion.yaml").write_text(yaml)
    assert words in refused_unsent(shop, "promote", "stage/app:1.0", "prod/app:1.0").error["message"]


@pytest.mark.parametrize(
    ("request_file", "words"),
    [
        ('{"source": "stage/app:1.0", "destination": "prod", "colour": "red"}', "colour"),
        ('{"source": "stage/app:1.0", "destination": "prod", "source": "stage/app:2.0"}', "a key stands twice"),
        ('{"source": "stage/app:1.0", "destination": "prod", "force": "yes"}', "force"),
        ('{"source": "stage/app:1.0", "destination": "prod", "dry_run": true}', "dry_run"),
        ('{"source": "stage/app:1.0"}', "destination"),
        ("source=stage/app:1.0", "no request"),
        ("[]", "request.json"),
    ],
)
def test_a_request_that_does_not_fit_is_told(request_file: str, words: str, shop: Shop) -> None:
    shop.configure()
    (shop.promoter.directory / "request.json").write_text(request_file)
    assert words in refused_unsent(shop, "promote", "--request", "request.json").error["message"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--colour=red"], "--colour"),
        (["--timeout=soon"], "'soon' is not a duration"),
        (["--source-tls-verify=perhaps"], "neither true nor false"),
        (["--source-credentials=vault:token"], "credential source"),
        (["--destination-ca=/nowhere.pem"], "/nowhere.pem"),
        (["--config=nowhere.yaml"], "nowhere.yaml cannot be read"),
        (["--request=nowhere.json"], "nowhere.json cannot be read"),
        (["--result=/nowhere/result.json"], "/nowhere/result.json"),
    ],
)
def test_a_flag_that_does_not_fit_is_told(flags: list[str], words: str, shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.configure()
    images = [] if flags[0].startswith("--request") else [shop.image(shop.stage), shop.image(shop.prod)]

    outcome = shop.promoter.run("promote", *images, *flags, json=False)

    assert outcome.exit_code == 2
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert shop.prod.tags() == set()


@pytest.mark.parametrize("arguments", [["demote"], [], ["promote"], ["promote", "stage/app:1.0"]])
def test_a_command_line_that_does_not_fit_is_told(arguments: list[str], shop: Shop) -> None:
    outcome = shop.promoter.run(*arguments, json=False)
    assert outcome.exit_code == 2
    assert "--help" in outcome.stderr or "The commands are" in outcome.stderr


def test_a_route_takes_no_other_images(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.routes = [{"from": "stage", "to": "prod", "images": ["web-*"]}]
    outcome = shop.promote()
    assert outcome.exit_code == 2
    assert "web-*" in outcome.error["message"]
    assert shop.prod.tags() == set()


def test_skopeo_that_is_missing_is_told(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.hide_skopeo()
    outcome = shop.promote()
    assert outcome.exit_code == 2
    assert "skopeo is not installed" in outcome.error["message"]
    assert shop.prod.tags() == set()


def test_skopeo_that_is_too_old_is_told(shop: Shop) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.replace_skopeo('echo "FATA[0000] unknown flag: --preserve-digests" >&2; exit 1')

    outcome = shop.promote()

    assert outcome.exit_code == 2
    assert "1.6 or newer" in outcome.error["remedy"]
    assert shop.prod.tags() == set()
