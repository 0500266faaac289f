"""When a token says that it expires, and whose it says it is."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode

import pytest

from promoter.credentials.jwt import expiry, has_expired, subject


def part(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def token(claims: object) -> str:
    return f"{part(b'{}')}.{part(json.dumps(claims).encode())}.{part(b'signature')}"


NO_EXPIRY = {
    "empty": "",
    "opaque": "sha256~abcdef",
    "two parts": "a.b",
    "four parts": f"{token({'exp': 1})}.more",
    "empty parts": "..",
    "no exp": token({"sub": "me"}),
    "exp is null": token({"exp": None}),
    "exp is a truth": token({"exp": True}),
    "exp is a text": token({"exp": "1700000000"}),
    "exp is a list": token({"exp": [1]}),
    "exp is negative": token({"exp": -1e30}),
    "exp is no number": token({"exp": float("nan")}),
    "exp is without end": token({"exp": float("inf")}),
    "exp is enormous": token({"exp": 10**400}),
    "claims are a list": token([1]),
    "claims are a number": token(1),
    "claims are no JSON": f"a.{part(b'not JSON')}.c",
    "claims are no text": f"a.{part(bytes([255, 254]))}.c",
    "no base64": "a.!.c",
    "one sign of base64": "a.b.c",
    "no ASCII": "a.ü.c",
}


@pytest.mark.parametrize("text", NO_EXPIRY.values(), ids=NO_EXPIRY.keys())
def test_any_other_token_says_nothing_and_counts_as_valid(text: str) -> None:
    assert expiry(text) is None
    assert not has_expired(text)


@pytest.mark.parametrize("exp", [0, 1, 1700000000, 1700000000.5])
def test_the_expiry_of_a_jwt(exp: float) -> None:
    assert expiry(token({"exp": exp})) == exp
    assert has_expired(token({"exp": exp}))


@pytest.mark.parametrize("claims", [{"exp": 1, "a": "x" * length} for length in range(4)])
def test_padding_that_was_left_out_does_not_matter(claims: dict[str, object]) -> None:
    assert expiry(token(claims)) == 1


def test_a_token_expires_at_the_very_second() -> None:
    now = time.time()
    assert has_expired(token({"exp": now}))
    assert not has_expired(token({"exp": now + 60}))


def test_a_jwt_says_whose_it_is() -> None:
    assert subject(token({"sub": "system:serviceaccount:shop:promoter"})) == "system:serviceaccount:shop:promoter"


@pytest.mark.parametrize("text", ["sha256~abcdef", token({}), token({"sub": ""}), token({"sub": 7}), token([1])])
def test_any_other_token_says_nothing_of_it(text: str) -> None:
    assert subject(text) is None
