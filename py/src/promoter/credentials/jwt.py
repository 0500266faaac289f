"""What a token says about itself. The cluster verifies it; looking here is to fail early and clearly."""

from __future__ import annotations

import binascii
import json
import time
from base64 import urlsafe_b64decode
from typing import Any

_PARTS = 3
_YEAR_10000 = 253402300800


def expiry(token: str) -> float | None:
    """Return the `exp` of a JWT (RFC 7519, 4.1.4) in seconds since the epoch; nothing where there is no such date."""
    exp = _claims(token).get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not 0 <= exp < _YEAR_10000:
        return None
    return float(exp)


def subject(token: str) -> str | None:
    """Return whose token a JWT says it is (`sub`; RFC 7519, 4.1.2), such as `system:serviceaccount:PROJECT:NAME`."""
    sub = _claims(token).get("sub")
    return sub if isinstance(sub, str) and sub else None


def has_expired(token: str) -> bool:
    """Tell whether the token says that its time is over."""
    exp = expiry(token)
    return exp is not None and exp <= time.time()


def _claims(token: str) -> dict[str, Any]:
    """Read what a JWT states; nothing where the text is none."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
