"""The authfile that skopeo gets."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from promoter.credentials.authfile import write_authfile
from promoter.credentials.sources import ANONYMOUS, Credential, load_credential

HOST = "registry.example.com:5000"
CREDENTIAL = Credential("env:TOKEN", "alice", "pass:wörd")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = write_authfile(tmp_path / "auth.json", HOST, CREDENTIAL)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_holds_one_entry(tmp_path: Path) -> None:
    path = write_authfile(tmp_path / "auth.json", HOST, CREDENTIAL)
    auth = b64encode("alice:pass:wörd".encode()).decode()
    assert json.loads(path.read_text()) == {"auths": {HOST: {"auth": auth}}}


def test_it_is_read_back(tmp_path: Path) -> None:
    path = write_authfile(tmp_path / "auth.json", HOST, CREDENTIAL)
    assert load_credential(f"authfile:{path}", HOST).secret == CREDENTIAL.secret


def test_an_anonymous_one_has_no_entry(tmp_path: Path) -> None:
    path = write_authfile(tmp_path / "auth.json", HOST, ANONYMOUS)
    assert json.loads(path.read_text()) == {"auths": {}}


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_authfile(path, HOST, CREDENTIAL)
    assert path.read_text() == "mine"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "elsewhere", tmp_path / "auth.json"
    path.symlink_to(target)
    with pytest.raises(FileExistsError):
        write_authfile(path, HOST, CREDENTIAL)
    assert not target.exists()
