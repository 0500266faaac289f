"""Keeps every loaded secret out of whatever is printed or written."""

from __future__ import annotations

import json
from base64 import b64encode
from threading import Lock
from urllib.parse import quote, quote_plus

SHOWN = "****"
_SHORTEST = 4
_CUT = "…"
"""Stands where a long text was shortened, which may have been in the middle of a secret."""


class Redactor:
    """Knows the secrets of this process in the forms in which they might turn up."""

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._lock = Lock()

    def learn(self, secret: str, user: str | None = None) -> None:
        """Remember a secret: plain, URL-encoded, JSON-escaped, in base64, and as `user:secret` in base64.

        Values shorter than four characters are not remembered: hiding them would blot out ordinary text.
        """
        if len(secret) < _SHORTEST:
            return
        forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
        forms |= _base64_forms(secret)
        if user:
            forms |= _base64_forms(f"{user}:{secret}")
        with self._lock:
            self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def forget(self) -> None:
        """Forget all secrets: for a process that is about to load them anew, again and again."""
        with self._lock:
            self._forms = []

    def redact(self, text: str) -> str:
        """Return the text with every known secret replaced, the longest first: one may be part of another."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, SHOWN)
        return self._without_beginnings(text) if _CUT in text else text

    def _without_beginnings(self, text: str) -> str:
        for form in self._forms:
            for length in range(len(form) - 1, _SHORTEST - 1, -1):
                text = text.replace(form[:length] + _CUT, SHOWN + _CUT)
        return text


def _base64_forms(text: str) -> set[str]:
    encoded = b64encode(text.encode()).decode()
    bare = encoded.rstrip("=")
    return {encoded, bare, bare.replace("+", "-").replace("/", "_")}


SECRETS = Redactor()
"""The one of this process: credentials teach it, output asks it."""
