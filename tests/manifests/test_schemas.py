"""Every rendered object is one that its cluster takes, in every way of rendering it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.conftest import SIDES, TOKEN, WEBHOOK_SECRET, Document, Renderer, read
from tests.support.openshift_template import process
from tests.support.repository import ROOT
from tests.support.schemas import misfits

RULES = """\
extends: default
rules:
  line-length: {length}
"""
GIVEN = {"TOKEN": TOKEN, "WEBHOOK_SECRET": WEBHOOK_SECRET}


def variant(renderer: Renderer, name: str) -> None:
    """Turn the whole configuration into another one."""
    verification = renderer.install["verification"]
    if name == "deployment config":
        verification["run-by"] = "DeploymentConfig"
    elif name == "least":
        renderer.configuration["install"] = {"library": {"repository": "https://git.example.com/promoter.git"}}
        for key in ("build-config", "jenkins", "ca"):
            del renderer.webhook[key]
        for environment in renderer.configuration["environments"].values():
            del environment["ca"]
    elif name == "copy":
        renderer.configuration["environments"]["production"]["cluster"] = {"api": "https://api.example.com:6443"}
        route = {"from": "non-production", "to": "production", "watch": ["web:*"], "rollout": {}}
        renderer.configuration["routes"] = [route]
        del renderer.install["verification"]
    elif name == "old and insecure":
        renderer.webhook.update({"legacy-api": True, "tls-verify": False})
        for environment in renderer.configuration["environments"].values():
            environment |= {"tls-verify": False, "user": "promoter"}
            environment["cluster"] = {"api": "https://api.example.com:6443", "project": f"{environment['project']}-own"}
        renderer.install["rollout"] = {"deployments": ["dc/web"]}
    else:
        assert name == "whole"


VARIANTS = ("whole", "deployment config", "least", "copy", "old and insecure")


def lint(*files: Path, length: str = "{max: 120}") -> str:
    """Return what yamllint says."""
    command = [
        str(Path(sys.executable).with_name("yamllint")),
        "--strict",
        "--config-data",
        RULES.format(length=length),
    ]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("side", SIDES)
def test_every_object_fits_its_schema(renderer: Renderer, side: str, name: str) -> None:
    variant(renderer, name)
    objects = renderer.objects(side)
    assert objects
    assert {found["metadata"]["name"]: misfits(found) for found in objects if misfits(found)} == {}
    assert all(found["metadata"]["namespace"] for found in objects)


def test_secrets_fit_their_schema(renderer: Renderer) -> None:
    for side in SIDES:
        assert [misfits(found) for found in read(renderer.with_secrets(side)) if misfits(found)] == []


@pytest.mark.parametrize("side", SIDES)
def test_the_pod_fits_its_schema(renderer: Renderer, side: str) -> None:
    [pod] = renderer.objects(side, "--format", "pod")
    assert (pod["kind"], misfits(pod)) == ("Pod", [])


@pytest.mark.parametrize("side", SIDES)
def test_the_template_fits_its_schema(renderer: Renderer, side: str) -> None:
    [template] = renderer.objects(side, "--format", "template")
    assert misfits(template) == []


def _at(document: Document, path: str) -> Any:  # noqa: ANN401 - any part of a JSON document
    value: Any = document
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


@pytest.mark.parametrize(
    ("kind", "path", "field", "value"),
    [
        ("ServiceAccount", "metadata", "projekt", "shop"),
        ("RoleBinding", "roleRef", "kid", "ClusterRole"),
        ("NetworkPolicy", "spec.egress.0.ports.0", "port", 5.3),
        ("CronJob", "spec.jobTemplate.spec.template.spec.containers.0", "imagePolicy", "Always"),
        # 003's own: outside of `spec` the trigger is dropped without a word, and the webhook answers 401.
        ("BuildConfig", "", "triggers", []),
        ("BuildConfig", "spec", "triggers", "none"),
        ("ImageStream", "metadata", "labels", ["a"]),
    ],
)
def test_what_a_cluster_does_not_know_is_no_fit(
    renderer: Renderer, kind: str, path: str, field: str, value: object
) -> None:
    found = next(found for found in renderer.objects("production") if found["kind"] == kind)
    assert misfits(found) == []
    (_at(found, path) if path else found)[field] = value
    assert misfits(found) != []


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("side", SIDES)
def test_the_processed_template_is_what_is_rendered(renderer: Renderer, side: str, name: str) -> None:
    variant(renderer, name)
    [template] = renderer.objects(side, "--format", "template")
    has_secrets = {parameter["name"] for parameter in template["parameters"]} & GIVEN.keys()
    given = {key: value for key, value in GIVEN.items() if key in has_secrets}
    rendered = renderer.objects(side) if name == "copy" else read(renderer.with_secrets(side))
    processed = process(template, given)
    assert [found for found in processed if found in rendered or found["kind"] != "Secret"] == rendered


@pytest.mark.parametrize("side", SIDES)
def test_what_only_people_know_has_to_be_given_to_the_shipped_template(side: str) -> None:
    template = yaml.safe_load((ROOT / f"resources/openshift/{side}.yaml").read_text())
    assert misfits(template) == []
    with pytest.raises(ValueError, match=r"TOKEN.*is required") as missing:
        process(template, {})
    names = str(missing.value).partition(" is required")[0].removeprefix("parameter ").split(", ")
    given = dict.fromkeys(names, "given") | GIVEN
    assert [misfits(found) for found in process(template, given) if misfits(found)] == []
    assert "${" not in str(process(template, given)).replace("${computer.", "")


def test_yamllint_has_nothing_to_say_about_the_shipped_templates() -> None:
    files = sorted((ROOT / "resources/openshift").glob("*.yaml"))
    assert [file.stem for file in files] == sorted([*SIDES, "inconsistencies", "release-job"])
    assert lint(*files) == ""


def test_yamllint_has_nothing_to_say_about_what_is_rendered(renderer: Renderer, tmp_path: Path) -> None:
    files = [tmp_path / f"{side}-{form}.yaml" for side in SIDES for form in ("yaml", "template", "pod")]
    for file in files:
        side, _, form = file.stem.rpartition("-")
        file.write_text(renderer.text(side, "--format", form))
    assert lint(*files, length="disable") == ""


def test_yamllint_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("a:  1\na: 2\n")
    assert {"colons", "key-duplicates"} <= {line.rpartition("(")[2].rstrip(")") for line in lint(file).splitlines()}
