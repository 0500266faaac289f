"""What is read of build metadata, of what several releases have of it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from promoter.constraints.metadata import Image, Metadata, Parent, Repository, read_metadata
from promoter.errors import NotFound, PromoterError, Refused, WrongUsage
from tests.constraints.conftest import GO_121, PRODUCT, Write


@pytest.mark.statement("C1")
@pytest.mark.parametrize("name", ["rhel-9-golang", "rhel-9-golang-1.21"])
def test_stream_maps_to_its_product_image_and_to_its_ci_equivalent(metadata: Metadata, name: str) -> None:
    stream = metadata.streams.resolve(name)
    assert stream.image == "openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9"
    assert stream.upstream_image == GO_121
    assert stream.upstream_image_base == f"{GO_121}.art"
    assert stream.raw["transform"] == "rhel-9/golang"


def test_stream_of_no_product_has_no_image(metadata: Metadata) -> None:
    assert metadata.streams.resolve("rhel-9-golang-ci-build-root").image is None
    with pytest.raises(NotFound, match="has no product image"):
        metadata.streams.product_image("rhel-9-golang-ci-build-root")


def test_no_such_stream(metadata: Metadata) -> None:
    with pytest.raises(NotFound, match=r"streams.yml has no stream 'rhel-9-golang-1.19'"):
        metadata.streams.resolve("rhel-9-golang-1.19")


def test_name_of_several_streams(product: Write) -> None:
    other = "other: {aliases: [rhel-9-golang-1.21], image: a/b:1}\n"
    streams = read_metadata(product(**{"streams.yml": PRODUCT["streams.yml"] + other})).streams
    with pytest.raises(WrongUsage, match="several streams: rhel-9-golang, other"):
        streams.resolve("rhel-9-golang-1.21")


def test_group(metadata: Metadata) -> None:
    group = metadata.group
    assert (group.name, group.phase, group.honours_upstream) == ("openshift-4.16", "pre-release", True)
    assert group.variables == {"MAJOR": "4", "MINOR": "16", "GO_LATEST": "1.21"}
    assert group.raw["freeze_automation"] == "scheduled"


@pytest.mark.statement("C2")
def test_image_names_its_parents_builders_first(product: Write) -> None:
    web = """
from:
  builder: [{stream: rhel-9-golang}, {member: openshift-enterprise-base-rhel9}, {image: "quay.io/a/b:1"}]
  stream: rhel9
