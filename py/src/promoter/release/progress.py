"""Showing how far a release has come: a bar on a terminal, lines from time to time elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_EVENT_SECONDS = 1.0
_NUMBERS_SECONDS = 10.0
"""How long lines are apart at least: those that tell of an image, and those of numbers alone."""
_BAR_SECONDS = 0.1
_MEGA = 1_000_000


class SoFar(NamedTuple):
    """What has come so far.

    Args:
        images: how many are to come; none where only blobs are brought.
        arrived: how many have.
        size: how many bytes are missing, as far as is known: what turns out to be there is taken off.
        brought: how many have come.
        seconds: since when.

    """

    images: int
    arrived: int
    size: int
    brought: int
    seconds: float

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.brought / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it takes to bring the rest; nothing if nothing has come yet, or all has."""
        missing = self.size - self.brought
        return missing / self.rate if self.rate and missing > 0 else None

    @property
    def counts(self) -> str:
        """How much has come, for people."""
        parts = [
            f"{self.arrived} of {self.images} images" if self.images else "",
            f"{self.brought / _MEGA:.1f} of {self.size / _MEGA:.1f} MB, {self.rate / _MEGA:.1f} MB/s"
            if self.size
            else "",
        ]
        return ", ".join(part for part in parts if part) or "nothing to bring"

    def __str__(self) -> str:
        """Write it for people, with the time that is left."""
        left = self.seconds_left
        return self.counts if left is None else f"{self.counts}, {left:.0f} s left"


class _View(Protocol):
    def show(self, so_far: SoFar, arrived: str | None) -> None:
        """Show how far it is, and what has just arrived."""

    def close(self, so_far: SoFar) -> None:
        """Show how far it came."""


class Progress:
    """Counts what comes, and shows it; safe to share between threads. To be used in a `with`.

    Args:
        images: how many are to come; none where only blobs are brought.
        size: how many bytes are missing, if nothing is there yet.
        say: takes a line for people.
        stream: where people read, which is standard error; a terminal gets a bar.

    """

    def __init__(self, images: int, size: int, say: Callable[[str], None], stream: TextIO | None = None) -> None:
        self._images = images
        self._size = size
        self._arrived = 0
        self._brought = 0
        self._begun = time.monotonic()
        self._lock = Lock()
        self._view: _View | None = _view(stream or sys.stderr, say)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            view, self._view = self._view, None  # what is under way still, after a signal, has nothing to show
            if view:
                view.close(self._so_far)

    def image(self, name: str) -> None:
        """Take note that an image is there."""
        with self._lock:
            self._arrived += 1
            self._show(name)

    def spare(self, size: int) -> None:
        """Take note that so many bytes need not be brought."""
        with self._lock:
            self._size -= size
            self._show()

    def bytes(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on what comes, and count it; what breaks off does not count, since it is brought again."""
        brought = 0
        try:
            for chunk in chunks:
                brought += len(chunk)
                self._count(len(chunk))
                yield chunk
        except BaseException:
            self._count(-brought)
            raise

    def _count(self, size: int) -> None:
        with self._lock:
            self._brought += size
            self._show()

    def _show(self, arrived: str | None = None) -> None:
        if self._view:
            self._view.show(self._so_far, arrived)

    @property
    def _so_far(self) -> SoFar:
        return SoFar(self._images, self._arrived, self._size, self._brought, time.monotonic() - self._begun)


def _view(stream: TextIO | None, say: Callable[[str], None]) -> _View:
    if stream is None or not stream.isatty():
        return _Lines(say)
    from rich.console import Console  # noqa: PLC0415 - slow to import, and pipelines have no terminal

    console = Console(file=stream)
    return _Lines(say) if console.is_dumb_terminal else _Bar(console)


class _Lines:
    """Says how far it is, at most once a second."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = time.monotonic()

    def show(self, so_far: SoFar, arrived: str | None) -> None:
        """Say it, if the last line was long enough ago."""
        now = time.monotonic()
        if now - self._said < (_EVENT_SECONDS if arrived else _NUMBERS_SECONDS):
            return
        self._said = now
        self._say(f"{arrived} is there: {so_far}" if arrived else str(so_far))

    def close(self, so_far: SoFar) -> None:
        """Say how far it came."""
        self._say(f"{so_far.counts}, after {so_far.seconds:.1f} s")


class _Bar:
    """Draws how far it is, without a thread of its own."""

    def __init__(self, console: Console) -> None:
        from rich import progress as rich  # noqa: PLC0415 - see _view

        self._drawing = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
            console=console,
            auto_refresh=False,
            redirect_stdout=False,
        )
        self._task = self._drawing.add_task("", visible=False)
        self._drawn = 0.0
        self._drawing.start()

    def show(self, so_far: SoFar, arrived: str | None) -> None:
        """Draw it anew if something arrived, or the last drawing was long enough ago."""
        now = time.monotonic()
        if arrived or now - self._drawn >= _BAR_SECONDS:
            self._drawn = now
            self._draw(so_far)

    def close(self, so_far: SoFar) -> None:
        """Leave the last drawing."""
        self._draw(so_far)
        self._drawing.stop()

    def _draw(self, so_far: SoFar) -> None:
        images = f"{so_far.arrived} of {so_far.images} images" if so_far.images else ""
        self._drawing.update(
            self._task,
            description=images,
            total=so_far.size,
            completed=so_far.brought,
            visible=True,
            refresh=True,
        )
