"""`promoter constraints align --pull-requests` and `--list`, with real git repositories behind GitHub's API."""

from __future__ import annotations

import datetime as dt
import json
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from promoter.constraints.open_alignments import urgency
from tests.constraints.conftest import BASE, CI, GO_120, GO_121, PRODUCT, dockerfile, write_files
from tests.support.git import git
from tests.support.github import GitHub
from tests.support.promoter import Outcome, Promoter
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

GROUP = "openshift-4.16"
BRANCH = "release-4.16"
WEB, BASE_KEY = "web", "openshift-enterprise-base-rhel9"
REPOSITORIES = {WEB: "team/web", BASE_KEY: "team/base"}
RHEL = f"{CI}/builder:rhel-9-openshift-4.16.art"
MARKER = "<!-- image-promoter keeps what is above this line up to date, and leaves what is below it -->"


class Product:
    """The product's metadata, and its two components, each in a repository of GitHub's; web is built on base."""

    def __init__(self, github: GitHub, promoter: Promoter, directory: Path) -> None:
        self.github = github
        self.promoter = promoter
        self.metadata = write_files(directory / "metadata", PRODUCT)
        self._work = directory / "work"
        self.token = f"token-{uuid.uuid4()}"
        github.add_token(self.token, "promoter-bot", writes=REPOSITORIES.values())
        for key, path, text in ((WEB, "Dockerfile.ocp", dockerfile()), (BASE_KEY, "Dockerfile", f"FROM {RHEL}\n")):
            url = github.add_repository(REPOSITORIES[key], write_files(directory / key, {path: text}), BRANCH)
            self.configure(
                key, mode="enabled", content={"source": {"git": {"web": url, "url": "x", "branch": {"target": BRANCH}}}}
            )
        promoter.environment["GITHUB_TOKEN"] = self.token
        section = {"api": github.url, "ca": str(github.ca), "credentials": "env:GITHUB_TOKEN"}
        (promoter.directory / "promotion.yaml").write_text(json.dumps({"pull-requests": section}))

    def configure(self, key: str, **values: object) -> None:
        """Change the config of a component."""
        file = self.metadata / f"images/{key}.yml"
        file.write_text(json.dumps(_merged(yaml.safe_load(file.read_text()), values)))

    def streams_prs(self, key: str, **values: object) -> None:
        self.configure(key, content={"source": {"ci_alignment": {"streams_prs": values}}})

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the metadata."""
        file = self.metadata / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def align(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Keep the pull requests, and return what became of the components, by their names."""
        outcome = self.run("--pull-requests", *arguments)
        assert self.token not in outcome.stdout + outcome.stderr
        return {one["component"]: one for one in outcome.result["components"]}

    def run(self, *arguments: str, words: bool = False) -> Outcome:
        return self.promoter.run("constraints", "align", self.metadata, *arguments, json=not words)

    def pulls(self, key: str = WEB) -> list[dict[str, Any]]:
        return self.github.pulls(REPOSITORIES[key]).all

    def file(self, ref: str, path: str = "Dockerfile.ocp", key: str = WEB) -> str:
        return git(f"--git-dir={self.github.bare(REPOSITORIES[key])}", "show", f"{ref}:{path}")

    def log(self, ref: str, form: str = "%an", key: str = WEB) -> list[str]:
        return git(f"--git-dir={self.github.bare(REPOSITORIES[key])}", "log", f"--format={form}", ref).splitlines()

    def commit(self, branch: str, path: str, text: str, key: str = WEB) -> None:
        """Push a commit, as a person does."""
        directory = self._work / uuid.uuid4().hex
        git("clone", "--quiet", f"--branch={branch}", str(self.github.bare(REPOSITORIES[key])), str(directory))
        write_files(directory, {path: text})
        git("-C", str(directory), "add", "--all")
        git("-C", str(directory), "commit", "--quiet", "--message=by hand")
        git("-C", str(directory), "push", "--quiet", "origin", branch)


def _merged(old: Any, new: Any) -> Any:  # noqa: ANN401 - any part of a document
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}


HEAD = f"alignment/{BRANCH}/{WEB}"


