"""Metadata of a small product, in the format of openshift/ocp-build-data, that tests change as they need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from promoter.constraints.metadata import Metadata, read_metadata
from promoter.dockerfiles.reading import Dockerfile, read_dockerfile
from tests.support.promoter import Promoter

CI = "registry.ci.openshift.org/ocp"
GO_120 = f"{CI}/builder:rhel-9-golang-1.20-openshift-4.16"
GO_121 = f"{CI}/builder:rhel-9-golang-1.21-openshift-4.16"
BASE = f"{CI}/4.16:base-rhel9"

PRODUCT = {
    "group.yml": """
name: openshift-{MAJOR}.{MINOR}
vars: {MAJOR: 4, MINOR: 16, GO_LATEST: "1.21"}
software_lifecycle: {phase: pre-release}
canonical_builders_from_upstream: true
public_upstreams:
- {private: "https://github.com/openshift-priv", public: "https://github.com/openshift"}
freeze_automation: scheduled
""",
    "streams.yml": """
rhel-9-golang:
  aliases: ["rhel-9-golang-{GO_LATEST}"]
  image: openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9
  mirror: true
  transform: rhel-9/golang
  upstream_image_base: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}.art
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}
rhel-9-golang-1.20:
  image: openshift/golang-builder:v1.20.12-202408070335.gfa00de2.el9
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.20-openshift-{MAJOR}.{MINOR}
rhel-9-golang-ci-build-root:
  image: not_applicable
  transform: rhel-9/ci-build-root
  upstream_image_base: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}
  upstream_image: registry.ci.openshift.org/openshift/release:rhel-9-release-golang-1.21-openshift-{MAJOR}.{MINOR}
rhel9:
  image: registry.example.com/rhel-els@sha256:4c26b967
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-9-openshift-{MAJOR}.{MINOR}.art
""",
    "images/openshift-enterprise-base-rhel9.yml": """
name: openshift/ose-base
payload_name: openshift-enterprise-base-rhel9
content: {source: {ci_alignment: {upstream_image: "registry.ci.openshift.org/ocp/{MAJOR}.{MINOR}:base-rhel9"}}}
from: {stream: rhel9}
mode: disabled
""",
    "images/web.yml": """
name: openshift/ose-web-rhel9
payload_name: web
content:
  source:
    dockerfile: Dockerfile.ocp
    git:
      branch: {target: "release-{MAJOR}.{MINOR}"}
      url: git@github.com:openshift-priv/web-operator.git
    ci_alignment: {streams_prs: {ci_build_root: {stream: rhel-9-golang-ci-build-root}}}
from:
  builder: [{stream: rhel-9-golang}]
  member: openshift-enterprise-base-rhel9
owners: [web@example.com]
""",
}
"""`web` is what most tests look at; its Dockerfile is as the metadata asks if it is `dockerfile()`."""

Write = Callable[..., Path]


def dockerfile(builder: str = GO_121, base: str = BASE) -> str:
    """Return web's Dockerfile."""
    return f"FROM {builder} AS builder\nRUN make build\nFROM {base}\nCOPY --from=builder /web /usr/bin/web\n"


def read(text: str) -> Dockerfile:
    return read_dockerfile(text.encode(), "Dockerfile")


def write_files(directory: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    return directory


@pytest.fixture
def product(tmp_path: Path) -> Write:
    """Writes the product's metadata, with some files as they are given: `**{"group.yml": …}`."""
    return lambda **files: write_files(tmp_path / "metadata", PRODUCT | files)


@pytest.fixture
def metadata(product: Write) -> Metadata:
    """The product's metadata as it is, before the freeze."""
    return read_metadata(product())


@pytest.fixture
def promoter(tmp_path: Path) -> Promoter:
    return Promoter(tmp_path / "promoter")
