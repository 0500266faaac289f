"""What a component is built with, before the freeze and after it, and when it is inconsistent."""

from __future__ import annotations

import pytest

from promoter.constraints.checking import check_component
from promoter.constraints.metadata import Metadata, read_metadata
from promoter.model.constraints import ComponentCheck
from promoter.model.inconsistency import DIFFERENT, DIFFERENT_COUNT, UNMAPPED
from tests.constraints.conftest import BASE, CI, GO_120, GO_121, PRODUCT, Write, dockerfile, read

BUILT_120 = "openshift/golang-builder:v1.20.12-202408070335.gfa00de2.el9"
BUILT_121 = "openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9"
BUILT_BASE = "openshift/ose-base"
FROZEN = PRODUCT["group.yml"].replace("upstream: true", "upstream: false")


def check(metadata: Metadata, text: str, *, fuzzy: bool = False) -> ComponentCheck:
    return check_component(metadata.images["web"], metadata, read(text), fuzzy=fuzzy)


def decisions(found: ComponentCheck) -> list[str]:
    return [stage.decision for stage in found.stages]


@pytest.fixture
def frozen(product: Write) -> Metadata:
    """The product's metadata after the freeze."""
    return read_metadata(product(**{"group.yml": FROZEN}))


@pytest.mark.statement("C7")
def test_as_desired_is_consistent(metadata: Metadata) -> None:
    found = check(metadata, dockerfile())
    assert (found.component, found.tag) == ("web", "web")
    assert (found.consistent, found.codes, found.messages) == (True, (), ())
    assert found.builds_with == (BUILT_121, BUILT_BASE)
    assert found.found == found.desired == (GO_121, BASE)
    assert [(stage.index, stage.name) for stage in found.stages] == [(0, "builder"), (1, None)]


@pytest.mark.statement("C6")
def test_before_the_freeze_a_known_equivalent_is_honoured_and_seen(metadata: Metadata) -> None:
    found = check(metadata, dockerfile(GO_120))
    assert found.builds_with == (BUILT_120, BUILT_BASE)
    assert decisions(found) == ["mapped-back", "as-desired"]
    assert "rhel-9-golang-1.20" in found.stages[0].why
    assert (found.consistent, found.codes) == (False, (DIFFERENT,))
    assert found.messages == ("Upstream and downstream build configurations differ",)


@pytest.mark.statement("C9", "C10")
def test_after_the_freeze_the_metadata_wins(frozen: Metadata) -> None:
    found = check(frozen, dockerfile(GO_120))
    assert found.builds_with == (BUILT_121, BUILT_BASE)
    assert decisions(found) == ["metadata", "as-desired"]
    assert (found.consistent, found.codes) == (False, (DIFFERENT,))


def test_after_the_freeze_what_is_as_desired_is_consistent(frozen: Metadata) -> None:
    assert check(frozen, dockerfile()).consistent


@pytest.mark.statement("C8", "C11")
@pytest.mark.parametrize(
    "builder",
    [
        "docker.io/library/golang:1.20",
        f"{CI}/builder:rhel-9-golang-1.19-openshift-4.16",
        f"{GO_120}@sha256:{'0' * 64}",
        f"{GO_121}.art",
        BUILT_120,
        "registry.ci.openshift.org/openshift/release:rhel-9-release-golang-1.21-openshift-4.16",
        BASE,
    ],
    ids=["any", "of another version", "by digest", "below it", "the product's", "of CI alone", "of a member"],
)
def test_what_does_not_map_back_is_not_honoured(metadata: Metadata, builder: str) -> None:
    found = check(metadata, dockerfile(builder))
    assert found.builds_with == (BUILT_121, BUILT_BASE)
    assert decisions(found) == ["not-an-equivalent", "as-desired"]
    assert (found.consistent, found.codes) == (False, (DIFFERENT, UNMAPPED))


def test_equivalent_of_streams_with_different_images_is_not_honoured(product: Write) -> None:
    same = f"other: {{image: a/b:1, upstream_image: '{GO_120}'}}\n"
    found = check(read_metadata(product(**{"streams.yml": PRODUCT["streams.yml"] + same})), dockerfile(GO_120))
    assert decisions(found)[0] == "not-an-equivalent"
    assert "rhel-9-golang-1.20, other" in found.stages[0].why


def test_equivalent_of_streams_with_one_image_is_honoured(product: Write) -> None:
    same = f"other: {{image: '{BUILT_120}', upstream_image: '{GO_120}'}}\n"
    found = check(read_metadata(product(**{"streams.yml": PRODUCT["streams.yml"] + same})), dockerfile(GO_120))
    assert (decisions(found)[0], found.builds_with[0]) == ("mapped-back", BUILT_120)