@pytest.fixture
def github(ca: CertificateAuthority, tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(ca, "/api/v3", tmp_path / "repositories") as running:
        yield running


@pytest.fixture
def product(github: GitHub, promoter: Promoter, tmp_path: Path) -> Product:
    """All is aligned at first."""
    return Product(github, promoter, tmp_path)


@pytest.fixture
def differing(product: Product) -> Product:
    """Web is built with another golang than the metadata asks for."""
    product.commit(BRANCH, "Dockerfile.ocp", dockerfile(GO_120))
    return product


@pytest.mark.statement("C5")
def test_nothing_is_opened_where_all_is_aligned(product: Product) -> None:
    assert {key: one["status"] for key, one in product.align().items()} == {WEB: "aligned", BASE_KEY: "aligned"}
    assert product.pulls() == []


@pytest.mark.statement("C4", "C5")
def test_one_pull_request_is_opened_and_found_again(differing: Product) -> None:
    web = differing.align()[WEB]
    assert web["status"] == "opened"
    assert web["changes"] == [{"stage": 0, "found": GO_120, "desired": GO_121}]
    (pull,) = differing.pulls()
    assert (pull["html_url"], pull["head"]["ref"], pull["base"]["ref"]) == (web["url"], HEAD, BRANCH)
    assert pull["title"] == f"Align the base images of web with {GROUP}"
    assert f"| 0 | `{GO_120}` | `{GO_121}` |" in pull["body"]
    assert differing.file(HEAD) == dockerfile()
    assert differing.log(HEAD)[0] == "image-promoter"
    tip = differing.log(HEAD, "%H")
    assert differing.align()[WEB] == web | {"status": "unchanged"}
    assert len(differing.pulls()) == 1
    assert differing.log(HEAD, "%H") == tip


@pytest.mark.statement("C5")
def test_it_is_updated_with_the_metadata_and_a_changed_title_stays(differing: Product) -> None:
    differing.align()
    (pull,) = differing.pulls()
    pull["title"] = "OCPBUGS-1: align web"
    pull["body"] = pull["body"].replace("\n", "\r\n") + "\r\nReviewed by Ann.\r\n"  # as browsers send it
    before = differing.log(HEAD, "%H")
    differing.edit(
        "streams.yml",
        "rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}\nrhel-9-golang-1.20",
        "rhel-9-golang-1.22\nrhel-9-golang-1.20",
    )
    assert differing.align()[WEB]["status"] == "updated"
    (pull,) = differing.pulls()
    assert pull["title"] == "OCPBUGS-1: align web"
    assert pull["body"].endswith(f"{MARKER}\nReviewed by Ann.\n")
    assert f"`{CI}/builder:rhel-9-golang-1.22`" in pull["body"]
    assert differing.file(HEAD) == dockerfile(f"{CI}/builder:rhel-9-golang-1.22")
    after = differing.log(HEAD, "%H")
    assert len(after) == len(before)
    assert after[1:] == before[1:]  # it takes the place of the commit before it
    assert differing.align()[WEB]["status"] == "unchanged"


def test_a_description_without_the_marker_is_all_theirs(differing: Product) -> None:
    differing.align()
    differing.pulls()[0]["body"] = "We do this later."
    assert differing.align()[WEB]["status"] == "unchanged"
    assert differing.pulls()[0]["body"] == "We do this later."


def test_what_people_add_to_the_branch_stays(differing: Product) -> None:
    differing.align()
    differing.commit(HEAD, "go.mod", "go 1.21\n")
    assert differing.align()[WEB]["status"] == "unchanged"
    differing.edit(
        "streams.yml",
        "rhel-9-golang-1.21-openshift-{MAJOR}.{MINOR}\nrhel-9-golang-1.20",
        "rhel-9-golang-1.22\nrhel-9-golang-1.20",
    )
    assert differing.align()[WEB]["status"] == "updated"
    assert differing.file(HEAD, "go.mod") == "go 1.21\n"
    assert differing.log(HEAD)[:3] == ["image-promoter", "tests", "image-promoter"]


def test_a_dockerfile_that_has_moved_on_is_taken_along(differing: Product) -> None:
    differing.align()
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile(GO_120) + "USER 1001\n")
    assert differing.align()[WEB]["status"] == "updated"
    assert differing.file(HEAD) == dockerfile() + "USER 1001\n"
    differing.commit(BRANCH, "README.md", "Web\n")  # nothing to do with it
    assert differing.align()[WEB]["status"] == "unchanged"


