"""A server without TLS, and without a protocol: it says the same to whoever connects."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading

from tests.support.servers import Served

_DRIPS = 1200
_DRIP_SECONDS = 0.05


class PlainServer(Served):
    """Waits for some bytes and sends its own; `connections` counts.

    Args:
        answer: what is sent.
        drop: what is sent after that, again and again for a minute, or until the server stops.

    """

    def __init__(self, answer: bytes, drop: bytes = b"") -> None:
        self.answer = answer
        self.drop = drop
        self.connections = 0
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Exchange)
        self._server.plain = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, whatever drips."""
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    plain: PlainServer

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Let clients hang up."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Exchange(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        plain = self.server.plain
        plain.connections += 1
        self.request.recv(65536)
        self.request.sendall(plain.answer)
        for _ in range(_DRIPS if plain.drop else 0):
            if plain.stopping.wait(_DRIP_SECONDS):
                break
            self.request.sendall(plain.drop)
