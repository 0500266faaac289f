"""Secrets of the core API, as far as webhooks need them [7]."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from .answers import SECRETS, Document


def secret(name: str, values: Mapping[str, str]) -> Document:
    """Return a Secret to POST."""
    return {
        "kind": SECRETS.name,
        "apiVersion": SECRETS.api_version,
        "metadata": {"name": name},
        "stringData": dict(values),
    }


def stored(document: Document) -> Document:
    """Return the Secret as the server keeps it: `stringData` goes into `data`, in base64."""
    plain = document.get("stringData", {})
    data = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    kept = {key: value for key, value in document.items() if key != "stringData"}
    return kept | {"data": document.get("data", {}) | data, "type": document.get("type", "Opaque")}