def test_a_dockerfile_that_has_moved_is_found_where_it_is(differing: Product) -> None:
    differing.align()
    differing.commit(BRANCH, "ocp/Dockerfile", dockerfile(GO_120))
    differing.configure(WEB, content={"source": {"dockerfile": "ocp/Dockerfile"}})
    assert differing.align()[WEB]["status"] == "updated"
    assert differing.file(HEAD, "ocp/Dockerfile") == dockerfile()


@pytest.mark.statement("C5")
def test_it_is_closed_once_it_would_change_nothing(differing: Product) -> None:
    opened = differing.align()[WEB]
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile())
    why = f"`{BRANCH}` names the images that the build metadata asks for: this would change nothing any more."
    assert differing.align()[WEB] == opened | {"status": "closed", "changes": [], "why": why}
    assert differing.pulls()[0]["state"] == "closed"
    assert differing.github.pulls("team/web").comments[1] == [why]
    assert differing.align()[WEB]["status"] == "aligned"
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile(GO_120))
    assert differing.align()[WEB]["status"] == "opened"
    assert [pull["state"] for pull in differing.pulls()] == ["closed", "open"]


@pytest.mark.statement("C5")
def test_dependent_ones_are_linked_until_the_parent_is_merged(differing: Product) -> None:
    differing.commit(BRANCH, "Dockerfile", "FROM centos\n", BASE_KEY)
    aligned = differing.align()
    assert list(aligned) == [BASE_KEY, WEB]
    link = f"- `{BASE_KEY}`: {aligned[BASE_KEY]['url']}"
    assert link in differing.pulls()[0]["body"]
    assert differing.align(f"--component={WEB}")[WEB]["status"] == "unchanged"
    differing.github.pulls("team/base").merge(1)
    assert differing.align(f"--component={WEB}")[WEB]["status"] == "updated"
    assert link not in differing.pulls()[0]["body"]


def test_where_the_parent_is_to_be_merged_first_dependent_ones_wait(differing: Product) -> None:
    differing.commit(BRANCH, "Dockerfile", "FROM centos\n", BASE_KEY)
    differing.streams_prs(BASE_KEY, merge_first=True)
    aligned = differing.align()
    assert aligned[WEB]["status"] == "waiting"
    assert aligned[WEB]["why"] == f"to be merged first: {aligned[BASE_KEY]['url']}"
    assert differing.pulls() == []
    differing.github.pulls("team/base").merge(1)
    assert differing.align()[WEB]["status"] == "opened"


def test_prefix_and_labels_are_those_of_the_config(differing: Product) -> None:
    differing.streams_prs(WEB, commit_prefix="UPSTREAM: <carry>: ", auto_label=["approved", "lgtm"])
    differing.align()
    (pull,) = differing.pulls()
    assert pull["title"] == f"UPSTREAM: <carry>: Align the base images of web with {GROUP}"
    assert differing.log(HEAD, "%s")[0] == pull["title"]
    assert [label["name"] for label in pull["labels"]] == ["approved", "lgtm"]


@pytest.mark.statement("C4", "C5")
def test_a_cardinality_mismatch_and_what_is_switched_off_are_never_rewritten(differing: Product) -> None:
    differing.streams_prs(BASE_KEY, enabled=False)
    differing.commit(BRANCH, "Dockerfile", "FROM centos\n", BASE_KEY)
    differing.commit(BRANCH, "Dockerfile.ocp", f"FROM {GO_120}\nFROM {GO_120}\nFROM {BASE}\n")
    aligned = differing.align()
    assert [aligned[key]["status"] for key in (BASE_KEY, WEB)] == ["disabled", "cardinality-mismatch"]
    assert "3 FROM lines" in aligned[WEB]["why"]
    assert differing.pulls() + differing.pulls(BASE_KEY) == []
    assert len(differing.log("--all")) == 3


