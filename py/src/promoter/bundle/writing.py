"""Writing a bundle: beside its place, where nobody takes it for one, until it was read back."""

from __future__ import annotations

import fcntl
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from promoter.errors import Refused, WrongUsage

_LARGEST_USTAR = 8**11
"""What the size of a file in ustar has to be less than: eleven octal digits (POSIX.1-1988)."""
_END = bytes(2 * tarfile.BLOCKSIZE)
_MODE = 0o644
_PARTIAL = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
"""How a file is opened that may be left from an export that was killed, or be written by another one."""

Take = Callable[[Iterable[bytes]], None]


class TarFile:
    """A tar file that is written from beginning to end, the same for the same content: no time, no owner.

    Args:
        file: empty.

    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = 0

    def taking(self, name: str, size: int) -> Take:
        """Return what takes the bytes of the next file, from the first one each time."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, _MODE
        header = info.tobuf(tarfile.USTAR_FORMAT if size < _LARGEST_USTAR else tarfile.GNU_FORMAT)
        begin = self._end

        def take(chunks: Iterable[bytes]) -> None:
            self._file.seek(begin)
            self._file.truncate()
            self._file.write(header)
            for chunk in chunks:
                self._file.write(chunk)
            self._file.write(bytes(-self._file.tell() % tarfile.BLOCKSIZE))
            self._end = self._file.tell()

        return take

    def close(self) -> None:
        """Write the end, and see that it is on disk."""
        self._file.write(_END)
        flush(self._file)


def flush(file: BinaryIO) -> None:
    """See that what was written is on disk, and is read from there the next time, not from memory."""
    file.flush()
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def new_file(output: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """Give a file beside a new one, which it becomes in the end; if anything is raised, there is neither.

    Raises:
        Refused: the new one is there already, or another export writes it.
        WrongUsage: it cannot be written.

    """
    partial = output.with_name(f".{output.name}.partial")
    with writing(output):
        _require_new(output)
        with os.fdopen(os.open(partial, _PARTIAL, _MODE), "r+b") as file:
            lock(file.fileno(), output)
            if not _is_at(file, partial):  # another export has just ended, and this is what it has written
                raise _taken(output)
            try:
                file.truncate()
                yield file, partial
                _require_new(output)
                partial.rename(output)
            finally:
                partial.unlink(missing_ok=True)


def _require_new(output: Path) -> None:
    if output.exists() or output.is_symlink():
        raise Refused(f"{output} is there already.", "Name a new file: none is overwritten.")


def _is_at(file: BinaryIO, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.lstat())


def lock(descriptor: int, output: Path) -> None:
    """See that nobody else writes the same; the lock ends with the process.

    Raises:
        Refused: somebody does.

    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _taken(output) from error


def _taken(output: Path) -> Refused:
    return Refused(f"Another export writes {output}.", "Wait for its end, or name another file.")


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Say what cannot be written.

    Raises:
        WrongUsage: it cannot be.

    """
    try:
        yield
    except OSError as error:
        raise WrongUsage(
            f"{output} cannot be written: {error.strerror or error}.",
            "Free space there, or name a place that has some and may be written to. No bundle was left there.",
        ) from error
