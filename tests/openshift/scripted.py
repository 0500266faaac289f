"""A server that answers what a test has written down, in the cluster's place."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tests.openshift.client import Document
from tests.openshift.conftest import FIRST_BUILD
from tests.support.servers import RequestHandler, TlsServer, hang_up
from tests.support.tls import CertificateAuthority

Item = TypeVar("Item")
Piece = bytes | None
BREAK = None
"""Stands for a connection that is broken off."""


@dataclass
class Script:
    """What a server answers: to each request for a build the next phase, to any other the next list of pieces.

    The last ones stay; `headers` go with the pieces. Without anything to answer, the connection is broken off.
    """

    phases: list[str] = field(default_factory=list)
    answers: list[list[Piece]] = field(default_factory=list)
    strategy: Document = field(default_factory=lambda: {"sourceStrategy": {}})
    annotations: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def answer(self, handler: RequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        self.requests.append(f"{handler.command} {handler.path}")
        if handler.path.endswith(f"/builds/{FIRST_BUILD}"):
            handler.reply(200, {"Content-Type": "application/json"}, json.dumps(self._build()).encode())
        else:
            _send(handler, self.headers, _next(self.answers) if self.answers else [BREAK])

    def _build(self) -> Document:
        return {
            "kind": "Build",
            "metadata": {"name": FIRST_BUILD, "annotations": self.annotations},
            "spec": {"strategy": self.strategy},
            "status": {"phase": _next(self.phases)},
        }

    def count(self, end: str) -> int:
        return sum(request.endswith(end) for request in self.requests)


def _next(items: list[Item]) -> Item:
    return items.pop(0) if len(items) > 1 else items[0]


def _send(handler: RequestHandler, headers: dict[str, str], pieces: list[Piece]) -> None:
    """Send the pieces, each in a chunk of its own."""
    if pieces[0] is not BREAK:
        handler.send_response(200)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            handler.send_header(name, value)
        handler.end_headers()
    for piece in pieces:
        if piece is BREAK:
            handler.close_connection = True
            hang_up(handler.connection)
            return
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.flush()
    handler.wfile.write(b"0\r\n\r\n")


@contextlib.contextmanager
def serve(ca: CertificateAuthority, script: Script) -> Iterator[str]:
    """Serve a script, and give the URL."""

    class Handler(RequestHandler):
        def answer(self) -> None:
            script.answer(self)

    server = TlsServer(Handler, ca.issue("scripted"))
    server.start()
    try:
        yield f"https://{server.host}"
    finally:
        server.stop()
