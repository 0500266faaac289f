"""`promoter constraints align`: the patches, applied by git itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from promoter.constraints.patches import patch
from tests.constraints.conftest import BASE, GO_120, GO_121, PRODUCT, Write, dockerfile, write_files
from tests.support.git import git
from tests.support.promoter import Outcome, Promoter

WEB = "images/web.yml"
OLD = dockerfile(GO_120)


Align = Callable[..., Outcome]


@pytest.fixture
def align(promoter: Promoter, product: Write, tmp_path: Path) -> Align:
    """Aligns what is checked out in the test's directory, with some files of the metadata as they are given."""

    def run(*arguments: str | Path, files: dict[str, str] | None = None, json: bool = True) -> Outcome:
        metadata = product(**(files or {}))
        return promoter.run("constraints", "align", metadata, "--sources", tmp_path, *arguments, json=json)

    return run


def checkout(directory: Path, path: str, content: bytes) -> Path:
    """Make a git repository with one file, and check it out; git changes no line ends there."""
    git("init", "--quiet", "--initial-branch=main", str(directory))
    file = directory / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    git("-C", str(directory), "add", "--all")
    git("-C", str(directory), "commit", "--quiet", "--message=as it is")
    return file


def apply(directory: Path, patched: bytes) -> None:
    command = ["git", "-C", str(directory), "apply", "--index", "-"]
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(command, input=patched, check=True, env=environment)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"FROM a\nRUN x\n", b"FROM b\nRUN x\n"),
        (b"FROM a", b"FROM b"),
        (b"FROM a\nRUN x", b"FROM b\nRUN x"),
        (b"FROM a\r\nRUN x\r\n", b"FROM b\r\nRUN x\r\n"),
        (b"FROM a\r\nRUN x\rRUN y\x0cRUN z\x1c", b"FROM b\r\nRUN x\rRUN y\x0cRUN z\x1c"),
        (b"\xef\xbb\xbfFROM a # \xe9\xff\n", b"\xef\xbb\xbfFROM b # \xe9\xff\n"),
        (b"FROM a\n" + b"RUN x\n" * 40 + b"FROM a", b"FROM b\n" + b"RUN x\n" * 40 + b"FROM b"),
        (b"\n\n\nFROM a\n\n", b"\n\n\nFROM b\n\n"),
    ],
    ids=["plain", "no newline", "no newline after", "CRLF", "odd ends", "no UTF-8", "two hunks", "empty lines"],
)
def test_git_applies_a_patch_byte_for_byte(before: bytes, after: bytes, tmp_path: Path) -> None:
    file = checkout(tmp_path, "Dockerfile", before)
    apply(tmp_path, patch("Dockerfile", before, after))
    assert file.read_bytes() == after


@pytest.mark.parametrize(
    "path", ["images/web/Dockerfile.ocp", "a b/Dockerfile", 'q"u\\o/Docker\tfile', "bäse/Dockerfile"]
)
def test_git_finds_the_file(path: str, tmp_path: Path) -> None:
    file = checkout(tmp_path, path, b"FROM a\n")
    file.chmod(0o755)
    git("-C", str(tmp_path), "commit", "--quiet", "--all", "--message=executable")
    apply(tmp_path, patch(path, b"FROM a\n", b"FROM b\n"))
    assert file.read_bytes() == b"FROM b\n"
    assert git("-C", str(tmp_path), "diff", "--cached", "--summary") == ""  # a changed mode would be here


def test_what_is_the_same_has_no_patch() -> None:
    assert patch("Dockerfile", b"FROM a", b"FROM a") == b""


@pytest.mark.statement("C4")
def test_the_patch_changes_the_images_of_from_lines_alone(align: Align, tmp_path: Path) -> None:
    text = (
        "# syntax is plain\r\nARG GO=1\r\n"
        f"from  --platform=$BUILDPLATFORM\t{GO_120}   AS Builder\r\n"
        f"RUN echo 'FROM {GO_120}' # {GO_120}\r\n"
        f"FROM {BASE}\r\nCOPY --from=builder /web /\r\nLABEL from={GO_120}"
    )
    file = checkout(tmp_path / "web", "Dockerfile.ocp", text.encode())
    outcome = align("--patch", tmp_path / "patches")
    (web,) = outcome.result["components"]
    assert (web["status"], web["file"]) == ("differs", str(tmp_path / "patches/web.patch"))
    assert web["changes"] == [{"stage": 0, "found": GO_120, "desired": GO_121}]
    apply(tmp_path / "web", (tmp_path / "patches/web.patch").read_bytes())
    assert file.read_bytes() == text.replace(f"\t{GO_120} ", f"\t{GO_121} ").encode()
    again = align()
    assert [one["status"] for one in again.result["components"]] == ["aligned"]


