"""A proxy that tunnels (CONNECT), as a company has one between its clusters."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.servers import Served, hang_up

_MOST_BYTES = 65536


class ConnectProxy(Served):
    """A proxy on 127.0.0.1; `tunnels` are the targets it was asked for, `credentials` what came along each time.

    Args:
        authorization: the `Proxy-Authorization` without which it answers 407.

    """

    def __init__(self, authorization: str | None = None) -> None:
        self.authorization = authorization
        self.tunnels: list[str] = []
        self.credentials: list[str | None] = []
        self.connections: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", 0), _Tunnel)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.address = f"127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody, and end."""
        self._server.shutdown()
        self._thread.join()
        for connection in self.connections:
            hang_up(connection)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    proxy: ConnectProxy


class _Tunnel(BaseHTTPRequestHandler):
    server: _Server

    def do_CONNECT(self) -> None:
        """Open the tunnel, if the credentials are right, and pass bytes on until one side hangs up."""
        proxy, given = self.server.proxy, self.headers.get("Proxy-Authorization")
        proxy.tunnels.append(self.path)
        proxy.credentials.append(given)
        proxy.connections.append(self.connection)
        self.close_connection = True
        if proxy.authorization not in {None, given}:
            self.send_error(407, "Proxy Authentication Required")
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.send_response(200, "Connection established")
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                _pass_on(self.connection, target)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is named so in http.server
        """Say nothing."""


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    towards = {one: other, other: one}
    while True:
        for readable in select.select(list(towards), [], [])[0]:
            received = readable.recv(_MOST_BYTES)
            if not received:
                return
            towards[readable].sendall(received)
