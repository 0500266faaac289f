"""Durations as people write them: `90s`, `30m`, `2h`, or bare seconds."""

from __future__ import annotations

import re

from promoter.errors import WrongUsage

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        WrongUsage: it is not a duration, or not more than nothing.

    """
    match = _DURATION.fullmatch(text.strip())
    value = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if value <= 0:
        raise WrongUsage(f"{text!r} is not a duration.", "Write it as 90s, 30m or 2h.")
    return value
