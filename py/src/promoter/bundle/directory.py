"""Writing a bundle into a directory: blobs first, each under its name once it is whole, and `bundle.json` last.

So an export that was interrupted goes on with what is there, and without `bundle.json` it is no bundle.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from promoter.bundle.layout import BLOBS, CONTENTS, SMALL, blob_name
from promoter.bundle.parts import Part, find_parts
from promoter.bundle.writing import Take, flush, lock, writing
from promoter.errors import Refused, VerificationFailed
from promoter.model.bundle import BundleContents
from promoter.parallel import each

_PARTIAL = ".partial"


class Directory:
    """A directory that a bundle is written into, or goes on to be; see `open_directory`.

    Args:
        path: the directory.
        parts: the files that it has.

    """

    def __init__(self, path: Path, parts: Mapping[str, Part]) -> None:
        self.path = path
        self._parts = parts
        digests = [f"sha256:{Path(name).name}" for name in parts if name.startswith(BLOBS)]
        sound = zip(digests, each(lambda digest: _is_sound(parts[blob_name(digest)], digest), digests), strict=True)
        self.there = {digest: parts[blob_name(digest)] for digest, is_sound in sound if is_sound}

    def require_fitting(self, contents: BundleContents, small: Mapping[str, bytes]) -> None:
        """See that what is there is a part of this bundle.

        Raises:
            Refused: it is of another one.

        """
        others = {name for name in self._parts if name.startswith(BLOBS)} - set(map(blob_name, contents.held))
        known = self._parts.get(CONTENTS)
        if others or (known and b"".join(known.chunks()) != small[CONTENTS]):
            raise Refused(
                f"{self.path} has another bundle in it, or a part of one.", "Name a new directory, or empty this one."
            )

    def taking(self, name: str) -> Take:
        """Return what takes the bytes of a file, from the first one each time."""
        path = self.path / name

        def take(chunks: Iterable[bytes]) -> None:
            partial = path.with_name(f"{path.name}{_PARTIAL}")
            with partial.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                flush(file)
            partial.rename(path)

        return take

    def take_back(self) -> None:
        """Let it be no bundle."""
        (self.path / CONTENTS).unlink(missing_ok=True)


@contextmanager
def open_directory(path: Path) -> Iterator[Directory]:
    """Open a directory that a bundle is to be written into; it is made if it is not there.

    Raises:
        Refused: something else is in it, or another export writes there.
        WrongUsage: it cannot be written.

    """
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            lock(held, path)
            for partial in _partial_files(path):
                partial.unlink(missing_ok=True)
            directory = Directory(path, _parts(path))
            (path / BLOBS).mkdir(parents=True, exist_ok=True)
            yield directory
        finally:
            os.close(held)


def _partial_files(path: Path) -> Iterator[Path]:
    """Yield what an export that was killed may have left in the middle of writing it."""
    yield from (path / f"{name}{_PARTIAL}" for name in SMALL)
    yield from (path / BLOBS).glob(f"*{_PARTIAL}")


def _parts(path: Path) -> dict[str, Part]:
    try:
        return find_parts(path)
    except VerificationFailed as error:
        raise Refused(error.message, "Name a new directory, or an empty one.") from error


def _is_sound(part: Part, digest: str) -> bool:
    """Tell whether a blob has its bytes; one that has not is got again."""
    try:
        deque(part.checked_chunks(digest, str(part.path)), maxlen=0)
    except VerificationFailed:
        return False
    return True