@pytest.mark.statement("C5")
def test_an_open_one_is_closed_once_it_is_switched_off_and_stays_where_people_may_mend_it(differing: Product) -> None:
    url = differing.align()[WEB]["url"]
    differing.commit(BRANCH, "Dockerfile.ocp", f"FROM {GO_120}\nFROM {GO_120}\nFROM {BASE}\n")
    left = differing.align()[WEB]
    assert (left["status"], left["url"]) == ("cardinality-mismatch", url)
    assert differing.pulls()[0]["state"] == "open"
    said = differing.run("--pull-requests", f"--component={WEB}", words=True).stdout.splitlines()[0]
    assert said == f"cardinality-mismatch: {WEB}: {url}: {left['why']}"
    differing.streams_prs(WEB, enabled=False)
    assert differing.align("--dry-run")[WEB]["status"] == "closed"
    assert differing.pulls()[0]["state"] == "open"
    assert differing.align()[WEB]["status"] == "closed"
    assert differing.pulls()[0]["state"] == "closed"
    (why,) = differing.github.pulls("team/web").comments[1]
    assert "streams_prs.enabled" in why
    assert differing.align()[WEB]["status"] == "disabled"


def test_commits_are_whose_the_configuration_says(differing: Product) -> None:
    file = differing.promoter.directory / "promotion.yaml"
    document = json.loads(file.read_text())
    author = "release-bot <7+release[bot]@users.noreply.example.com>"
    file.write_text(json.dumps({"pull-requests": document["pull-requests"] | {"author": author}}))
    differing.align()
    assert differing.log(HEAD, "%an <%ae> %cn <%ce>")[0] == f"{author} {author}"
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile(GO_120) + "USER 1001\n")
    assert differing.align()[WEB]["status"] == "updated"
    assert differing.log(HEAD)[:2] == ["release-bot", "tests"]  # its own commit was replaced, on top of the branch's
    for nobody in ("release-bot", "<a@b>", "a <b>", "a\n <a@b>", "a. <a@b>", "a <a@b.>"):
        file.write_text(json.dumps({"pull-requests": document["pull-requests"] | {"author": nobody}}))
        assert "is nobody" in differing.run("--pull-requests").error["message"]


def test_a_dry_run_only_says_it(differing: Product) -> None:
    assert differing.align("--dry-run")[WEB]["status"] == "opened"
    assert differing.pulls() == []
    assert {one.partition(" ")[0] for one in differing.github.requests if "/api/" in one} == {"GET"}
    differing.align()
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile(GO_120) + "USER 1001\n")
    tip = differing.log(HEAD, "%H")
    assert differing.align("--dry-run")[WEB]["status"] == "updated"
    assert differing.log(HEAD, "%H") == tip
    differing.commit(BRANCH, "Dockerfile.ocp", dockerfile())
    assert differing.align("--dry-run")[WEB]["status"] == "closed"
    assert [pull["state"] for pull in differing.pulls()] == ["open"]


