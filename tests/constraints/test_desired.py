"""What FROM lines are to name: of small metadata, and of excerpts of real releases with their real FROM lines."""

from __future__ import annotations

import pytest

from promoter.constraints.checking import check_component
from promoter.constraints.desired import desired_bases
from promoter.constraints.metadata import Metadata, read_metadata
from promoter.errors import NotFound, WrongUsage
from tests.constraints.conftest import BASE, CI, GO_121, PRODUCT, Write, dockerfile, read

RELEASES = {
    "4.6": (
        {
            "group.yml": "name: openshift-{MAJOR}.{MINOR}\nvars: {MAJOR: 4, MINOR: 6, IMPACT: Low}\n",
            "streams.yml": """
golang:
  image: openshift/golang-builder:rhel_8_golang_1.15
  upstream_image_base: registry.ci.openshift.org/ocp/builder:rhel-8-golang-1.15-openshift-{MAJOR}.{MINOR}.art
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-8-golang-1.15-openshift-{MAJOR}.{MINOR}
""",
            "base.yml": """
content: {source: {ci_alignment: {upstream_image: "registry.ci.openshift.org/ocp/{MAJOR}.{MINOR}:base"}}}
name: openshift/ose-base
""",
            "component.yml": """
container_yaml: {go: {modules: [{module: github.com/openshift/cluster-etcd-operator}]}}
from: {builder: [{stream: golang}], member: base}
name: openshift/ose-cluster-etcd-operator
""",
        },
        f"{CI}/builder:rhel-8-golang-1.15-openshift-4.6",
        f"{CI}/4.6:base",
        "openshift/golang-builder:rhel_8_golang_1.15",
    ),
    "4.16": (
        {
            "group.yml": """
vars: {MAJOR: 4, MINOR: 16, GO_LATEST: "1.21"}
name: openshift-{MAJOR}.{MINOR}
canonical_builders_from_upstream: False
software_lifecycle: {phase: release}
""",
            "streams.yml": """
rhel-9-golang:
  aliases: ["rhel-9-golang-{GO_LATEST}"]
  image: openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}
""",
            "base.yml": """
content: {source: {ci_alignment: {upstream_image: "registry.ci.openshift.org/ocp/{MAJOR}.{MINOR}:base-rhel9"}}}
name: openshift/ose-base
""",
            "component.yml": """
delivery: {repo_name: ose-cluster-etcd-operator}
from: {builder: [{stream: rhel-9-golang}], member: base}
name: openshift/ose-cluster-etcd-rhel9-operator
payload_name: cluster-etcd-operator
""",
        },
        f"{CI}/builder:rhel-9-golang-1.21-openshift-4.16",
        f"{CI}/4.16:base-rhel9",
        "openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9",
    ),
    "4.18": (
        {
            "group.yml": """
vars: {MAJOR: 4, MINOR: 18, GO_LATEST: "1.22"}
name: openshift-{MAJOR}.{MINOR}
canonical_builders_from_upstream: False
""",
            "streams.yml": """
rhel-9-golang:
  aliases: ["rhel-9-golang-{GO_LATEST}"]
  image: openshift/golang-builder:v1.22.12-202507010846.g058f2aa.el9
  upstream_image: registry.ci.openshift.org/ocp/builder:rhel-9-golang-1.22-openshift-{MAJOR}.{MINOR}
  upstream_image_mirror: ["registry.ci.openshift.org/ocp-private/builder-priv:rhel-9-golang-1.22-openshift-4.18"]
""",
            "base.yml": """
content: {source: {ci_alignment: {upstream_image: "registry.ci.openshift.org/ocp/{MAJOR}.{MINOR}:base-rhel9"}}}
name: openshift/ose-base
""",
            "component.yml": """
from: {builder: [{stream: "rhel-9-golang-{GO_LATEST}"}], member: base}
name: openshift/ose-cluster-etcd-rhel9-operator
konflux: {cachi2: {enabled: true}}
""",
        },
        f"{CI}/builder:rhel-9-golang-1.22-openshift-4.18",
        f"{CI}/4.18:base-rhel9",
        "openshift/golang-builder:v1.22.12-202507010846.g058f2aa.el9",
    ),
}
"""By release: what it says of cluster-etcd-operator, which FROM lines that has on the release's branch, its builder."""


def desired(product: Write, web: str, **files: str) -> tuple[str, ...]:
    metadata = read_metadata(product(**{"images/web.yml": web, **files}))
    return desired_bases(metadata.images["web"], metadata)


@pytest.mark.statement("C3")
def test_desired_bases_are_the_equivalents_of_the_parents(metadata: Metadata) -> None:
    assert desired_bases(metadata.images["web"], metadata) == (GO_121, BASE)


@pytest.mark.statement("C3", "C7")
@pytest.mark.parametrize("release", RELEASES)
def test_excerpts_of_releases_ask_for_what_their_dockerfiles_have(product: Write, release: str) -> None:
    files, builder, base, product_builder = RELEASES[release]
    named = {name if name in PRODUCT else f"images/{name}": content for name, content in files.items()}
    metadata = read_metadata(product(**named))
    component = metadata.images["component"]
    assert desired_bases(component, metadata) == (builder, base)
    check = check_component(component, metadata, read(dockerfile(builder, base)))
    assert (check.consistent, check.builds_with) == (True, (product_builder, "openshift/ose-base"))


@pytest.mark.statement("C3")
@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("name: openshift/ose-cli-rhel9\npayload_name: cli\n", f"{CI}/4.16:cli"),
        ("name: openshift/ose-cli\n", f"{CI}/4.16:cli"),
        ("name: openshift/cli\ncontent: {source: {ci_alignment: {upstream_image: a/b:1}}}\n", "a/b:1"),
    ],
)
def test_member_has_its_name_in_ci(product: Write, member: str, name: str) -> None:
    assert desired(product, "from: {member: cli}\n", **{"images/cli.yml": member}) == (name,)


def test_config_may_name_them_itself(product: Write) -> None:
    web = "content: {source: {ci_alignment: {streams_prs: {from: ['a/{MINOR}:1', 'b:2']}}}}\nfrom: {stream: rhel9}\n"
    assert desired(product, web) == ("a/16:1", "b:2")


@pytest.mark.parametrize("parent", ["image: quay.io/a/b:1", "stream: internal"])
def test_nothing_is_desired_where_a_parent_has_no_equivalent(product: Write, parent: str) -> None:
    streams = PRODUCT["streams.yml"] + "internal: {image: registry.example.com/internal:1}\n"
    web = f"from: {{builder: [{{stream: rhel-9-golang}}], {parent}}}\n"
    assert desired(product, web, **{"streams.yml": streams}) == ()


@pytest.mark.parametrize("parent", ["stream: golang", "member: golang"])
def test_parent_that_is_not_there(product: Write, parent: str) -> None:
    with pytest.raises(NotFound, match="golang"):
        desired(product, f"from: {{{parent}}}\n")


def test_member_of_an_unknown_release(product: Write) -> None:
    with pytest.raises(WrongUsage, match="does not say in which release CI has cli"):
        desired(
            product, "from: {member: cli}\n", **{"images/cli.yml": "name: cli\n", "group.yml": "vars: {MAJOR: 4}\n"}
        )
