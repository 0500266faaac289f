"""The files that a bundle consists of, wherever they are: in a directory, or within one tar file.

Nothing is ever unpacked. A bundle comes from elsewhere, so only plain files are taken, of the names that bundles have,
each once: no link, no device, and no path that leads anywhere else.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from promoter.bundle.layout import BLOBS, CHECKSUMS, CONTENTS, INDEX, LAYOUT
from promoter.errors import VerificationFailed, WrongUsage
from promoter.model.line import shortened

_NAME = re.compile(rf"{re.escape(CONTENTS)}|{CHECKSUMS}|{re.escape(INDEX)}|{LAYOUT}|{BLOBS}/[a-f0-9]{{64}}")
_CHUNK_BYTES = 256 * 1024
_FILE_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE)
DAMAGED = "Bring it here again, or export it anew. Nothing was changed."


class Part(NamedTuple):
    """A file of a bundle: where its bytes are, and how many."""

    path: Path
    offset: int
    size: int

    def open(self) -> BufferedReader:
        """Open the file where its bytes begin.

        Raises:
            WrongUsage: it cannot be read.

        """
        try:
            file = _opened(self.path)
            file.seek(self.offset)
        except (OSError, ValueError) as error:
            raise unreadable(self.path, error) from error
        return file

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes, from the first one.

        Raises:
            VerificationFailed: there are fewer.
            WrongUsage: it cannot be read.

        """
        left = self.size
        try:
            with self.open() as file:
                while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise unreadable(self.path, error) from error
        if left:
            raise VerificationFailed(f"{self.path} lacks {left} bytes.", DAMAGED)

    def checked_chunks(self, digest: str, name: str) -> Iterator[bytes]:
        """Yield its bytes, and see that they have a digest.

        Raises:
            VerificationFailed: they have not.
            WrongUsage: it cannot be read.

        """
        hashed = hashlib.sha256()
        for chunk in self.chunks():
            hashed.update(chunk)
            yield chunk
        if f"sha256:{hashed.hexdigest()}" != digest:
            raise VerificationFailed(f"{name} has other bytes than its digest says.", DAMAGED)


def find_parts(path: Path) -> dict[str, Part]:
    """Return the files of a bundle by their names.

    Raises:
        VerificationFailed: something is there that no bundle has, or the tar file is cut off or damaged.
        WrongUsage: it cannot be read.

    """
    parts: dict[str, Part] = {}
    try:
        for name, part in _in_directory(path) if path.is_dir() else _in_tar(path):
            if not _NAME.fullmatch(name):
                raise VerificationFailed(f"{path} has {name!r} in it, which no bundle has.", DAMAGED)
            if name in parts:
                raise VerificationFailed(f"{path} has {name} in it twice.", DAMAGED)
            parts[name] = part
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    return parts


def unreadable(path: Path, error: OSError | ValueError) -> WrongUsage:
    """Say why a file cannot be read."""
    return WrongUsage(
        f"{shortened(str(path))} cannot be read: {getattr(error, 'strerror', None) or error}.",
        "Name the file or directory that `promoter export-bundle` wrote.",
    )


def _opened(path: Path) -> BufferedReader:
    """Open a plain file: a link could lead anywhere, and a pipe would never end."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError("it is no plain file")
    return file


def _in_directory(root: Path, below: str = "") -> Iterator[tuple[str, Part]]:
    """Yield the files below a directory; of what is not a plain file, the name alone decides, and no bundle has it."""
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and f"{BLOBS}/".startswith(f"{name}/"):
            yield from _in_directory(Path(entry.path), f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            yield name, Part(Path(entry.path), 0, entry.stat(follow_symlinks=False).st_size)
        else:
            yield f"{name} (no plain file)", Part(Path(entry.path), 0, 0)


def _in_tar(path: Path) -> Iterator[tuple[str, Part]]:
    """Yield the files in a tar file (POSIX.1-1988 ustar, sizes from 8 GiB on as GNU tar writes them).

    The headers are read one by one: those of other kinds may name any length for what describes the next file.
    """
    with _opened(path) as file:
        end = file.seek(0, os.SEEK_END)
        position = 0
        while header := _header(file, position, path):
            name = header.name if header.type in _FILE_TYPES else f"{header.name} (no plain file)"
            offset = position + tarfile.BLOCKSIZE
            if offset + header.size > end:
                raise VerificationFailed(f"{path} is cut off within {header.name}.", DAMAGED)
            yield name, Part(path, offset, header.size)
            position = offset + -(-header.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        file.seek(position)
        _require_end(file, path)


def _require_end(file: BinaryIO, path: Path) -> None:
    """See that there are only zeros from here on, with which a tar file ends and is filled up."""
    if any(chunk.strip(b"\0") for chunk in iter(partial(file.read, _CHUNK_BYTES), b"")):
        raise VerificationFailed(f"{path} has something behind its end.", DAMAGED)


def _header(file: BinaryIO, position: int, path: Path) -> tarfile.TarInfo | None:
    """Read the header of a tar file's next file; nothing at the end."""
    file.seek(position)
    try:
        header = tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        if str(error) == "end of file header":
            return None
        where = f"is no tar file of a bundle, or damaged at byte {position}" if position else "is no tar file"
        raise VerificationFailed(f"{path} {where}: {error}.", DAMAGED) from error
    if header.size < 0:
        raise VerificationFailed(f"{path} is damaged at byte {position}: a size is negative.", DAMAGED)
    return header
