"""How much is worth having under way at a time."""

from __future__ import annotations

_LEAST, _MOST = 4, 48
_MILLISECOND = 0.001


class Pace:
    """Notes how quickly hosts answer, each at its best.

    Near ones keep a few connections busy, and each further one costs a handshake. Far ones are waited for, and that can
    be done many times at once.
    """

    def __init__(self) -> None:
        self._quickest: dict[str, float] = {}

    def note(self, host: str, seconds: float) -> None:
        """Take note of how long an answer took to begin."""
        self._quickest[host] = min(seconds, self._quickest.get(host, seconds))

    @property
    def at_once(self) -> int:
        """How many requests are worth having under way: one for each millisecond that the slowest host takes."""
        slowest = max(self._quickest.values(), default=0.0)
        return min(_MOST, max(_LEAST, round(slowest / _MILLISECOND)))
