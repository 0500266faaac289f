"""The rig's git repositories can be cloned, and are gone with their server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.git import BRANCH, GitServer, git


def test_repository_has_what_the_directory_has(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    (sources / "vars").mkdir(parents=True)
    (sources / "vars" / "greet.groovy").write_text("echo 'hello'\n")
    with GitServer(tmp_path / "git") as server:
        url = server.publish("library", sources)
        assert git("ls-remote", "--heads", url).endswith(f"\trefs/heads/{BRANCH}\n")
        git("clone", "--quiet", url, str(tmp_path / "clone"))
    assert (tmp_path / "clone" / "vars" / "greet.groovy").read_text() == "echo 'hello'\n"
    with pytest.raises(subprocess.CalledProcessError):
        git("ls-remote", url)
