"""Which images CI should use, from the FROM lines."""

from __future__ import annotations

import pytest

from promoter.constraints.ci import ci_builder
from promoter.constraints.metadata import Metadata
from promoter.errors import NotFound
from promoter.model.constraints import CiBuilder
from tests.constraints.conftest import BASE, CI, GO_120, GO_121, dockerfile, read

NODE = f"{CI}/builder:rhel-9-base-nodejs-openshift-4.16"
ROOT = "registry.ci.openshift.org/openshift/release:rhel-9-release-golang-1.21-openshift-4.16"


def of(metadata: Metadata, text: str) -> CiBuilder:
    return ci_builder(metadata.images["web"], metadata, read(text))


@pytest.mark.statement("C19")
def test_build_root_is_what_ci_has_built_on_the_builder(metadata: Metadata) -> None:
    found = of(metadata, dockerfile(GO_121))
    assert (found.builder, found.build_root) == (GO_121, ROOT)
    assert found.build_root_image == {
        "namespace": "openshift",
        "name": "release",
        "tag": "rhel-9-release-golang-1.21-openshift-4.16",
    }


@pytest.mark.statement("C19")
def test_changed_from_line_changes_what_ci_uses(metadata: Metadata) -> None:
    found = of(metadata, dockerfile(GO_120))
    assert (found.builder, found.build_root) == (GO_120, GO_120)
    assert found.build_root_image == {
        "namespace": "ocp",
        "name": "builder",
        "tag": "rhel-9-golang-1.20-openshift-4.16",
    }


@pytest.mark.statement("C19")
@pytest.mark.parametrize(
    ("text", "builder"),
    [
        (f"FROM {NODE} AS assets\nFROM {GO_121} AS builder\nFROM {BASE}\n", GO_121),
        (f"FROM {GO_120} AS old\nFROM {GO_121} AS builder\nFROM {BASE}\n", GO_120),
        (f"FROM {NODE} AS assets\nFROM {BASE}\n", NODE),
        (f"FROM {NODE}\n", NODE),
        (f"FROM {GO_121} AS builder\nFROM builder AS test\nFROM scratch\n", GO_121),
    ],
    ids=["golang before others", "first of golang", "no golang", "base alone", "nothing below"],
)
def test_builder(metadata: Metadata, text: str, builder: str) -> None:
    assert of(metadata, text).builder == builder


def test_image_that_ci_operator_cannot_name(metadata: Metadata) -> None:
    assert of(metadata, "FROM docker.io/golang:1.21\nFROM scratch\n").build_root_image is None


def test_no_builder(metadata: Metadata) -> None:
    with pytest.raises(NotFound, match="No FROM line of Dockerfile names an image"):
        of(metadata, "FROM scratch\n")
