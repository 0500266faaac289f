"""Where credentials come from; what is wrong with one is said without showing it."""

from __future__ import annotations

import json
import traceback
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from promoter.credentials import sources
from promoter.credentials.redaction import SECRETS, SHOWN
from promoter.credentials.sources import ANONYMOUS, Credential, load_credential
from promoter.errors import NotPermitted, PromoterError, WrongUsage
from tests.unit.test_jwt import token

SECRET = "s3cret-for-the-sources"
HOST = "registry.example.com:5000"
EXPIRED = token({"exp": 1700000000, "sub": "expired-in-the-sources"})


def authfile(pair: str, host: str = HOST) -> str:
    return json.dumps({"auths": {host: {"auth": b64encode(pair.encode()).decode()}}})


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which every kind of source is, and stands for the service account's."""
    (tmp_path / "token").write_text(f"{SECRET}\n")
    (tmp_path / "WebHookSecretKey").write_text(f"other-{SECRET}")
    (tmp_path / "auth.json").write_text(authfile(f"alice:{SECRET}"))
    monkeypatch.setenv("PROMOTER_TOKEN", f"  {SECRET}\n")
    monkeypatch.setattr(sources, "SERVICE_ACCOUNT", tmp_path)
    return tmp_path


FORMS = {
    "secret": "secret:{}",
    "file": "file:{}/token",
    "env": "env:PROMOTER_TOKEN",
    "in-cluster": "in-cluster",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_token_is_read_without_the_space_around_it(directory: Path, form: str) -> None:
    source = form.format(directory)
    assert load_credential(source, HOST) == Credential(source, "openshift", SECRET)


def test_a_token_goes_with_another_user(directory: Path) -> None:
    assert load_credential(f"secret:{directory}", HOST, user="builder").user == "builder"


def test_another_key_of_a_secret(directory: Path) -> None:
    assert load_credential(f"secret:{directory}", key="WebHookSecretKey").secret == f"other-{SECRET}"


def test_an_authfile_names_its_user(directory: Path) -> None:
    source = f"authfile:{directory}/auth.json"
    assert load_credential(source, HOST) == Credential(source, "alice", SECRET)


def test_a_password_in_an_authfile_may_have_colons(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(authfile(f"alice:a:b:{SECRET}"))
    assert load_credential(f"authfile:{tmp_path}/auth.json", HOST).secret == f"a:b:{SECRET}"


def test_nobody_is_logged_in() -> None:
    assert load_credential("anonymous", HOST) is ANONYMOUS
    assert ANONYMOUS.is_anonymous


@pytest.mark.parametrize("form", [*FORMS.values(), "authfile:{}/auth.json"])
def test_what_was_loaded_is_hidden_from_then_on(directory: Path, form: str) -> None:
    credential = load_credential(form.format(directory), HOST)
    basic = b64encode(f"{credential.user}:{SECRET}".encode()).decode()
    assert SECRETS.redact(f"{SECRET} {basic}") == f"{SHOWN} {SHOWN}"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format], ids=["repr", "str", "format", "format !r"])
def test_a_credential_does_not_show_its_secret(show: Callable[[object], str]) -> None:
    shown = show(Credential("env:TOKEN", "alice", SECRET))
    assert "env:TOKEN" in shown
    assert SECRET not in shown


UNKNOWN = {
    "empty": "",
    "no form": SECRET,
    "unknown form": f"token:{SECRET}",
    "a pair": f"alice:{SECRET}",
    "uppercase": f"ENV:{SECRET}",
    "space in front": f" env:{SECRET}",
    "secret without directory": "secret:",
    "file without path": "file:",
    "env without name": "env:",
    "authfile without path": "authfile:",
    "in-cluster with more": f"in-cluster:{SECRET}",
    "anonymous with more": f"anonymous:{SECRET}",
}


