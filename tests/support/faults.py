"""A proxy in front of a registry that breaks what a test tells it to break, and passes on all else."""

from __future__ import annotations

import contextlib
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse, HTTPSConnection

from tests.support.registries import Registry
from tests.support.servers import RequestHandler, Served, TlsServer, hang_up
from tests.support.tls import CertificateAuthority
from tests.support.waiting import LONGEST_WAIT_SECONDS

_CHUNK_BYTES = 64 * 1024
_DRIP_SECONDS = 0.1
# The framing of an answer is the proxy's own business, and so is the state of its connections.
_NOT_PASSED_ON = {"connection", "keep-alive", "expect"}
_FRAMING = {"content-length", "transfer-encoding"}


@dataclass
class ProxiedRequest:
    """A request that reached the proxy `at` that time (`time.monotonic`); `path` has the query.

    `request_bytes` counts the body as far as it was read. `status` is None as long as nothing was answered.
    """

    method: str
    path: str
    request_bytes: int = 0
    status: int | None = None
    at: float = field(default_factory=time.monotonic)


class Hold:
    """A point where requests wait; `reached` is set once there is one."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._released = threading.Event()

    def wait_until_reached(self, seconds: float = LONGEST_WAIT_SECONDS) -> None:
        """Return once a request is held; raise TimeoutError if none comes."""
        if not self.reached.wait(seconds):
            raise TimeoutError(f"no request came to be held within {seconds} s")

    def release(self) -> None:
        """Let go what is held, and hold nothing more."""
        self._released.set()

    def pause(self) -> None:
        """Hold the calling thread until the release."""
        self.reached.set()
        self._released.wait()


class FaultyProxy(Served):
    """A TLS proxy whose `host` stands in for the registry's; `requests` are all it saw, oldest first.

    Bodies are streamed both ways. The Host header is passed on, so the Location of an upload leads back here.
    When it stops, it lets go what is held and raises what a `call` raised.
    """

    def __init__(self, registry: Registry, ca: CertificateAuthority) -> None:
        self.ca = ca.certificate
        self.requests: list[ProxiedRequest] = []
        self._registry = registry
        self._context = ssl.create_default_context(cafile=registry.ca)
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._holds: list[Hold] = []
        self._server = _ProxyServer(self, ca)
        self.host = self._server.host

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """Let go what is held, and raise what went wrong."""
        self._stopping.set()
        for hold in self._holds:
            hold.release()
        self._server.stop()

    def when(self, method: str | None = None, path: str = "", times: int | None = None, after: int = 0) -> Rule:
        """Begin a rule: `proxy.when("PUT", "/blobs/uploads/", times=2).answer(503)`.

        It is about requests of this method (None: any) whose path and query contain this pattern: the first
        `after` of them pass, the next `times` (None: all) meet the fault. Of several rules the oldest applies.
        """
        rule = Rule(self, method, re.compile(path), times, after)
        with self._lock:
            self._rules.append(rule)
        return rule

    def new_hold(self) -> Hold:
        """Return a hold that is released, at the latest, when the proxy stops."""
        hold = Hold()
        self._holds.append(hold)
        return hold

    def pause(self, seconds: float) -> None:
        """Let the calling thread wait, no longer than until the proxy stops."""
        self._stopping.wait(seconds)

    def receive(self, request: ProxiedRequest) -> Fault:
        """Record a request and return what is to become of it."""
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.takes(request):
                    return rule.fault
        return Exchange.pass_on

    def connect(self) -> HTTPSConnection:
        """Return a new connection to the registry."""
        port = int(self._registry.host.rpartition(":")[2])
        return HTTPSConnection("localhost", port, context=self._context, timeout=60)


class _ProxyServer(TlsServer):
    def __init__(self, proxy: FaultyProxy, ca: CertificateAuthority) -> None:
        super().__init__(Exchange, ca.issue(f"proxy-{secrets.token_hex(4)}"))
        self.proxy = proxy


class Exchange(RequestHandler):
    """One request on its way through the proxy, and the steps that faults are made of."""

    server: _ProxyServer

    def answer(self) -> None:
        """Do to the request what the proxy's rules say."""
        self._seen = ProxiedRequest(self.command, self.path)
        self.server.proxy.receive(self._seen)(self)

    def pass_on(self) -> None:
        """Send the request to the registry and the answer back."""
        with self.forwarded() as answer:
            self.send_back(answer, _chunks(answer), _length(answer))

    @contextlib.contextmanager
    def forwarded(self) -> Iterator[HTTPResponse]:
        """Send the request to the registry and give its answer, the body yet to be read."""
        with contextlib.closing(self.server.proxy.connect()) as upstream:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _NOT_PASSED_ON:
                    upstream.putheader(name, value)
            upstream.endheaders()
            self._send_body(upstream)
            yield upstream.getresponse()

    def send_back(self, answer: HTTPResponse, body: Iterable[bytes], length: int | None) -> None:
        """Answer as the registry did, with this body, announced as so many bytes (None: in chunks)."""
        self._seen.status = answer.status
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _NOT_PASSED_ON | _FRAMING:
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        elif _has_body(self.command, answer.status):
            self.send_header("Transfer-Encoding", "chunked")
            body = _framed(body)
        self.end_headers()
        for chunk in body:
            self.wfile.write(chunk)
            self.wfile.flush()

    def reply_instead(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Read the request's body and answer in the registry's place."""
        for _ in self._body():
            continue
        self._seen.status = status
        self.reply(status, dict(headers), body)

    def break_off(self) -> None:
        """Close the connection."""
        self.close_connection = True
        hang_up(self.connection)

    def _send_body(self, upstream: HTTPSConnection) -> None:
        chunked = "Transfer-Encoding" in self.headers
        body = _framed(self._body()) if chunked else self._body()
        refused = False
        for chunk in body:
            if not refused:
                try:
                    upstream.send(chunk)
                except OSError:
                    # The registry has answered without reading on. The client is heard out, then told.
                    refused = True

    def _body(self) -> Iterator[bytes]:
        """Give the request's body without its framing, and count it."""
        body = self._read_chunked() if "Transfer-Encoding" in self.headers else self._read_sized()
        for chunk in body:
            self._seen.request_bytes += len(chunk)
            yield chunk

    def _read_sized(self) -> Iterator[bytes]:
        return self._read(int(self.headers.get("Content-Length", 0)))

    def _read_chunked(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0] or b"x", 16):
            yield from self._read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _read(self, size: int) -> Iterator[bytes]:
        while size:
            chunk = self.rfile.read(min(size, _CHUNK_BYTES))
            if not chunk:
                raise ConnectionResetError("the client hung up in the middle of a body")
            size -= len(chunk)
            yield chunk


