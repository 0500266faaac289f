"""Waiting on a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_SECONDS = 0.005
LONGEST_WAIT_SECONDS = 60.0
"""For what comes at once on an idle machine, and late on one that has much else to do."""


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = LONGEST_WAIT_SECONDS, *, every: float = POLL_SECONDS
) -> None:
    """Return once `condition` holds; raise TimeoutError, naming `what`, if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(every)
