"""SIGINT and SIGTERM: they end a command in order, and wait where the order must not be broken."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from promoter.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def install() -> None:
    """Make both signals raise `Interrupted` in the main thread, so that everything open is closed on the way out."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Hold both signals back until the block is over: for the moment in which a tag is flipped."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
