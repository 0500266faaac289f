"""`promoter constraints check`, as people run it: on checkouts, on repositories, and on what is not as it should be."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.constraints.conftest import BASE, CI, GO_120, GO_121, PRODUCT, Write, dockerfile, write_files
from tests.support.promoter import Outcome, Promoter

WEB = "images/web.yml"
BUILT_120 = "openshift/golang-builder:v1.20.12-202408070335.gfa00de2.el9"
GIT = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]


class Shop:
    """The product's metadata, and the checkouts of its components."""

    def __init__(self, promoter: Promoter, metadata: Path, sources: Path) -> None:
        self.metadata = metadata
        self.sources = sources
        self._promoter = promoter

    def add(self, key: str, text: str, path: str = "Dockerfile.ocp") -> None:
        """Add a component like web, and its checkout."""
        write_files(self.metadata, {f"images/{key}.yml": PRODUCT[WEB].replace("openshift/ose-web", f"openshift/{key}")})
        write_files(self.sources / key, {path: text})

    def check(self, *arguments: str | Path, words: bool = False) -> Outcome:
        return self._promoter.run("constraints", "check", self.metadata, *arguments, json=not words)

    def check_sources(self, *arguments: str, words: bool = False) -> Outcome:
        return self.check("--sources", self.sources, *arguments, words=words)


@pytest.fixture
def shop(promoter: Promoter, product: Write, tmp_path: Path) -> Shop:
    """Web's checkout is named like its repository; its Dockerfile is as desired."""
    write_files(tmp_path / "sources" / "web-operator", {"Dockerfile.ocp": dockerfile()})
    return Shop(promoter, product(), tmp_path / "sources")


def repository(directory: Path, files: dict[str, str], branch: str) -> str:
    """Make a git repository, and return its URL."""
    write_files(directory, files)
    for command in (
        ["init", "--quiet", f"--initial-branch={branch}"],
        ["add", "."],
        ["commit", "--quiet", "-m", "One"],
    ):
        subprocess.run([*GIT, *command], cwd=directory, check=True, env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull})
    return f"file://{directory}"


@pytest.mark.statement("C7")
def test_consistent_components(shop: Shop) -> None:
    shop.add("api", dockerfile())
    outcome = shop.check_sources()
    assert outcome.exit_code == 0
    assert outcome.result["metadata"] == "openshift-4.16"
    assert [one["component"] for one in outcome.result["components"]] == ["api", "web"]
    assert all(one["consistent"] for one in outcome.result["components"])


@pytest.mark.statement("C6", "C8")
def test_inconsistent_components_are_all_told_and_end_with_3(shop: Shop) -> None:
    shop.add("api", dockerfile(GO_120))
    shop.add("cli", dockerfile("docker.io/library/golang:1.21"))
    outcome = shop.check_sources()
    assert outcome.error["exit_code"] == 3
    assert outcome.error["message"] == "2 of 3 components are inconsistent: api, cli."
    api, cli, web = json.loads(outcome.stdout)["components"]
    assert (api["codes"], api["builds_with"][0]) == (["i1"], BUILT_120)
    assert (cli["codes"], cli["stages"][0]["decision"]) == (["i1", "i2"], "not-an-equivalent")
    assert web["consistent"]


def test_inconsistent_components_for_people(shop: Shop) -> None:
    shop.add("api", dockerfile(GO_120))
    outcome = shop.check_sources(words=True)
    assert outcome.exit_code == 3
    assert outcome.stdout.splitlines() == [
        "consistent:  web  openshift/golang-builder:v1.21.13-202507041112.g5ebadc3.el9, openshift/ose-base",
        "inconsistent: api",
        "  i1  Upstream and downstream build configurations differ",
        "  stage 0 (builder): mapped-back: before the freeze it is honoured: it maps back to the stream "
        "rhel-9-golang-1.20",
        f"    found        {GO_120}",
        f"    desired      {GO_121}",
        f"    builds with  {BUILT_120}",
        "openshift-4.16: 1 consistent, 1 inconsistent",
    ]


