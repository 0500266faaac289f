"""SIGINT, SIGTERM and SIGHUP: they end a command in order, and wait where the order must not be broken."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from select import select
from types import FrameType

from promoter.errors import Interrupted


class _Gate:
    """Lets the first signal through, at once or when nothing is deferred any more.

    Later ones are ignored: the way out is short, and a second signal would leave behind what the first one cleans up.
    """

    def __init__(self) -> None:
        self.arrived: int | None = None
        self.deferring = 0
        self.too_late = False

    def arrive(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal in; it is a signal handler."""
        if self.arrived is None:
            self.arrived = number
            self.let_through()

    def let_through(self) -> None:
        """Raise `Interrupted` if a signal has arrived and may go on."""
        if self.arrived is not None and not self.deferring and not self.too_late:
            raise Interrupted(self.arrived)


_gate = _Gate()


def install() -> None:
    """Make the signals raise `Interrupted` in the main thread, so that everything open is closed on the way out."""
    global _gate  # noqa: PLW0603 - signals are the process's
    _gate = _Gate()
    signal.signal(signal.SIGINT, _gate.arrive)
    signal.signal(signal.SIGTERM, _gate.arrive)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # which is how nohup starts a command
        signal.signal(signal.SIGHUP, _gate.arrive)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Hold signals back until the block is over: for the moment in which a tag is flipped, or a process started."""
    _gate.deferring += 1
    try:
        yield
    finally:
        _gate.deferring -= 1
        _gate.let_through()


@contextmanager
def undeferred_signals() -> Iterator[None]:
    """Let signals through within a block that holds them back: none gets lost between the two."""
    _gate.deferring -= 1
    try:
        _gate.let_through()
        yield
    finally:
        _gate.deferring += 1


def end_of_interruptions() -> None:
    """Let every signal from here on come too late, one that was held back too: what it would have stopped is done."""
    _gate.too_late = True


def interruptions_again() -> None:
    """Let signals through again, one that came too late for what is done too: something else comes next."""
    _gate.too_late = False
    _gate.let_through()


def pause(seconds: float) -> None:
    """Wait; a signal ends it at once, whichever thread was given it, and if it came in the moment before the wait too.

    Python's handlers do not run while the main thread sleeps in the kernel, but each signal writes to the wakeup
    descriptor (`signal.set_wakeup_fd`).
    """
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    before = signal.set_wakeup_fd(waking)
    try:
        select([woken], [], [], max(0.0, seconds))
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(waking)
