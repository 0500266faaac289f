"""HTTP: requests in, answers out, whole or in chunks."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from tests.support.servers import RequestHandler, TlsServer
from tests.support.tls import ServerCertificate

from .answers import Answer
from .request import Request

Answerer = Callable[[Request, str], Answer]

_TLS_HANDSHAKE = b"\x16"
_PLAIN_HTTP = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"  # [13]


class Server(TlsServer):
    """Sends what `answerer` answers to a request and its Authorization."""

    def __init__(self, certificate: ServerCertificate) -> None:
        super().__init__(_Handler, certificate)
        self.answerer: Answerer

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - typed so in socketserver
        """Look, below TLS, whether the client speaks it."""
        first = socket.socket.recv(request, 1, socket.MSG_PEEK)
        if first and first != _TLS_HANDSHAKE:
            socket.socket.sendall(request, _PLAIN_HTTP)
        else:
            super().finish_request(request, client_address)


class _Handler(RequestHandler):
    server: Server

    def answer(self) -> None:
        headers = {name.title(): value for name, value in self.headers.items()}
        authorization = headers.get("Authorization", "")
        if authorization:
            headers["Authorization"] = authorization.partition(" ")[0]
        body = self.rfile.read(int(headers.get("Content-Length", "0")))
        self._send(self.server.answerer(Request(self.command, self.path, headers, body), authorization))

    def _send(self, answer: Answer) -> None:
        headers = {"Content-Type": answer.content_type, **answer.headers}
        if answer.dropped:
            self.close_connection = True
        elif isinstance(answer.body, bytes):
            self.reply(answer.code, headers, answer.body)
        else:
            self.send_response(answer.code)
            for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in answer.body:
                self._send_chunk(piece)
            self._send_chunk(b"")

    def _send_chunk(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.flush()
