"""Secrets are hidden in every form in which they might turn up."""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest

from promoter.credentials.redaction import SHOWN, Redactor
from promoter.model.line import quoted

USER = "openshift"
SECRETS = {
    "letters": "sesame-open",
    "needs URL encoding": "p@ss/w+rd %&=?#:",
    "needs JSON escaping": 'quo"te\\back',
    "accents": "gehëim-wört",
    "one padding sign": "abcde",
    "two padding signs": "abcd",
    "no padding": "abcdef",
    "plus and slash in base64": "\u00fb\u00ff\u00fe>>>???~~~",
}


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def url_encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded, slashes kept": quote,
    "form-encoded": quote_plus,
    "in JSON": json.dumps,
    "base64": encoded,
    "base64 without padding": lambda secret: encoded(secret).rstrip("="),
    "base64 for URLs": url_encoded,
    "base64 for URLs without padding": lambda secret: url_encoded(secret).rstrip("="),
    "Basic": lambda secret: encoded(f"{USER}:{secret}"),
    "Basic without padding": lambda secret: encoded(f"{USER}:{secret}").rstrip("="),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_hidden(secret: str, form: str) -> None:
    redactor = Redactor()
    redactor.learn(secret, USER)
    found = FORMS[form](secret)
    hidden = redactor.redact(f"before {found} after")
    assert found not in hidden
    assert hidden.replace('"', "").replace("=", "") == f"before {SHOWN} after"


def test_every_occurrence_is_hidden() -> None:
    redactor = Redactor()
    redactor.learn("sesame")
    assert redactor.redact("sesame, sesamesesame") == f"{SHOWN}, {SHOWN}{SHOWN}"


@pytest.mark.parametrize("order", [("inner", "outer-inner-outer"), ("outer-inner-outer", "inner")])
def test_of_secrets_that_contain_each_other_nothing_is_left(order: tuple[str, str]) -> None:
    redactor = Redactor()
    for secret in order:
        redactor.learn(secret)
    assert redactor.redact("outer-inner-outer inner") == f"{SHOWN} {SHOWN}"


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_is_shorter_than_four_characters_is_left_alone(secret: str) -> None:
    redactor = Redactor()
    redactor.learn(secret, USER)
    assert redactor.redact("abc and openshift") == "abc and openshift"


def test_four_characters_are_hidden() -> None:
    redactor = Redactor()
    redactor.learn("abcd")
    assert redactor.redact("abcd") == SHOWN


@pytest.mark.parametrize("shown", range(4, 12))
def test_nothing_is_left_of_a_secret_in_which_a_long_text_was_cut(shown: int) -> None:
    redactor = Redactor()
    redactor.learn("open-sesame!")
    told = quoted("x" * (200 - shown) + "open-sesame!")
    assert "open" in told
    assert redactor.redact(told) == f"'{'x' * (200 - shown)}{SHOWN}…' ({212 - shown} characters)"


def test_other_text_is_left_alone() -> None:
    redactor = Redactor()
    redactor.learn("sesame")
    assert redactor.redact("sesam") == "sesam"


def test_secrets_are_forgotten_until_they_are_learnt_again() -> None:
    redactor = Redactor()
    redactor.learn("sesame")
    redactor.forget()
    assert redactor.redact("sesame") == "sesame"
    redactor.learn("sesame")
    assert redactor.redact("sesame") == SHOWN


@pytest.fixture
def busy_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("busy_threads")
def test_secrets_that_threads_learn_at_once_are_all_known() -> None:
    redactor = Redactor()
    secrets = [f"secret-number-{number:04}" for number in range(400)]
    together = threading.Barrier(8)

    def learn(mine: list[str]) -> None:
        together.wait()
        for secret in mine:
            redactor.learn(secret)

    threads = [threading.Thread(target=learn, args=(secrets[first::8],)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [secret for secret in secrets if redactor.redact(secret) != SHOWN] == []
