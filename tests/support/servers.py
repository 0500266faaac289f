"""HTTPS servers that run in threads of the test process."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.tls import ServerCertificate

_Connection = socket.socket | tuple[bytes, socket.socket]


class Served:
    """What runs within a `with`: a subclass says how it starts and stops."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def stop(self) -> None:
        """End, for certain."""
        raise NotImplementedError


class RequestHandler(BaseHTTPRequestHandler):
    """A handler of all methods, with kept connections, no delayed packets and no log on standard error."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter is named so in http.server
        """Say nothing: the servers record their requests themselves."""

    def answer(self) -> None:
        """Answer the request; `command` is its method."""
        raise NotImplementedError

    def _dispatch(self) -> None:
        self.answer()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _dispatch  # noqa: N815 - http.server's names

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Answer the request at once with this status, these headers and this body."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class TlsServer(ThreadingHTTPServer):
    """An HTTPS server on a free port of 127.0.0.1, one thread a connection.

    `stop` closes what is still open, waits for every thread and raises what went wrong in a handler;
    clients that hang up are no error.
    """

    daemon_threads = False

    def __init__(self, handler: type[BaseHTTPRequestHandler], certificate: ServerCertificate) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.host = f"localhost:{self.server_port}"
        self._context = certificate.server_context()
        self._connections: set[socket.socket] = set()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving; raises an ExceptionGroup if a handler failed."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._connections):
            hang_up(connection)
        self.server_close()
        if self._errors:
            raise BaseExceptionGroup("a server of the rig failed", self._errors)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """Take a connection; the handshake is left to its own thread."""
        connection, address = self.socket.accept()
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._connections.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request: _Connection) -> None:
        """Close the connection."""
        if isinstance(request, socket.socket):
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """Keep what a handler raised, unless it only tells that the other side has gone."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError | http.client.HTTPException):
            self._errors.append(error)


def hang_up(connection: socket.socket) -> None:
    """Break a connection off at once, whatever is still under way on it."""
    # SSLSocket's own shutdown would drop the TLS state that another thread may be reading with.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