Fault = Callable[[Exchange], None]


class Rule:
    """Which requests meet a fault; one of the methods below says which fault, until then they pass."""

    def __init__(
        self, proxy: FaultyProxy, method: str | None, path: re.Pattern[str], times: int | None, after: int
    ) -> None:
        self.fault: Fault = Exchange.pass_on
        self._proxy = proxy
        self._method = method
        self._path = path
        self._times = times
        self._after = after
        self._matched = 0

    def takes(self, request: ProxiedRequest) -> bool:
        """Tell whether the request meets the fault, and count it if it could."""
        if self._method not in {None, request.method} or not self._path.search(request.path):
            return False
        self._matched += 1
        return self.met > 0 and (self._times is None or self.met <= self._times)

    @property
    def met(self) -> int:
        """How many requests came after those that pass."""
        return self._matched - self._after

    def answer(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        first: Callable[[], object] = lambda: None,
    ) -> None:
        """Answer in the registry's place, once `first` has returned: it never sees the request."""

        def fault(exchange: Exchange) -> None:
            first()
            exchange.reply_instead(status, headers or {}, body)

        self.fault = fault

    def drop(self) -> None:
        """Close the connection: the registry never sees the request."""
        self.fault = Exchange.break_off

    def drop_answer(self, after_bytes: int | None = None) -> None:
        """Let the registry do it, then close the connection in place of the answer.

        With `after_bytes` the answer's head and so much of its body come through first.
        """

        def fault(exchange: Exchange) -> None:
            with exchange.forwarded() as answer:
                if after_bytes is not None:
                    exchange.send_back(answer, _first(after_bytes, _chunks(answer)), _length(answer))
            exchange.break_off()

        self.fault = fault

    def truncate(self, to_bytes: int) -> None:
        """Pass on the answer, well-formed, with no more than the beginning of its body."""

        def fault(exchange: Exchange) -> None:
            with exchange.forwarded() as answer:
                length = _length(answer)
                announced = None if length is None else min(length, to_bytes)
                exchange.send_back(answer, _first(to_bytes, _chunks(answer)), announced)

        self.fault = fault

    def corrupt(self, at_byte: int = 0) -> None:
        """Pass on the answer with one byte of its body changed."""

        def fault(exchange: Exchange) -> None:
            with exchange.forwarded() as answer:
                exchange.send_back(answer, _with_flipped_byte(at_byte, _chunks(answer)), _length(answer))

        self.fault = fault

    def delay(self, seconds: float) -> None:
        """Pass the request on so much later."""

        def fault(exchange: Exchange) -> None:
            self._proxy.pause(seconds)
            exchange.pass_on()

        self.fault = fault

    def drip(self) -> None:
        """Pass on the answer, its body byte by byte with a pause after each."""

        def fault(exchange: Exchange) -> None:
            with exchange.forwarded() as answer:
                exchange.send_back(answer, self._dripping(_chunks(answer)), _length(answer))

        self.fault = fault

    def _dripping(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            for position in range(len(chunk)):
                yield chunk[position : position + 1]
                self._proxy.pause(_DRIP_SECONDS)

    def call(self, function: Callable[[], object]) -> None:
        """Call the function, then pass the request on."""

        def fault(exchange: Exchange) -> None:
            try:
                function()
            except OSError as error:  # which would look like a client that hung up
                raise RuntimeError("the function called by the proxy failed") from error
            exchange.pass_on()

        self.fault = fault

    def hold(self) -> Hold:
        """Pass the request on once the returned hold is released."""
        hold = self._proxy.new_hold()

        def fault(exchange: Exchange) -> None:
            hold.pause()
            exchange.pass_on()

        self.fault = fault
        return hold


def _has_body(method: str, status: int) -> bool:
    return method != "HEAD" and status not in {204, 304}


def _length(answer: HTTPResponse) -> int | None:
    length = answer.getheader("Content-Length")
    return None if length is None else int(length)


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk


def _framed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"


def _first(count: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:count]
        count -= min(count, len(chunk))
        if not count:
            return


def _with_flipped_byte(position: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if 0 <= position < len(chunk):
            yield chunk[:position] + bytes([chunk[position] ^ 0xFF]) + chunk[position + 1 :]
        else:
            yield chunk
        position -= len(chunk)
