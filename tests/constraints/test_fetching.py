"""How `constraints check` and `align` fetch repositories: with whose token, several at once, until a signal."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from promoter.constraints.access import Access
from promoter.model.constraints import CheckRequest
from tests.constraints.conftest import GO_120, PRODUCT, Write, dockerfile, write_files
from tests.support.github import GitHub
from tests.support.promoter import Outcome, Promoter
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

BRANCH = "release-4.16"
WEB = "images/web.yml"
TOKEN = "token-of-the-checker"
_GIT = """#!/bin/sh
case "$1" in
--version) echo git version 2.40.0 ;;
fetch) : > "$PWD.begun"; mv "$PWD.begun" {begun}/; exec sleep 60 ;;
esac
"""


@pytest.fixture
def github(ca: CertificateAuthority, tmp_path: Path) -> Iterator[GitHub]:
    with GitHub(ca, "/api/v3", tmp_path / "repositories") as running:
        running.add_token(TOKEN, "checker", sees=["team/web", "team/data"])
        yield running


def at(url: str) -> str:
    """Return web's config with its source at a URL."""
    return PRODUCT[WEB].replace("git@github.com:openshift-priv/web-operator.git", url)


def test_a_token_opens_the_repositories_of_its_host_and_goes_to_no_other(
    github: GitHub, promoter: Promoter, tmp_path: Path
) -> None:
    web = github.add_repository(
        "team/web", write_files(tmp_path / "web", {"Dockerfile.ocp": dockerfile(GO_120)}), BRANCH
    )
    data = github.add_repository("team/data", write_files(tmp_path / "data", PRODUCT | {WEB: at(f"{web}.git/")}))
    host = data.split("/")[2]
    promoter.environment["TOKEN"] = TOKEN

    def run(command: str, *flags: str) -> Outcome:
        outcome = promoter.run("constraints", command, data, f"--git-ca={github.ca}", *flags)
        assert TOKEN not in outcome.stdout + outcome.stderr
        return outcome

    (checked,) = json.loads(run("check", f"--git-credentials={host}=env:TOKEN").stdout)["components"]
    assert checked["found"][0] == GO_120
    (aligned,) = run("align", f"--git-credentials={host}=env:TOKEN").result["components"]
    assert aligned["status"] == "differs"
    for flags in ((), (f"--git-credentials={host.partition(':')[0]}=env:TOKEN",)):
        error = run("check", *flags).error
        assert (error["kind"], "--git-credentials" in error["remedy"]) == ("not-permitted", True)


def test_with_a_token_it_goes_by_https_and_otherwise_as_the_metadata_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    access = Access(CheckRequest(metadata=".", git_credentials=("GitHub.com=env:TOKEN",)))
    private = access.remote("git@github.com:team/web.git")
    assert (private.url, private.credential.secret) == ("https://github.com/team/web", TOKEN)
    for url in (
        "git@github.com.example.com:team/web.git",
        "https://github.com:8443/team/web",
        "file:///github.com/web",
    ):
        assert (access.remote(url).url, access.remote(url).credential.is_anonymous) == (url, True)


@pytest.mark.parametrize("given", ["env:TOKEN", "=env:TOKEN", "https://github.com=env:TOKEN", "github.com=", "s3cret"])
def test_a_credential_that_is_for_no_host(promoter: Promoter, product: Write, given: str) -> None:
    error = promoter.run("constraints", "check", product(), "--git-credentials", given).error
    assert (error["exit_code"], "which host" in error["message"]) == (2, True)
    assert "s3cret" not in json.dumps(error)


def test_several_are_fetched_at_once_and_a_signal_ends_them_all(promoter: Promoter, product: Write) -> None:
    names = ("api", "cli", "web")
    metadata = product(**{f"images/{name}.yml": at(f"https://localhost:1/team/{name}") for name in names})
    begun = promoter.directory / "begun"
    begun.mkdir()
    promoter.replace_skopeo("")  # makes the directory that is looked at first
    program = promoter.directory / "programs/git"
    program.write_text(_GIT.format(begun=begun))
    program.chmod(0o755)
    with promoter.start("constraints", "check", metadata) as running:
        wait_until(lambda: len([*begun.iterdir()]) == len(names), "all are being fetched")
        children = running.children()
        running.send(signal.SIGTERM)
        assert running.outcome().exit_code == 143
    assert len(children) == len(names)
    assert not any(child.is_running() for child in children)
    assert list(promoter.temporary.iterdir()) == []
