"""Files that people name: read whole, but neither without end nor for ever, whatever they turn out to be."""

from __future__ import annotations

import os
from select import select

_PATIENCE_SECONDS = 60.0
"""How long a pipe may say nothing."""
_PIECE_BYTES = 1024 * 1024


def read_bounded(path: str, largest: int) -> bytes:
    """Return what a file, a pipe or a device has in it.

    Args:
        path: the file.
        largest: how many bytes it may have.

    Raises:
        OSError: it cannot be read; or it is a pipe, and nobody writes to it.
        ValueError: it is larger, or the path can be none.

    """
    # Opening a pipe would wait for somebody who writes to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        content = bytearray()
        while piece := _piece(descriptor):
            content += piece
            if len(content) > largest:
                raise ValueError(f"it has more than {largest} bytes")
        return bytes(content)
    finally:
        os.close(descriptor)


def _piece(descriptor: int) -> bytes:
    if not select([descriptor], [], [], _PATIENCE_SECONDS)[0]:
        raise TimeoutError(f"nothing was written to it for {_PATIENCE_SECONDS:.0f} seconds")
    return os.read(descriptor, _PIECE_BYTES)