def test_people_see_what_is_asked_for_where_there_are_more_or_fewer_from_lines(shop: Shop) -> None:
    shop.add("api", f"FROM {GO_121}\n")
    assert shop.check_sources("--component", "api", words=True).stdout.splitlines()[3:] == [
        "  stage 0: cardinality-mismatch: the Dockerfile has 1 FROM lines with an image, and images/api.yml asks for 2",
        f"    found        {GO_121}",
        f"  asked for      {GO_121}",
        f"  asked for      {BASE}",
        "openshift-4.16: 1 inconsistent",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [(None, "not-found"), ("RUN make\n", "wrong-usage"), ("", "wrong-usage")],
    ids=["missing", "refused by BuildKit", "empty"],
)
def test_component_that_cannot_be_looked_at_does_not_end_it(shop: Shop, text: str | None, kind: str) -> None:
    shop.add("api", text or "")
    if text is None:
        (shop.sources / "api" / "Dockerfile.ocp").unlink()
    outcome = shop.check_sources()
    assert outcome.error["kind"] == "partly-done"
    document = json.loads(outcome.stdout)
    assert [one["component"] for one in document["components"]] == ["web"]
    ((component, error),) = [(one["component"], one["error"]) for one in document["failed"]]
    assert (component, error["kind"]) == ("api", kind)


def test_metadata_that_lacks_a_stream_fails_its_component_alone(shop: Shop) -> None:
    web = PRODUCT[WEB].replace("{stream: rhel-9-golang}", "{stream: rhel-9-golang-1.19}")
    write_files(shop.metadata, {"images/api.yml": web})
    outcome = shop.check_sources(words=True)
    assert (outcome.exit_code, outcome.stdout.splitlines()[1:]) == (
        10,
        [
            "failed: api",
            "  not-found: streams.yml has no stream 'rhel-9-golang-1.19'.",
            "  Correct the name, or add the stream.",
            "openshift-4.16: 1 consistent, 1 failed",
        ],
    )


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", "directory/../../secret", "../gone"])
def test_dockerfile_outside_of_its_repository_is_refused(shop: Shop, path: str) -> None:
    write_files(shop.sources, {"secret": dockerfile("docker.io/secret"), "web-operator/directory/a": ""})
    (shop.sources / "web-operator" / "link").symlink_to("../secret")
    write_files(shop.metadata, {WEB: PRODUCT[WEB].replace("Dockerfile.ocp", path)})
    outcome = shop.check_sources()
    assert outcome.error["kind"] == "refused"
    assert "leads out of" in outcome.error["message"]
    assert "docker.io/secret" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("file", "url"),
    [(WEB, "https://example.com/.."), (WEB, "https://example.com/team/web//"), ("images/...yml", "https://a/b")],
    ids=["the directory above", "the directory itself", "a file's name"],
)
def test_checkout_that_would_be_another_directory_is_none(shop: Shop, file: str, url: str) -> None:
    (shop.sources / "web-operator").rename(shop.sources / "moved")
    for directory in (shop.sources, shop.sources.parent):
        write_files(directory, {"Dockerfile.ocp": dockerfile()})
    of_web = PRODUCT[WEB].replace("git@github.com:openshift-priv/web-operator.git", url)
    write_files(shop.metadata, {file: of_web, "images/api.yml": of_web})
    document = json.loads(shop.check_sources().stdout)
    assert {one["error"]["kind"] for one in document["failed"]} == {"not-found"}
    assert document["components"] == []


def test_metadata_of_which_nothing_is_built_is_not_taken_for_consistent(shop: Shop) -> None:
    (shop.metadata / WEB).unlink()
    assert shop.check_sources().error["message"] == "No image of openshift-4.16 is built."


def test_link_within_a_repository_is_followed(shop: Shop) -> None:
    checkout = shop.sources / "web-operator"
    (checkout / "Dockerfile.ocp").rename(checkout / "Dockerfile")
    (checkout / "Dockerfile.ocp").symlink_to("Dockerfile")
    assert shop.check_sources().exit_code == 0


@pytest.mark.parametrize("where", ["", "Dockerfile.ocp"], ids=["checkout", "Dockerfile"])
def test_sources_of_one_component(shop: Shop, where: str) -> None:
    found = shop.check("--component", "web", "--sources", shop.sources / "web-operator" / where)
    assert [one["component"] for one in found.result["components"]] == ["web"]


