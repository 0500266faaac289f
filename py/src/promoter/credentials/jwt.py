"""What a token says about itself. The cluster verifies it; looking here is to fail early and clearly."""

from __future__ import annotations

import binascii
import json
import time
from base64 import urlsafe_b64decode

_PARTS = 3
_YEAR_10000 = 253402300800


def expiry(token: str) -> float | None:
    """Return the `exp` of a JWT (RFC 7519, 4.1.4) in seconds since the epoch; nothing where there is no such date."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    exp = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not 0 <= exp < _YEAR_10000:
        return None
    return float(exp)


def has_expired(token: str) -> bool:
    """Tell whether the token says that its time is over."""
    exp = expiry(token)
    return exp is not None and exp <= time.time()