@pytest.mark.statement("C13")
def test_the_open_ones_are_listed_by_urgency_and_age(differing: Product) -> None:
    differing.commit(BRANCH, "Dockerfile", "FROM centos\n", BASE_KEY)
    differing.align()
    today = dt.datetime.now(dt.UTC)
    differing.pulls(BASE_KEY)[0]["created_at"] = (today - dt.timedelta(days=12, hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    freezes = {20: "normal", 10: "urgent", -3: "blocker"}
    for days, urgent in freezes.items():
        freeze = str(today.date() + dt.timedelta(days=days))
        listed = differing.run("--list", "--freeze", freeze).result["alignments"]
        assert [(one["component"], one["age_days"], one["urgency"]) for one in listed] == [
            (BASE_KEY, 12, urgent),
            (WEB, 0, urgent),
        ]
    differing.configure(WEB, canonical_builders_from_upstream=False)  # web's own freeze has begun
    shown = differing.run("--list", words=True).stdout.splitlines()
    url = differing.pulls()[0]["html_url"]
    assert shown[0].split()[:5] == ["blocker:", WEB, "0", "days", url]
    assert shown[1].split()[:4] == ["normal:", BASE_KEY, "12", "days"]
    assert shown[2] == f"{GROUP}: 2 open"


@pytest.mark.parametrize(
    ("days", "urgent"), [(15, "normal"), (14, "urgent"), (1, "urgent"), (0, "blocker"), (-3, "blocker")]
)
def test_it_is_urgent_two_weeks_before_the_freeze(days: int, urgent: str) -> None:
    today = dt.date(2026, 12, 24)
    assert urgency(today + dt.timedelta(days=days), today, frozen=False) == urgent


def test_what_may_not_be_read_or_written_fails_alone(differing: Product) -> None:
    differing.commit(BRANCH, "Dockerfile", "FROM centos\n", BASE_KEY)
    differing.github.add_token(differing.token, "promoter-bot", writes=["team/base"], sees=["team/web"])
    outcome = differing.run("--pull-requests")
    assert outcome.error["exit_code"] == 10
    document = json.loads(outcome.stdout)
    assert [one["status"] for one in document["components"]] == ["opened"]
    (failed,) = document["failed"]
    assert (failed["component"], failed["error"]["kind"]) == (WEB, "not-permitted")
    assert differing.pulls() == []


def test_a_source_that_is_elsewhere_gets_no_token(differing: Product) -> None:
    differing.configure(WEB, content={"source": {"git": {"web": "https://localhost:1/team/web"}}})
    outcome = differing.run("--pull-requests", f"--component={WEB}")
    assert outcome.error["exit_code"] == 2
    assert "is not at localhost:" in outcome.error["message"]
    assert differing.github.requests == []


def test_a_parent_that_is_elsewhere_has_no_link(differing: Product) -> None:
    differing.configure(BASE_KEY, content={"source": {"git": {"web": "https://localhost:1/team/base"}}})
    assert differing.align(f"--component={WEB}")[WEB]["status"] == "opened"
    assert BASE_KEY not in differing.pulls()[0]["body"]


def test_an_api_that_lists_all_branches_page_by_page_is_understood(differing: Product) -> None:
    opened = differing.align()[WEB]
    (pull,) = differing.pulls()
    others = [pull | {"head": {"ref": HEAD, "repo": repository}} for repository in ({"full_name": "ann/web"}, None)]
    link = f'<{differing.github.url}/repos/team/web/pulls?page=2>; rel="next"'
    differing.github.answer_next(200, {"Link": link}, json.dumps(others).encode())
    differing.github.answer_next(200, {}, json.dumps([pull]).encode())
    assert [one["url"] for one in differing.run("--list", f"--component={WEB}").result["alignments"]] == [opened["url"]]
    assert differing.github.requests[-1].endswith("&page=2")


def test_where_they_could_not_be_listed_is_counted(differing: Product) -> None:
    differing.promoter.environment["GITHUB_TOKEN"] = "another"
    assert differing.run("--list", words=True).stdout.splitlines()[-1] == f"{GROUP}: 0 open, 2 failed"


@pytest.mark.parametrize("answer", [b'[{"number": 1}]', b'[{"number": "x", "head": "y"}]'])
def test_an_api_that_is_no_such_one_is_said(answer: bytes, product: Product) -> None:
    product.github.answer_next(200, {}, answer)
    error = product.run("--list", f"--component={WEB}").error
    assert (error["kind"], error["exit_code"]) == ("unreachable", 6)
    assert "no pull request" in error["message"]


def test_a_signal_ends_git_and_leaves_nothing(differing: Product) -> None:
    promoter = differing.promoter
    promoter.replace_skopeo("")  # makes the directory that is looked at first
    program = promoter.directory / "programs/git"
    begun = promoter.directory / "begun"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo git version 2.40.0 && exit\n: > {begun}; exec sleep 60\n'
    )
    program.chmod(0o755)
    with promoter.start("constraints", "align", differing.metadata, "--pull-requests") as running:
        wait_until(begun.exists, "git runs")
        children = running.children()
        running.send(signal.SIGTERM)
        assert running.outcome().exit_code == 143
    assert children
    assert not any(child.is_running() for child in children)
    assert list(promoter.temporary.iterdir()) == []