@pytest.mark.parametrize("source", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_form_is_wrong_usage_and_is_not_shown(source: str) -> None:
    with pytest.raises(WrongUsage, match=f"for {HOST} has none of the known forms") as caught:
        load_credential(source, HOST)
    assert SECRET not in f"{caught.value} {caught.value.remedy}"
    assert "secret:DIR" in caught.value.remedy


UNUSABLE_TOKENS = {
    "missing": (None, "cannot be read: .*: No such file"),
    "empty": (b"", "is empty"),
    "blank": (b" \n\t", "is empty"),
    "not text": (b"\xff\xfe" + SECRET.encode(), "cannot be read: .*: not text"),
    "several lines": (f"{SECRET}\n{SECRET}\n".encode(), "control characters or several lines"),
    "NUL": (f"{SECRET}\0more".encode(), "control characters or several lines"),
    "too much": (SECRET.encode() * 50_000, "cannot be read: .*: it has more than 1048576 bytes"),
    "expired": (EXPIRED.encode(), "expired at 2023-11-14 22:13:20 UTC"),
}


@pytest.mark.parametrize(("content", "message"), UNUSABLE_TOKENS.values(), ids=UNUSABLE_TOKENS.keys())
def test_a_file_that_holds_no_usable_token(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    error = refusal(f"file:{path}")
    assert f"file:{path}" in error.message
    with pytest.raises(NotPermitted, match=message):
        raise error


def test_an_authfile_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(authfile(f"alice:{SECRET}") + " " * 1024 * 1024)
    assert "it has more than 1048576 bytes" in refusal(f"authfile:{tmp_path}/auth.json").message


def test_a_directory_in_place_of_a_file(tmp_path: Path) -> None:
    assert "Is a directory" in refusal(f"file:{tmp_path}").message


def test_a_path_that_cannot_be_one() -> None:
    assert "cannot be read" in refusal("file:a\0b").message


def test_a_secret_without_the_key(tmp_path: Path) -> None:
    assert f"{tmp_path}/token: No such file" in refusal(f"secret:{tmp_path}").message


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_variable_that_is_empty(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PROMOTER_TOKEN", value)
    assert "env:PROMOTER_TOKEN is set, but empty" in refusal("env:PROMOTER_TOKEN").message


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMOTER_TOKEN", raising=False)
    assert "env:PROMOTER_TOKEN is not set" in refusal("env:PROMOTER_TOKEN").message


def test_an_expired_token_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMOTER_TOKEN", EXPIRED)
    error = refusal("env:PROMOTER_TOKEN")
    assert "The token from env:PROMOTER_TOKEN expired at 2023-11-14 22:13:20 UTC" in error.message


def test_outside_of_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SERVICE_ACCOUNT", tmp_path / "missing")
    assert "The credential in-cluster cannot be read" in refusal("in-cluster").message


AUTHFILES = {
    "empty": ("", "is empty"),
    "not JSON": (SECRET, "is not a readable authfile"),
    "a list": (f'["{SECRET}"]', "is not a readable authfile"),
    "a text": (f'"{SECRET}"', "is not a readable authfile"),
    "no auths": ("{}", f"has no entry for {HOST}"),
    "no entry": (authfile(f"alice:{SECRET}", "other.example.com"), f"has no entry for {HOST}"),
    "same host, another port": (authfile(f"alice:{SECRET}", "registry.example.com"), f"has no entry for {HOST}"),
    "entry without auth": (json.dumps({"auths": {HOST: {}}}), f"has no entry for {HOST}"),
    "auths is a list": (json.dumps({"auths": [HOST]}), "is not a readable authfile"),
    "entry is null": (json.dumps({"auths": {HOST: None}}), "is not a readable authfile"),
    "auth is a number": (json.dumps({"auths": {HOST: {"auth": 5}}}), "is not a readable authfile"),
    "auth is no base64": (json.dumps({"auths": {HOST: {"auth": f"alice:{SECRET}"}}}), "is not a readable authfile"),
    "auth is no text": (
        json.dumps({"auths": {HOST: {"auth": b64encode(b"\xff\xfe").decode()}}}),
        "is not a readable authfile",
    ),
    "no colon": (authfile(SECRET), f"has no password for {HOST}"),
    "no password": (authfile("alice:"), f"has no password for {HOST}"),
    "expired": (authfile(f"alice:{EXPIRED}"), "expired at 2023-11-14"),
}


@pytest.mark.parametrize(("content", "message"), AUTHFILES.values(), ids=AUTHFILES.keys())
def test_an_authfile_that_is_of_no_use(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "auth.json").write_text(content)
    assert message in refusal(f"authfile:{tmp_path}/auth.json").message


def refusal(source: str) -> PromoterError:
    """Return the error, after seeing that not even its traceback has a secret in it."""
    with pytest.raises(NotPermitted) as caught:
        load_credential(source, HOST)
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.remedy
    for secret in (SECRET, EXPIRED, b64encode(f"alice:{SECRET}".encode()).decode()):
        assert secret not in shown
    return caught.value
