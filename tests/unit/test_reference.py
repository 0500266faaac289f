"""References, names, tags and digests."""

from __future__ import annotations

import time
from typing import Any

import pytest

from promoter.errors import WrongUsage
from promoter.model.line import quoted
from promoter.model.reference import (
    ImageName,
    ImageReference,
    checked_digest,
    checked_tag,
    is_host,
    parse_name,
    parse_reference,
    split_host,
    without_user,
)

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"
LONGEST_REPOSITORY = "a" * 255
LONGEST_LABEL = "a" * 63

VALID = {
    "tag": ("registry.example.com/shop/web:1.0", ("registry.example.com", "shop/web", "1.0", None)),
    "digest": (f"registry.example.com/web@{DIGEST}", ("registry.example.com", "web", None, DIGEST)),
    "tag and digest": (f"registry.example.com/web:1@{DIGEST}", ("registry.example.com", "web", "1", DIGEST)),
    "neither": ("registry.example.com/web", ("registry.example.com", "web", None, None)),
    "port": ("registry:5000/web:1", ("registry:5000", "web", "1", None)),
    "highest port": ("registry:65535/web:1", ("registry:65535", "web", "1", None)),
    "address": ("127.0.0.1:5000/web:1", ("127.0.0.1:5000", "web", "1", None)),
    "localhost": ("localhost/web:1", ("localhost", "web", "1", None)),
    "localhost and port": ("localhost:5000/web:1", ("localhost:5000", "web", "1", None)),
    "uppercase host": ("Registry.Example.COM/web:1", ("Registry.Example.COM", "web", "1", None)),
    "uppercase tag": ("registry.example.com/web:RC_1", ("registry.example.com", "web", "RC_1", None)),
    "nested repository": ("r.io/a/b/c/d/e:1", ("r.io", "a/b/c/d/e", "1", None)),
    "separators": ("r.io/a-b/c_d/e__f/g.h/i--j:1", ("r.io", "a-b/c_d/e__f/g.h/i--j", "1", None)),
    "tag of digits": ("r.io/web:007", ("r.io", "web", "007", None)),
    "longest tag": (f"r.io/web:{'a' * 128}", ("r.io", "web", "a" * 128, None)),
    "longest repository": (f"r.io/{LONGEST_REPOSITORY}:1", ("r.io", LONGEST_REPOSITORY, "1", None)),
    "longest label": (f"{LONGEST_LABEL}.io/web:1", (f"{LONGEST_LABEL}.io", "web", "1", None)),
}

MALFORMED = {
    "empty": "",
    "host alone": "registry.example.com",
    "host and slash": "registry.example.com/",
    "no host": "web:1",
    "no host, with a project": "shop/web:1",
    "an environment in front": "production/web:1",
    "scheme": "https://registry.example.com/web:1",
    "transport": "docker://registry.example.com/web:1",
    "empty port": "registry:/web:1",
    "port zero": "registry:0/web:1",
    "port too high": "registry:65536/web:1",
    "port of letters": "registry:http/web:1",
    "port of six digits": "registry:123456/web:1",
    "label too long": f"{LONGEST_LABEL}a.io/web:1",
    "label begins with a hyphen": "-registry.io/web:1",
    "label ends with a hyphen": "registry-.io/web:1",
    "empty label": "registry..io/web:1",
    "underscore in the host": "my_registry.io/web:1",
    "address of version 6": "[::1]:5000/web:1",
    "uppercase repository": "r.io/Web:1",
    "double slash": "r.io/shop//web:1",
    "slash in front of it": "/r.io/web:1",
    "slash at the end": "r.io/web/:1",
    "path upwards": "r.io/../web:1",
    "three underscores": "r.io/a___b:1",
    "two dots": "r.io/a..b:1",
    "separator at the end": "r.io/web-:1",
    "separator in front": "r.io/.web:1",
    "repository too long": f"r.io/{LONGEST_REPOSITORY}a:1",
    "empty tag": "r.io/web:",
    "tag too long": f"r.io/web:{'a' * 129}",
    "tag begins with a dot": "r.io/web:.1",
    "tag begins with a hyphen": "r.io/web:-1",
    "two tags": "r.io/web:1:2",
    "slash in the tag": "r.io/web:a/b",
    "unicode in the tag": "r.io/web:ä",
    "unicode digits in the tag": "r.io/web:\u0661",
    "unicode in the repository": "r.io/wéb:1",
    "unicode in the host": "régistry.io/web:1",
    "short digest": "r.io/web@sha256:abc",
    "long digest": f"r.io/web@{DIGEST}0",
    "uppercase digest": f"r.io/web@sha256:{HEX.upper()}",
    "digest without algorithm": f"r.io/web@{HEX}",
    "sha512": f"r.io/web@sha512:{HEX}{HEX}",
    "two digests": f"r.io/web@{DIGEST}@{DIGEST}",
    "digest in front of the tag": f"r.io/web@{DIGEST}:1",
    "space in front": " r.io/web:1",
    "space at the end": "r.io/web:1 ",
    "space inside": "r.io/we b:1",
    "tab": "r.io/web:1\t",
    "newline at the end": "r.io/web:1\n",
    "newline after the digest": f"r.io/web@{DIGEST}\n",
    "newline after the repository": "r.io/web\n:1",
    "newline after the host": "r.io\n/web:1",
    "NUL": "r.io/web:1\0",
    "query": "r.io/web:1?x=y",
}


