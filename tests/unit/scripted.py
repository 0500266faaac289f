"""An HTTPS server that gives the answers a test lists, and keeps what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message

from tests.support.servers import RequestHandler, Served, TlsServer, hang_up
from tests.support.tls import ServerCertificate

_DRIPS = 1200
_DRIP_SECONDS = 0.05


@dataclass(frozen=True)
class Seen:
    """A request that arrived; `connection` is the number of the connection it came by."""

    method: str
    path: str
    headers: Message
    body: bytes
    connection: int


class Exchange(RequestHandler):
    """One connection of a scripted server."""

    server: _Server

    def setup(self) -> None:
        """Number the connection."""
        super().setup()
        self.number = self.server.script.opened()

    def answer(self) -> None:
        """Keep the request and answer as the script says."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = Seen(self.command, self.path, self.headers, body, self.number)
        self.server.script.next_answer(seen)(self)


Answer = Callable[[Exchange], None]


def reply(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """Answer with this status, body and headers, whose names are written with underscores."""
    return lambda exchange: exchange.reply(
        status, {key.replace("_", "-"): value for key, value in headers.items()}, body
    )


def chunked(*pieces: bytes, ends: bool = True) -> Answer:
    """Answer 200 with a body in these chunks; without an end, the connection breaks off after them."""

    def answer(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Transfer-Encoding", "chunked")
        exchange.end_headers()
        for piece in pieces:
            exchange.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if ends:
            exchange.wfile.write(b"0\r\n\r\n")
        exchange.wfile.flush()
        exchange.close_connection = not ends

    return answer


def cut_short(body: bytes, announced: int, status: int = 200) -> Answer:
    """Announce so many bytes, send fewer, and close the connection."""

    def answer(exchange: Exchange) -> None:
        exchange.send_response(status)
        exchange.send_header("Content-Length", str(announced))
        exchange.end_headers()
        exchange.wfile.write(body)
        exchange.close_connection = True

    return answer


def raw(answered: bytes) -> Answer:
    """Send these bytes for an answer, whatever they are, and close the connection."""

    def answer(exchange: Exchange) -> None:
        exchange.wfile.write(answered)
        exchange.close_connection = True

    return answer


def unannounced_close(body: bytes = b"") -> Answer:
    """Answer 200 as if the connection was kept, then close it."""

    def answer(exchange: Exchange) -> None:
        exchange.reply(200, {}, body)
        exchange.close_connection = True

    return answer


def no_answer(exchange: Exchange) -> None:
    """Break the connection off in place of an answer."""
    exchange.close_connection = True
    hang_up(exchange.connection)


class ScriptedServer(Served):
    """Gives the listed answers one after the other, the last one again and again; `requests` are oldest first."""

    def __init__(self, certificate: ServerCertificate) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        self._answers: list[Answer] = [reply()]
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(Exchange, certificate)
        self._server.script = self
        self.host = self._server.host

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """Let go of whoever waits for an answer, and end."""
        self._stopping.set()
        self._server.stop()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    @property
    def closed(self) -> int:
        """How many connections it has closed."""
        return self._server.closed

    def url(self, path: str = "/") -> str:
        """Return the URL of a path."""
        return f"https://{self.host}{path}"

    def will(self, *answers: Answer) -> None:
        """Answer like this from now on."""
        self._answers = list(answers)

    def silence(self, _exchange: Exchange) -> None:
        """Be an answer that does not come before the server stops."""
        self._stopping.wait()

    def dripping(self, beginning: bytes, drop: bytes = b"x") -> Answer:
        """Send the beginning, then drop after drop for a minute, or until the server stops."""

        def answer(exchange: Exchange) -> None:
            exchange.wfile.write(beginning)
            for _ in range(_DRIPS):
                exchange.wfile.write(drop)
                exchange.wfile.flush()
                if self._stopping.wait(_DRIP_SECONDS):
                    break
            exchange.close_connection = True

        return answer

    def opened(self) -> int:
        """Count a connection and return its number."""
        with self._lock:
            self.connections += 1
            return self.connections

    def next_answer(self, seen: Seen) -> Answer:
        """Keep a request and return what it is answered."""
        with self._lock:
            self.requests.append(seen)
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class _Server(TlsServer):
    script: ScriptedServer
    closed = 0

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        super().shutdown_request(request)
        self.closed += 1
