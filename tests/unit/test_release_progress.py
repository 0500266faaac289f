"""How far a release has come, for people: lines that are seldom enough, or a bar on a terminal."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator

import pytest

from promoter.release.progress import Progress, SoFar


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """What claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of whatever is shown."""
    clock = Clock()
    monkeypatch.setattr("promoter.release.progress.time.monotonic", clock)
    return clock


@pytest.fixture
def said() -> list[str]:
    """The lines."""
    return []


@pytest.mark.parametrize(
    ("so_far", "words"),
    [
        (SoFar(0, 0, 0, 0, 0.1), "nothing to bring"),
        (SoFar(4, 0, 0, 0, 0.0), "0 of 4 images"),
        (SoFar(4, 1, 10_000_000, 0, 1.0), "1 of 4 images, 0.0 of 10.0 MB, 0.0 MB/s"),
        (SoFar(4, 1, 10_000_000, 4_000_000, 2.0), "1 of 4 images, 4.0 of 10.0 MB, 2.0 MB/s, 3 s left"),
        (SoFar(0, 0, 10_000_000, 10_000_000, 5.0), "10.0 of 10.0 MB, 2.0 MB/s"),
    ],
)
def test_time_left_is_that_of_the_bytes_that_are_missing(so_far: SoFar, words: str) -> None:
    assert str(so_far) == words


def test_lines_of_images_are_a_second_apart(clock: Clock, said: list[str]) -> None:
    with Progress(9, 0, said.append, io.StringIO()) as progress:
        for number in range(1, 10):
            clock.now += 0.25
            progress.image(f"h/p/{number}:1")
    assert said == [
        "h/p/4:1 is there: 4 of 9 images",
        "h/p/8:1 is there: 8 of 9 images",
        "9 of 9 images, after 2.2 s",
    ]


def test_lines_of_numbers_alone_are_ten_seconds_apart(clock: Clock, said: list[str]) -> None:
    def arriving() -> Iterator[bytes]:
        for _ in range(25):
            clock.now += 1
            yield b"x" * 1_000_000

    with Progress(1, 50_000_000, said.append, io.StringIO()) as progress:
        assert sum(map(len, progress.bytes(arriving()))) == 25_000_000
    assert said == [
        "0 of 1 images, 10.0 of 50.0 MB, 1.0 MB/s, 40 s left",
        "0 of 1 images, 20.0 of 50.0 MB, 1.0 MB/s, 30 s left",
        "0 of 1 images, 25.0 of 50.0 MB, 1.0 MB/s, after 25.0 s",
    ]


def test_what_is_there_already_is_no_longer_missing(clock: Clock, said: list[str]) -> None:
    with Progress(1, 50_000_000, said.append, io.StringIO()) as progress:
        progress.spare(40_000_000)
        clock.now += 5
        list(progress.bytes([b"x" * 5_000_000]))
    assert said == ["0 of 1 images, 5.0 of 10.0 MB, 1.0 MB/s, after 5.0 s"]


def test_what_breaks_off_does_not_count(clock: Clock, said: list[str]) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 4_000_000
        raise ConnectionError

    with Progress(1, 10_000_000, said.append, io.StringIO()) as progress:
        with pytest.raises(ConnectionError):
            list(progress.bytes(breaking()))
        clock.now += 5
        list(progress.bytes([b"x" * 10_000_000]))
    assert said == ["0 of 1 images, 10.0 of 10.0 MB, 2.0 MB/s, after 5.0 s"]


def test_terminal_gets_a_bar_and_no_lines(said: list[str]) -> None:
    terminal = Terminal()
    before = threading.active_count()
    with Progress(2, 10_000_000, said.append, terminal) as progress:
        list(progress.bytes([b"x" * 10_000_000]))
        progress.image("h/p/1:1")
        assert threading.active_count() == before
        progress.image("h/p/2:1")
    shown = terminal.getvalue()
    assert "1 of 2 images" in shown
    assert "2 of 2 images" in shown
    assert "10.0/10.0 MB" in shown
    assert said == []


def test_dumb_terminal_gets_lines(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with Progress(1, 0, said.append, Terminal()) as progress:
        progress.image("h/p/1:1")
    assert said == ["1 of 1 images, after 0.0 s"]


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_what_comes_after_the_end_is_not_shown(kind: type[io.StringIO], said: list[str]) -> None:
    stream = kind()
    with Progress(2, 0, said.append, stream) as progress:
        progress.image("h/p/1:1")
    shown, lines = stream.getvalue(), [*said]
    progress.image("h/p/2:1")
    assert (stream.getvalue(), said) == (shown, lines)