@pytest.mark.statement("C11")
def test_member_is_always_the_metadatas(metadata: Metadata) -> None:
    equivalent = f"{CI}/builder:rhel-9-openshift-4.16.art"
    found = check(metadata, dockerfile(base=equivalent))
    assert found.builds_with == (BUILT_121, BUILT_BASE)
    assert decisions(found) == ["as-desired", "metadata"]
    assert (found.consistent, found.codes) == (False, (DIFFERENT,))


def test_image_from_elsewhere_has_to_be_itself(product: Write) -> None:
    web = "from: {builder: [{image: 'quay.io/a/b:1'}], member: openshift-enterprise-base-rhel9}\n"
    metadata = read_metadata(product(**{"images/web.yml": web}))
    assert check(metadata, dockerfile("quay.io/a/b:1")).consistent
    other = check(metadata, dockerfile("quay.io/a/b:2"))
    assert (other.builds_with, decisions(other)) == (("quay.io/a/b:1", BUILT_BASE), ["metadata", "as-desired"])
    assert other.desired == (None, BASE)


@pytest.mark.statement("C12")
@pytest.mark.parametrize("group", [PRODUCT["group.yml"], FROZEN], ids=["before the freeze", "after it"])
def test_exception_is_a_stream_of_its_own(product: Write, group: str) -> None:
    web = PRODUCT["images/web.yml"].replace("[{stream: rhel-9-golang}]", "[{stream: rhel-9-golang-1.20}]")
    metadata = read_metadata(product(**{"images/web.yml": web, "group.yml": group}))
    found = check(metadata, dockerfile(GO_120))
    assert (found.consistent, found.builds_with) == (True, (BUILT_120, BUILT_BASE))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"FROM {BASE}\n", (BASE,)),
        (f"FROM {GO_121} AS a\nFROM {GO_121}\nFROM {BASE}\n", (GO_121, GO_121, BASE)),
        ("FROM scratch\n", ()),
    ],
    ids=["fewer", "more", "none"],
)
def test_other_number_of_parents_is_reported_and_built_with_nothing(
    metadata: Metadata, text: str, found: tuple[str, ...]
) -> None:
    checked = check(metadata, text)
    assert (checked.consistent, checked.codes) == (False, (DIFFERENT, DIFFERENT_COUNT))
    assert (checked.builds_with, checked.found) == ((), found)
    assert set(decisions(checked)) <= {"cardinality-mismatch"}


def test_stages_on_stages_and_on_nothing_are_no_parents(metadata: Metadata) -> None:
    text = f"FROM {GO_121} AS builder\nFROM builder AS test\nFROM scratch AS empty\nFROM empty\nFROM {BASE}\n"
    found = check(metadata, text)
    assert (found.consistent, [stage.index for stage in found.stages]) == (True, [0, 4])


def test_arguments_are_expanded(metadata: Metadata) -> None:
    text = f"ARG GO=1.21\nFROM {CI}/builder:rhel-9-golang-${{GO}}-openshift-4.16 AS builder\nFROM {BASE}\n"
    assert check(metadata, text).consistent


@pytest.mark.parametrize(
    ("builder", "built"),
    [
        ("registry.example.com/mirror/builder:rhel-9-golang-1.20-openshift-4.16", BUILT_120),
        ("registry.example.com:5000/golang:ubi9-golang1.20.3", BUILT_120),
        (f"{CI}/builder:rhel-8-golang-1.20-openshift-4.16", None),
        (f"{CI}/builder:rhel-9-golang-1.2-openshift-4.16", None),
        ("registry.example.com/rhel-9-golang-1.20/builder", None),
    ],
)
def test_fuzzy_honours_the_same_versions_of_golang_and_rhel(
    metadata: Metadata, builder: str, built: str | None
) -> None:
    assert decisions(check(metadata, dockerfile(builder)))[0] == "not-an-equivalent"
    found = check(metadata, dockerfile(builder), fuzzy=True)
    assert found.builds_with[0] == (built or BUILT_121)
    assert decisions(found)[0] == ("mapped-back" if built else "not-an-equivalent")


def test_fuzzy_honours_nothing_after_the_freeze(frozen: Metadata) -> None:
    found = check(frozen, dockerfile("registry.example.com/builder:rhel-9-golang-1.20"), fuzzy=True)
    assert decisions(found)[0] == "metadata"
