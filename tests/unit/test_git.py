"""The door to git: what it lets through, what it keeps, and what git's words become. git and its server are real."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import (
    NotFound,
    NotPermitted,
    PassingFailure,
    PromoterError,
    Refused,
    TimedOut,
    Unreachable,
    WrongUsage,
)
from promoter.git import DEFAULT_BRANCH, USER, Author, Git, Remote, require_remote, version
from promoter.http.deadline import Deadline
from promoter.http.trust import Trust
from tests.support import git as real
from tests.support.github import GitHub
from tests.support.tls import CertificateAuthority
from tests.unit.conftest import IMPATIENT, QUICK

REPOSITORY = "team/web"
ANN = Author("Ann", "ann@example.com")


@pytest.fixture
def github(ca: CertificateAuthority, tmp_path: Path) -> Iterator[GitHub]:
    """A server with one repository: two branches, a tag, and a file."""
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "Dockerfile").write_text("FROM scratch\n")
    with GitHub(ca, directory=tmp_path / "repositories") as running:
        running.add_repository(REPOSITORY, sources)
        bare = f"--git-dir={running.bare(REPOSITORY)}"
        real.git(bare, "branch", "release-4.16")
        real.git(bare, "tag", "--annotate", "--message=first", "v1")
        (sources / "Dockerfile").write_text("FROM busybox\n")
        real.git(bare, f"--work-tree={sources}", "commit", "--quiet", "--all", "--message=second")
        yield running


@pytest.fixture
def secret() -> str:
    """A token."""
    return f"token-{uuid.uuid4()}"


@pytest.fixture
def remote(github: GitHub, secret: str) -> Remote:
    """The repository, with a token that may write it."""
    github.add_token(secret, "promoter-bot", writes=[REPOSITORY])
    return remote_of(github, Credential("env:TOKEN", USER, secret))


@pytest.fixture
def git() -> Git:
    """git, with time enough."""
    return Git(Deadline(60), QUICK)


@pytest.fixture
def replace_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in git's place."""

    def replace(script: str) -> None:
        program = tmp_path / "bin" / "git"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return replace


def remote_of(github: GitHub, credential: Credential) -> Remote:
    return Remote(f"{github.url}/{REPOSITORY}", credential, Trust(github.ca))


def commit_of(github: GitHub, ref: str) -> str:
    return real.git(f"--git-dir={github.bare(REPOSITORY)}", "rev-parse", f"{ref}^{{commit}}").strip()


