"""What goes over a socket, in no more time than is left."""

from __future__ import annotations

from io import RawIOBase
from socket import socket
from typing import TYPE_CHECKING, NamedTuple

from promoter.http.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

IDLE_SECONDS = 60.0


class Allowance(NamedTuple):
    """How long to wait for the next sign of life.

    Args:
        host: of whom, to be named when the time is over.
        deadline: when to stop.
        idle_seconds: how long a silence may be.

    """

    host: str
    deadline: Deadline
    idle_seconds: float = IDLE_SECONDS

    def seconds(self) -> float:
        """Return the seconds from now.

        Raises:
            TimedOut: the deadline has passed.

        """
        return min(self.idle_seconds, self.deadline.require(f"talking to {self.host}"))


class Channel(RawIOBase):
    """Sends and receives over a socket, with a timeout set anew for each piece: a server that drips must end, too.

    Closing it leaves the socket open.

    Args:
        sock: connected.
        allowance: how long to wait for each piece.

    """

    def __init__(self, sock: socket, allowance: Allowance) -> None:
        super().__init__()
        self._socket = sock
        self._allowance = allowance

    def readable(self) -> bool:
        """Tell that it can be read from."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Receive what there is, up to the buffer's size.

        Raises:
            TimedOut: the deadline has passed.
            OSError: the connection broke, or was silent for too long.

        """
        self._socket.settimeout(self._allowance.seconds())
        try:
            return self._socket.recv_into(buffer)
        except TimeoutError:
            self._allowance.seconds()
            raise

    def send(self, content: bytes) -> None:
        """Send everything.

        Raises:
            TimedOut: the deadline has passed.
            OSError: the connection broke, or nothing was taken for too long.

        """
        rest = memoryview(content)
        while rest:
            self._socket.settimeout(self._allowance.seconds())
            rest = rest[self._socket.send(rest) :]