def test_one_component_of_several_checkouts(shop: Shop) -> None:
    shop.add("api", dockerfile(GO_120))
    assert shop.check_sources("--component", "web").exit_code == 0


def test_component_that_is_not_built_is_checked_if_it_is_named(shop: Shop) -> None:
    base = "openshift-enterprise-base-rhel9"
    write_files(shop.sources / base, {"Dockerfile": f"FROM {CI}/builder:rhel-9-openshift-4.16.art\n"})
    found = shop.check_sources("--component", base, "--component", "web", "--component", "web")
    assert [one["component"] for one in found.result["components"]] == [base, "web"]


def test_fuzzy(shop: Shop) -> None:
    shop.add("api", dockerfile("registry.example.com/builder:rhel-9-golang-1.20"))
    (api,) = json.loads(shop.check_sources("--component", "api", "--fuzzy").stdout)["components"]
    assert api["builds_with"][0] == BUILT_120


@pytest.mark.statement("C19")
def test_ci_says_what_to_build_and_test_with(shop: Shop) -> None:
    shop.add("api", dockerfile(GO_120))
    outcome = shop.check_sources("--ci", words=True)
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines() == [
        "api",
        f"  builder     {GO_120}",
        f"  build root  {GO_120}",
        "web",
        f"  builder     {GO_121}",
        "  build root  registry.ci.openshift.org/openshift/release:rhel-9-release-golang-1.21-openshift-4.16",
    ]


def test_metadata_and_sources_are_fetched(shop: Shop, promoter: Promoter, tmp_path: Path) -> None:
    web = repository(tmp_path / "repositories" / "web", {"Dockerfile.ocp": dockerfile(GO_120)}, "release-4.16")
    missing = f"file://{tmp_path}/repositories/missing"
    of_web = PRODUCT[WEB].replace("git@github.com:openshift-priv/web-operator.git", web)
    files = PRODUCT | {WEB: of_web, "images/same.yml": of_web, "images/gone.yml": of_web.replace(web, missing)}
    metadata = repository(tmp_path / "repositories" / "metadata", files, "openshift-4.16")
    outcome = promoter.run("constraints", "check", f"{metadata}#openshift-4.16")
    document = json.loads(outcome.stdout)
    assert outcome.exit_code == 3
    assert {one["component"]: one["builds_with"][0] for one in document["components"]} == {
        "same": BUILT_120,
        "web": BUILT_120,
    }
    assert [(one["component"], one["error"]["kind"]) for one in document["failed"]] == [("gone", "not-found")]
    assert list(promoter.temporary.iterdir()) == []


WRONG = [
    (["nowhere"], "not-found", "There is no directory nowhere."),
    (["."], "not-found", "group.yml"),
    (["https://user:secret@example.com/data"], "wrong-usage", "git repository is none that is safe"),
    (["METADATA", "--component", "wbe"], "not-found", "images/wbe.yml"),
    (["METADATA", "--component", "../group"], "not-found", "images/../group.yml"),
    (["METADATA", "--sources", "nowhere"], "not-found", "There is no nowhere."),
    (["x" * 5000], "not-found", "There is no directory"),
    (["METADATA", "--sources", "x" * 5000], "not-found", "There is no xxx"),
    (["METADATA", "--component", "web", "--component", "api", "--sources", "/etc/hostname"], "not-found", "api.yml"),
    (["METADATA", "--component", "web", "--sources", "/proc"], "not-found", "/proc has no file Dockerfile.ocp"),
]


@pytest.mark.parametrize(("arguments", "kind", "said"), WRONG)
def test_wrong_usage(shop: Shop, promoter: Promoter, arguments: list[str], kind: str, said: str) -> None:
    given = [str(shop.metadata) if argument == "METADATA" else argument for argument in arguments]
    error = promoter.run("constraints", "check", *given).error
    assert error["kind"] == kind
    assert said in error["message"]
    assert "secret" not in json.dumps(error)


def test_one_file_for_several_components(shop: Shop) -> None:
    shop.add("api", dockerfile())
    assert "is one file" in shop.check("--sources", shop.sources / "api" / "Dockerfile.ocp").error["message"]
