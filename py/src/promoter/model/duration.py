"""Durations as people write them: `90s`, `30m` or `2h`."""

from __future__ import annotations

import re

from promoter.errors import WrongUsage
from promoter.model.line import quoted

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_SECONDS = 30 * 24 * 3600.0


def seconds(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        WrongUsage: it is not a duration, not more than nothing, or more than 30 days.

    """
    match = _DURATION.fullmatch(text.strip())
    value = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if value <= 0:
        raise WrongUsage(f"{quoted(text)} is not a duration.", "Write it as 90s, 30m or 2h.")
    if value > _LONGEST_SECONDS:
        raise WrongUsage(f"{quoted(text)} is longer than 30 days.", "Write a duration of at most 720h.")
    return value