@pytest.mark.parametrize("ref", [DEFAULT_BRANCH, "main", "release-4.16", "v1"])
def test_branches_and_tags_are_checked_out(ref: str, git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    commit = git.checkout(remote, ref, tmp_path / "out")
    assert commit == commit_of(github, ref)
    expected = "FROM busybox\n" if ref in {DEFAULT_BRANCH, "main"} else "FROM scratch\n"
    assert (tmp_path / "out/Dockerfile").read_text() == expected
    assert real.git("-C", str(tmp_path / "out"), "rev-list", "--count", "HEAD") == "1\n"


def test_commits_are_checked_out(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    first = commit_of(github, "v1")
    assert git.checkout(remote, first, tmp_path / "out") == first


@pytest.mark.parametrize("ref", ["nowhere", "0" * 40])
def test_a_ref_that_is_not_there_is_named(ref: str, git: Git, remote: Remote, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=f"git could not fetch {ref} of {remote.url}"):
        git.checkout(remote, ref, tmp_path / "out")


@pytest.mark.parametrize(
    "ref",
    ["-upload-pack=x", "--all", "+main", "a b", "a..b", "main:other", "a^", "a~1", "a@{1}", "", "/a", "a/", "a\n"],
)
def test_what_is_no_ref_never_reaches_git(ref: str, git: Git, remote: Remote, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="is no branch, tag or commit"):
        git.checkout(remote, ref, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/web.git",
        "ssh://git@github.com:22/team/web.git",
        "git@github.com:team/web.git",
        "file:///srv/git/web.git",
    ],
)
def test_urls_of_git(url: str) -> None:
    require_remote(url)


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch x",
        "ext::sh -c touch% x",
        "http://github.com/team/web",
        "git://github.com/team/web",
        "https://bot:pa55word@github.com/team/web",
        "https://pa55word@github.com/team/web",
        "ssh://bot:pa55word@github.com/team/web",
        "ssh://-oProxyCommand=x/team/web",
        "-bot@github.com:team/web",
        "/srv/git/web",
        "",
    ],
)
def test_what_is_no_safe_url_never_reaches_git(url: str, git: Git, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as raised:
        git.checkout(Remote(url), "main", tmp_path / "out")
    assert "pa55word" not in raised.value.message + raised.value.remedy


@pytest.mark.parametrize("credential", [ANONYMOUS, Credential("env:TOKEN", USER, "wrong")])
def test_without_a_token_that_is_valid_nothing_is_asked(
    credential: Credential, git: Git, github: GitHub, tmp_path: Path
) -> None:
    with pytest.raises(NotPermitted, match=r"could not read Username|Authentication failed"):
        git.checkout(remote_of(github, credential), "main", tmp_path / "out")


def test_the_token_is_in_no_command_line_and_no_file(
    git: Git, remote: Remote, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    start = subprocess.Popen.__init__

    def watched(self: subprocess.Popen[str], args: list[str], **options: object) -> None:
        commands.append(args)
        start(self, args, **options)  # type: ignore[call-overload]  # all that Popen takes

    monkeypatch.setattr(subprocess.Popen, "__init__", watched)
    git.checkout(remote, "main", tmp_path / "out")
    assert commands
    assert not [command for command in commands if secret in str(command)]
    assert not [
        path for path in (tmp_path / "out").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


def test_a_server_that_is_not_trusted_gets_no_token(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="certificate") as raised:
        git.checkout(remote._replace(trust=Trust()), "main", tmp_path / "out")
    assert not isinstance(raised.value, PassingFailure)
    assert github.requests == []
    git.checkout(remote._replace(trust=Trust(verify=False)), "main", tmp_path / "other")


def test_a_redirect_is_not_followed(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    github.answer_next(301, {"Location": f"{remote.url}-moved/info/refs?service=git-upload-pack"})
    with pytest.raises(Unreachable, match="301") as raised:
        git.checkout(remote, "main", tmp_path / "out")
    assert "redirects are not followed" in raised.value.remedy


def test_what_fails_in_passing_is_tried_again(github: GitHub, remote: Remote, tmp_path: Path) -> None:
    github.answer_next(503, times=2)
    said: list[str] = []
    Git(Deadline(60), QUICK, said.append).checkout(remote, "main", tmp_path / "out")
    assert len(said) == 2
    assert all("trying again" in line for line in said)


def test_the_name_of_a_repository_means_nothing(github: GitHub, remote: Remote, tmp_path: Path) -> None:
    github.answer_next(503)
    named = remote._replace(url=f"{github.url}/team/openssl-certificate-not-found")
    with pytest.raises(PassingFailure, match="503"):
        Git(Deadline(60), IMPATIENT).checkout(named, "main", tmp_path / "out")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("git@git.example.com: Permission denied (publickey).", NotPermitted),
        ("Host key verification failed.", Unreachable),
        ("ssh: connect to host git.example.com port 22: Connection timed out", PassingFailure),
    ],
)
def test_what_ssh_says_is_told(
    words: str, kind: type[PromoterError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"echo '{words}' >&2; exit 255;")
    with pytest.raises(kind) as raised:
        Git(Deadline(60), IMPATIENT).checkout(Remote("git@git.example.com:team/web.git"), "main", tmp_path / "out")
    assert type(raised.value) is kind
    assert words in raised.value.message


def test_hooks_and_configuration_of_the_machine_are_not_used(
    git: Git, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trapped"
    (tmp_path / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = "touch {trap}"\n[init]\n\ttemplateDir = {tmp_path}/t\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_TRACE_CURL", str(trap))
    git.checkout(remote, "main", tmp_path / "out")
    hook = tmp_path / "out/.git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    (tmp_path / "out/Dockerfile").write_text("FROM alpine\n")
    git.commit(tmp_path / "out", ["Dockerfile"], "Align", ANN)
    assert not trap.exists()


def test_a_commit_is_pushed_as_a_new_branch_and_then_as_its_next(
    git: Git, github: GitHub, remote: Remote, tmp_path: Path
) -> None:
    assert git.tip(remote, "alignment/web") is None
    base = git.checkout(remote, "main", tmp_path / "out")
    first = change(git, tmp_path / "out", "alpine")
    git.push(remote, tmp_path / "out", "alignment/web", None)
    assert git.tip(remote, "alignment/web") == first
    second = change(git, tmp_path / "out", "debian")
    git.push(remote, tmp_path / "out", "alignment/web", first)
    git.push(remote, tmp_path / "out", "alignment/web", first)  # as after an answer that got lost
    shown = real.git(f"--git-dir={github.bare(REPOSITORY)}", "log", "-3", "--format=%H %an %ce", "alignment/web")
    assert shown.splitlines() == [f"{second} Ann ann@example.com", f"{first} Ann ann@example.com", shown.split("\n")[2]]
    assert shown.splitlines()[2].startswith(base)


def test_what_somebody_else_pushed_is_not_overwritten(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    git.checkout(remote, "main", tmp_path / "out")
    change(git, tmp_path / "out", "alpine")
    for expected in (None, commit_of(github, "main")):
        with pytest.raises(Refused, match="stale info"):
            git.push(remote, tmp_path / "out", "release-4.16", expected)
    assert commit_of(github, "release-4.16") == commit_of(github, "v1")


def test_a_token_that_may_only_read_cannot_push(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    github.add_token("reader-token", "reader", sees=[REPOSITORY])
    git.checkout(remote, "main", tmp_path / "out")
    change(git, tmp_path / "out", "alpine")
    with pytest.raises(NotPermitted, match="403"):
        git.push(remote_of(github, Credential("env:TOKEN", USER, "reader-token")), tmp_path / "out", "new", None)


def test_a_rule_of_the_server_is_told(git: Git, github: GitHub, remote: Remote, tmp_path: Path) -> None:
    hook = github.bare(REPOSITORY) / "hooks/update"
    hook.write_text("#!/bin/sh\necho 'this branch is protected'\nexit 1\n")
    hook.chmod(0o755)
    git.checkout(remote, "main", tmp_path / "out")
    change(git, tmp_path / "out", "alpine")
    with pytest.raises(NotPermitted, match="this branch is protected"):
        git.push(remote, tmp_path / "out", "new", None)


def test_a_git_that_stays_is_ended_with_all_it_has_started(
    tmp_path: Path, replace_git: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promoter.processes._GRACE_SECONDS", 0.2)
    stays = (
        f'[ "$1" = --version ] && echo git version 2.40.0 && exit\n(trap "" TERM; echo $$ > {tmp_path}/pid; sleep 90)'
    )
    replace_git(f'{stays} &\ntrap "" TERM\nwait')
    pid, seconds = tmp_path / "pid", 0.25
    while not pid.exists():
        seconds *= 2
        begun = time.monotonic()
        with pytest.raises(TimedOut, match="while asking git to"):
            Git(Deadline(seconds), QUICK).checkout(Remote("file:///srv/web"), "main", tmp_path / "out")
        assert time.monotonic() - begun < seconds + 30
    assert alive_in_group(int(pid.read_text())) == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo git version 2.30.2", "git is too old: it is 2.30.2"),
        ("echo something else", "does not tell its version as git does"),
        ("exit 1", "does not tell its version as git does"),
    ],
)
def test_another_git_is_not_used(script: str, words: str, replace_git: Callable[[str], None]) -> None:
    replace_git(script)
    with pytest.raises(WrongUsage, match=words):
        version()


def test_a_git_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrongUsage, match="git is not installed"):
        version()


def change(git: Git, directory: Path, image: str) -> str:
    """Commit another image."""
    (directory / "Dockerfile").write_text(f"FROM {image}\n")
    commit = git.commit(directory, ["Dockerfile"], f"Build on {image}", ANN)
    assert git.author(directory) == ANN
    assert abs(git.committed_at(directory) - time.time()) < 60
    return commit


def alive_in_group(group: int) -> list[str]:
    """Return the processes of a group, without those that have ended and wait for their parent (proc(5), `stat`)."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            name, _, rest = path.read_text().rpartition(") ")
            if rest.split()[2] == str(group) and rest[0] != "Z":
                alive.append(name)
    return alive