def table(cases: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


@table(VALID)
def test_a_reference_is_taken_apart(case: tuple[str, tuple[str, str, str | None, str | None]]) -> None:
    text, parts = case
    assert parse_reference(text) == ImageReference(*parts)


@table(VALID)
def test_a_reference_is_written_as_it_was_read(case: tuple[str, object]) -> None:
    assert str(parse_reference(case[0])) == case[0]


@table(MALFORMED)
def test_a_malformed_reference_is_refused_and_quoted(case: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse_reference(case)
    assert quoted(case) in caught.value.message
    assert "registry.example.com[:port]/project/name:tag" in caught.value.remedy


WITH_USER = {
    "user and password": ("user:S3cret@registry.io/web:1", "…@registry.io/web:1"),
    "token alone": ("S3cret@registry.io/web:1", "…@registry.io/web:1"),
    "scheme": ("https://user:S3cret@registry.io/web:1", "https://…@registry.io/web:1"),
    "no repository": ("user:S3cret@registry", "…@registry"),
    "slash in the password": ("user:S3cret/S3cret@registry.io/web:1", "…@registry.io/web:1"),
    "@ in the password": ("user:S3cret@S3cret@registry.io/web:1", "…@registry.io/web:1"),
    "digest": (f"user:S3cret@registry.io/web@{DIGEST}", f"…@registry.io/web@{DIGEST}"),
    "behind an environment": ("prod/user:S3cret@registry.io/web", "…@registry.io/web"),
    "host is missing": ("https://user:S3cret@", "https://…@"),
}


@table(WITH_USER)
def test_a_user_and_a_password_are_refused_and_not_quoted(case: tuple[str, str]) -> None:
    text, shown = case
    assert without_user(text) == shown
    for parse in (parse_reference, parse_name, split_host):
        with pytest.raises(WrongUsage) as caught:
            parse(text)
        assert caught.value.message.startswith(f"{shown!r} is not an image reference")
        assert "S3cret" not in caught.value.message + caught.value.remedy


def test_what_is_long_is_looked_through_once() -> None:
    begun = time.process_time()
    assert without_user("x" * 100_000) == "x" * 100_000
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("scheme", ["docker://", "https://"])
def test_a_scheme_is_to_be_left_out(scheme: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        parse_reference(f"{scheme}registry.io/web:1")
    assert f"Leave {scheme} out" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "host", "rest"),
    [
        ("registry.example.com/shop/web:1", "registry.example.com", "shop/web:1"),
        ("registry:5000/web", "registry:5000", "web"),
        ("localhost/web", "localhost", "web"),
        ("production/web:1.0", None, "production/web:1.0"),
        ("production", None, "production"),
        ("web:1.0", None, "web:1.0"),
        ("", None, ""),
    ],
    ids=["dot", "port", "localhost", "environment", "environment alone", "no slash", "empty"],
)
def test_a_first_part_is_a_host_or_an_environment(text: str, host: str | None, rest: str) -> None:
    assert split_host(text) == (host, rest)


def test_a_name_behind_an_environment_is_read_alike() -> None:
    assert parse_name(f"shop/web:1@{DIGEST}") == ImageName("shop/web", "1", DIGEST)


def test_an_error_in_a_name_quotes_all_that_was_written() -> None:
    with pytest.raises(WrongUsage, match=r"'production/Web:1' is not an image reference: 'Web' is no repository"):
        parse_name("Web:1", whole="production/Web:1")


@pytest.mark.parametrize("text", ["web", "shop/web"])
def test_a_bare_name_is_a_repository(text: str) -> None:
    assert parse_name(text, bare=True) == ImageName(text, None, None)


@pytest.mark.parametrize("text", ["web:1", f"web@{DIGEST}"])
def test_a_bare_name_has_no_tag_and_no_digest(text: str) -> None:
    with pytest.raises(WrongUsage, match="names more than a repository"):
        parse_name(text, bare=True)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("registry.example.com", True),
        ("registry:5000", True),
        ("registry:99999", False),
        ("https://registry", False),
        ("registry/project", False),
        ("registry\n", False),
        ("", False),
    ],
)
def test_hosts_are_recognised(text: str, answer: bool) -> None:
    assert is_host(text) is answer


@pytest.mark.parametrize("tag", ["1", "_", "v1.2-rc_3", "a" * 128])
def test_a_tag_is_taken(tag: str) -> None:
    assert checked_tag(tag) == tag


@pytest.mark.parametrize("tag", ["", ".1", "-1", "a b", "a/b", "a:b", "a\n", "a" * 129, "ä", "latest@"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(WrongUsage, match="is not a tag"):
        checked_tag(tag)


def test_a_digest_is_taken() -> None:
    assert checked_digest(DIGEST) == DIGEST


@pytest.mark.parametrize(
    "digest",
    ["", HEX, f"sha256:{HEX[:-1]}", f"{DIGEST}\n", f"sha256:{HEX.upper()}", f"sha512:{HEX}{HEX}", f"@{DIGEST}"],
)
def test_what_is_no_digest_is_refused(digest: str) -> None:
    with pytest.raises(WrongUsage, match="is not a digest"):
        checked_digest(digest)


def test_the_digest_is_what_a_registry_is_asked_for_if_there_is_one() -> None:
    assert parse_reference(f"r.io/web:1@{DIGEST}").locator == DIGEST
    assert parse_reference("r.io/web:1").locator == "1"
    assert parse_reference("r.io/web").locator == ""


def test_a_reference_moves_to_a_digest_or_a_tag() -> None:
    reference = parse_reference(f"r.io/web:1@{DIGEST}")
    assert str(reference.at(DIGEST)) == f"r.io/web@{DIGEST}"
    assert str(reference.tagged("2")) == "r.io/web:2"
    with pytest.raises(WrongUsage):
        reference.tagged("no tag")