@pytest.mark.statement("C4")
def test_what_people_and_programs_read_can_be_applied_too(align: Align, tmp_path: Path) -> None:
    file = checkout(tmp_path / "web", "Dockerfile.ocp", OLD.encode())
    shown = align(json=False).stdout
    assert shown.startswith(f"differs: web\n  stage 0: {GO_120} -> {GO_121}\ndiff --git a/Dockerfile.ocp ")
    assert shown.endswith("openshift-4.16: 1 differs\n")
    assert align().result["components"][0]["patch"] in shown
    apply(tmp_path / "web", shown.encode())
    assert file.read_text() == dockerfile()


def test_a_link_is_followed_to_the_file_that_changes(align: Align, tmp_path: Path) -> None:
    file = checkout(tmp_path / "web", "images/web/Dockerfile", OLD.encode())
    (tmp_path / "web/Dockerfile.ocp").symlink_to("images/web/Dockerfile")
    outcome = align()
    apply(tmp_path / "web", outcome.result["components"][0]["patch"].encode())
    assert file.read_text() == dockerfile()
    assert (tmp_path / "web/Dockerfile.ocp").is_symlink()


@pytest.mark.parametrize(
    ("edit", "content", "said"),
    [
        ((WEB, "", ""), f"FROM {GO_120}\n", "cardinality-mismatch: web: Dockerfile.ocp has 1 FROM lines"),
        (
            (WEB, "{ci_build", "{enabled: false, ci_build"),
            OLD,
            "disabled: web: images/web.yml switches its alignment off",
        ),
        (("streams.yml", "  upstream_image: ", "  was: "), OLD, "no-equivalent: web: images/web.yml names no parents"),
    ],
    ids=["mismatch", "disabled", "no equivalent"],
)
@pytest.mark.statement("C4")
def test_what_is_left_alone_is_said(
    edit: tuple[str, str, str], content: str, said: str, align: Align, tmp_path: Path
) -> None:
    name, old, new = edit
    write_files(tmp_path / "web", {"Dockerfile.ocp": content})
    outcome = align("--patch", tmp_path / "patches", files={name: PRODUCT[name].replace(old, new)}, json=False)
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith(said)
    assert len(outcome.stdout.splitlines()) == 2
    assert not (tmp_path / "patches").exists()


def test_a_dry_run_writes_nothing(align: Align, tmp_path: Path) -> None:
    write_files(tmp_path / "web", {"Dockerfile.ocp": OLD})
    outcome = align("--patch", tmp_path / "patches", "--dry-run", json=False)
    assert outcome.stdout.endswith("1 differs (dry run: nothing was changed)\n")
    assert not (tmp_path / "patches").exists()


def test_a_dockerfile_without_its_repository_has_no_patch(promoter: Promoter, product: Write, tmp_path: Path) -> None:
    write_files(tmp_path, {"Dockerfile.ocp": OLD})
    arguments = ("align", product(), "--component", "web", "--sources", tmp_path / "Dockerfile.ocp")
    error = promoter.run("constraints", *arguments).error
    assert error["kind"] == "wrong-usage"
    assert "is a file" in error["message"]


def test_one_that_fails_does_not_end_it(align: Align, tmp_path: Path) -> None:
    write_files(tmp_path / "web", {"Dockerfile.ocp": OLD})
    outcome = align(files={"images/api.yml": PRODUCT[WEB].replace("openshift-priv/web", "openshift-priv/api")})
    document = json.loads(outcome.stdout)
    assert outcome.error["exit_code"] == 10
    assert [one["status"] for one in document["components"]] == ["differs"]
    assert [(one["component"], one["error"]["kind"]) for one in document["failed"]] == [("api", "not-found")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--list", "--pull-requests"], "--list and --pull-requests do not go together"),
        (["--pull-requests", "--patch", "x"], "--pull-requests and --patch do not go together"),
        (["--list", "--sources", "x"], "--list and --sources do not go together"),
        (["--freeze", "2026-11-21"], "--freeze goes with --list alone"),
        (["--pull-requests"], "`pull-requests` is missing"),
        (["--list", "--freeze", "soon"], "'soon' is no day"),
    ],
)
def test_flags_that_make_no_sense(arguments: list[str], words: str, promoter: Promoter, product: Write) -> None:
    error = promoter.run("constraints", "align", product(), *arguments).error
    assert error["exit_code"] == 2
    assert words in error["message"]