"""
    assert read_metadata(product(**{"images/web.yml": web})).images["web"].parents == (
        Parent("stream", "rhel-9-golang"),
        Parent("member", "openshift-enterprise-base-rhel9"),
        Parent("image", "quay.io/a/b:1"),
        Parent("stream", "rhel9"),
    )


def test_image(metadata: Metadata) -> None:
    web = metadata.images["web"]
    assert (web.key, web.name, web.payload_name) == ("web", "openshift/ose-web-rhel9", "web")
    assert web.repository == Repository(
        "git@github.com:openshift-priv/web-operator.git", "https://github.com/openshift/web-operator", "release-4.16"
    )
    assert (web.repository.name, web.dockerfile, web.is_built) == ("web-operator", "Dockerfile.ocp", True)
    assert web.streams_prs == {"ci_build_root": {"stream": "rhel-9-golang-ci-build-root"}}
    assert web.raw["owners"] == ["web@example.com"]
    assert not metadata.images["openshift-enterprise-base-rhel9"].is_built


def image(product: Write, content: str, group: str = PRODUCT["group.yml"]) -> Image:
    return read_metadata(product(**{"images/web.yml": content, "group.yml": group})).images["web"]


def test_dockerfile_below_a_path(product: Write) -> None:
    found = image(product, "content: {source: {path: images/web, dockerfile: build/Dockerfile}}\n")
    assert found.dockerfile == "images/web/build/Dockerfile"


def test_image_with_nothing_said(product: Write) -> None:
    found = image(product, "content: {source: {path: ''}}\n")
    assert (found.name, found.payload_name, found.dockerfile, found.parents) == ("web", "web", "Dockerfile", ())
    assert found.repository is None


def test_payload_name_is_the_name_without_its_prefix(product: Write) -> None:
    assert image(product, "name: openshift/ose-web-rhel9\n").payload_name == "web-rhel9"


def test_repository_of_the_group(product: Write) -> None:
    sources = "sources: {ose: {url: 'git@github.com:team/origin.git', branch: {target: 'release-{MAJOR}.{MINOR}'}}}\n"
    found = image(product, "content: {source: {alias: ose}}\n", PRODUCT["group.yml"] + sources)
    assert found.repository == Repository("git@github.com:team/origin.git", None, "release-4.16")


def test_longest_public_prefix_counts(product: Write) -> None:
    more = "- {private: 'https://github.com/openshift-priv/web', public: 'https://git.example.com/shop/web'}\n"
    group = PRODUCT["group.yml"].replace("freeze_automation", f"{more}freeze_automation")
    found = image(product, "content: {source: {git: {url: 'git@github.com:openshift-priv/web.git'}}}\n", group)
    assert found.repository is not None
    assert found.repository.web == "https://git.example.com/shop/web"


@pytest.mark.statement("C10")
@pytest.mark.parametrize(
    ("of_group", "of_image", "phase", "honoured"),
    [
        ("true", None, "release", True),
        ("false", None, "pre-release", False),
        ("on", None, "release", True),
        ("'off'", None, "pre-release", False),
        ("auto", None, "pre-release", True),
        ("auto", None, "signing", False),
        ("auto", None, None, False),
        (None, None, "pre-release", False),
        ("true", "false", "pre-release", False),
        ("false", "true", "release", True),
        (None, "auto", "pre-release", True),
    ],
)
def test_freeze_is_a_switch_in_the_metadata(
    product: Write, of_group: str | None, of_image: str | None, phase: str | None, honoured: bool
) -> None:
    switch = "canonical_builders_from_upstream"
    group = f"vars: {{MAJOR: 4}}\nsoftware_lifecycle: {{phase: {phase or ''}}}\n"
    group += f"{switch}: {of_group}\n" if of_group else ""
    assert image(product, f"{switch}: {of_image}\n" if of_image else "name: web\n", group).honours_upstream == honoured


def test_braces_that_are_no_variable_stay(product: Write) -> None:
    found = image(product, "name: openshift/web\nfrom: {stream: rhel9}\nlabels: {a: '{UNKNOWN} {} { x }'}\n")
    assert found.raw["labels"] == {"a": "{UNKNOWN} {} { x }"}


WRONG = [
    ("images/web.yml", "a: [", WrongUsage, "images/web.yml of the metadata cannot be read: line 2, column 1"),
    ("images/web.yml", "- a\n", WrongUsage, "images/web.yml is no mapping"),
    ("images/web.yml", "from: {stream: a, member: b}\n", WrongUsage, "a parent is not one stream, member or image"),
    ("images/web.yml", "from: {builder: [{}], member: b}\n", WrongUsage, "from.builder: a parent is not one"),
    ("images/web.yml", "from: {builder: golang}\n", WrongUsage, "images/web.yml: from: builder is no list"),
    ("images/web.yml", "from: {stream: [a]}\n", WrongUsage, "from.stream is no text"),
    ("images/web.yml", "content: {source: []}\n", WrongUsage, "content.source is no mapping"),
    ("images/web.yml", "canonical_builders_from_upstream: maybe\n", WrongUsage, "is neither true nor false"),
    ("images/web.yml", "canonical_builders_from_upstream: [x]\n", WrongUsage, "is neither true nor false"),
    ("images/web.yml", f"{'[' * 20000}", WrongUsage, "images/web.yml of the metadata cannot be read"),
    ("images/web.yml", "a: 2020-99-99\n", WrongUsage, "images/web.yml of the metadata cannot be read"),
    ("streams.yml", "golang: openshift/golang\n", WrongUsage, "streams.yml: golang is no mapping"),
    ("streams.yml", "golang: {image: true}\n", WrongUsage, "streams.yml: golang: image is no text"),
    ("streams.yml", "golang: {aliases: a}\n", WrongUsage, "streams.yml: golang: aliases is no list"),
    ("group.yml", "vars: []\n", WrongUsage, "group.yml: vars is no mapping"),
    ("group.yml", "vars: {MAJOR: [4]}\n", WrongUsage, "group.yml: vars.MAJOR is no text"),
    ("group.yml", "public_upstreams: [a]\n", WrongUsage, "public_upstreams"),
]


@pytest.mark.parametrize(("file", "content", "kind", "said"), WRONG)
def test_wrong_metadata_is_named(product: Write, file: str, content: str, kind: type[PromoterError], said: str) -> None:
    with pytest.raises(kind, match=said.replace("(", r"\(")):
        read_metadata(product(**{file: content}))


def test_metadata_that_is_no_text(product: Write) -> None:
    directory = product()
    (directory / "streams.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUsage, match=r"streams\.yml of the metadata cannot be read"):
        read_metadata(directory)


@pytest.mark.parametrize("missing", ["group.yml", "streams.yml", "images/web.yml"])
def test_missing_metadata(product: Write, missing: str) -> None:
    directory = product()
    (directory / missing).unlink()
    (directory / "images" / "openshift-enterprise-base-rhel9.yml").unlink()
    with pytest.raises(NotFound, match="images" if missing.startswith("images") else missing):
        read_metadata(directory)


def test_metadata_from_elsewhere_is_refused(product: Write, tmp_path: Path) -> None:
    directory = product()
    (tmp_path / "outside.yml").write_text("name: outside\n")
    (directory / "images" / "web.yml").unlink()
    (directory / "images" / "web.yml").symlink_to("../../outside.yml")
    with pytest.raises(Refused, match="leads out of"):
        read_metadata(directory)
