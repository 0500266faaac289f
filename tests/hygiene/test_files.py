"""What no file of the repository may contain."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.repository import ROOT, repository_files

# Put together here, so that this file contains none of them.
REGISTRY_HOSTS = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("crates", "io"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
    )
]
BANNED = {
    "a path of somebody's machine": r"(?<![\w.})-])/(?:work/|root/|home/(?!jenkins\b)[a-z])",
    "the host of a package registry": "|".join(re.escape(host) for host in REGISTRY_HOSTS),
    "a private key": "-----BEGIN [A-Z ]*PRIVATE KEY-----",
}


def lines_with(pattern: str) -> Iterator[str]:
    """Name the lines of the repository's text files in which the pattern is found."""
    searched = re.compile(pattern)
    for path in repository_files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if searched.search(line):
                yield f"{path.relative_to(ROOT)}:{number}"


@pytest.mark.parametrize("pattern", BANNED.values(), ids=BANNED.keys())
def test_no_file_contains(pattern: str) -> None:
    assert list(lines_with(pattern)) == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", "see /" + "work/main"),
        ("a path of somebody's machine", "HOME=/" + "home/alice"),
        ("the host of a package registry", "https://" + REGISTRY_HOSTS[0] + "/simple"),
        ("a private key", "-----BEGIN EC " + "PRIVATE KEY-----"),
    ],
)
def test_a_banned_line_is_recognised(what: str, line: str) -> None:
    assert re.search(BANNED[what], line)


@pytest.mark.parametrize("line", ["tests/work/file", "${HOME}/root/file", "workspace: /home/jenkins/agent"])
def test_a_path_inside_another_is_no_path_of_a_machine(line: str) -> None:
    assert not re.search(BANNED["a path of somebody's machine"], line)
