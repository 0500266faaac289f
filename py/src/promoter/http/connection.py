"""One connection to a server, and what comes back over it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from select import select
from urllib.parse import urljoin, urlsplit

from promoter.errors import PassingFailure, Unreachable
from promoter.http.proxy import open_tunnel, proxy_for
from promoter.http.trust import Trust
from promoter.http.wire import Head, Malformed, has_body, is_delimited, read_body, read_head, request_head

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PORTS = {"http": 80, "https": 443}
Body = bytes | Callable[[], Iterable[bytes]] | None
Origin = tuple[str, str, int]


class ConnectionFailed(PassingFailure):
    """No answer arrived: refused, reset, timed out or cut off.

    `sent` tells whether the request may have reached the server.
    """

    def __init__(self, message: str, remedy: str, *, sent: bool) -> None:
        super().__init__(message, remedy)
        self.sent = sent


class NotTrusted(Unreachable):
    """The server's certificate is not signed by an authority that is trusted here."""


def origin_of(url: str) -> Origin:
    """Return scheme, host and port of a URL.

    Raises:
        Unreachable: it has none that anything could be reached at.

    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _malformed(error) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _malformed("http:// or https:// and a host are missing")
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def resolve(base: str, target: str) -> str:
    """Return where a URL or path that an answer names leads to, seen from `base`.

    Raises:
        Unreachable: it leads nowhere.

    """
    try:
        return urljoin(base, target)
    except ValueError as error:
        raise _malformed(error) from error


def _malformed(why: object) -> Unreachable:
    return Unreachable(
        f"An address cannot be used: {why}.",
        "Check the URLs in the configuration; or the server named it (a redirect, a token service): ask who runs it.",
    )


class Response:
    """An answer: status and headers at once, the body when asked for. Give it back by reading it or by `close`."""

    def __init__(
        self, method: str, url: str, head: Head, stream: BufferedReader, finished: Callable[[bool], None]
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self.url = url
        self._head = head
        self._stream = stream
        self._has_body = has_body(method, head)
        self._once = finished

    def _finished(self, reusable: bool) -> None:
        finished, self._once = self._once, _nothing_more
        finished(reusable)

    def read(self) -> bytes:
        """Return the whole body; meant for manifests, tokens and error texts, never for layers."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives, at most 256 KiB at a time; nothing the second time.

        Raises:
            ConnectionFailed: the connection broke before the end.

        """
        reusable = False
        try:
            if self._has_body:
                self._has_body = False
                yield from read_body(self._stream, self._head)
                reusable = self._head.persistent and is_delimited(self._head)
            else:
                reusable = self._head.persistent
        except (OSError, Malformed) as error:
            raise _broken(self.url, error, sent=True) from error
        finally:
            self._finished(reusable)

    def close(self) -> None:
        """Finish with the answer; a body that has not been read costs the connection."""
        self._finished(not self._has_body and self._head.persistent)


def _nothing_more(_reusable: bool) -> None:
    """Ignore that an answer is finished with a second time."""


class Connection:
    """A kept connection to one origin, through a proxy where the environment names one."""

    def __init__(self, origin: Origin, trust: Trust) -> None:
        self.origin = origin
        self.used = False
        self._trust = trust
        self._socket: socket.socket | None = None
        self._stream: BufferedReader | None = None

    def send(
        self, method: str, url: str, headers: dict[str, str], body: Body, timeout: float
    ) -> tuple[Head, BufferedReader]:
        """Send one request and return the head of its answer, and the stream its body is on.

        Raises:
            NotTrusted: the certificate is not accepted.
            ConnectionFailed: anything else that kept an answer from arriving.

        """
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = False
        try:
            sock, stream = self._opened(timeout)
            sent = True
            _send(sock, method, target, {"Host": parts.netloc.rpartition("@")[2], **headers}, body)
            head = read_head(stream)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise NotTrusted(
                f"{parts.hostname}:{self.origin[2]} has a certificate that is not trusted: {error.verify_message}.",
                "Name the authority that signed it (--source-ca, --destination-ca, or `ca:` in the configuration).",
            ) from error
        except (OSError, Malformed, UnicodeError) as error:
            self.close()
            raise _broken(url, error, sent=sent) from error
        except BaseException:  # from whoever makes the body, or a signal: the server waits for the rest of a request
            self.close()
            raise
        self.used = True
        return head, stream

    @property
    def is_dropped(self) -> bool:
        """Whether the server has closed this kept connection: nothing else makes an idle one readable."""
        return self._socket is None or bool(select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """Close the socket."""
        if self._stream:
            self._stream.close()
        if self._socket:
            self._socket.close()
        self._socket = self._stream = None

    def _opened(self, timeout: float) -> tuple[socket.socket, BufferedReader]:
        if self._socket is None or self._stream is None:
            self._socket = self._connect(timeout)
            self._stream = self._socket.makefile("rb")
        self._socket.settimeout(timeout)
        return self._socket, self._stream

    def _connect(self, timeout: float) -> socket.socket:
        scheme, host, port = self.origin
        proxy = proxy_for(scheme, host, port)
        at = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        sock = socket.create_connection(at, timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy:
                open_tunnel(sock, proxy, host, port)
            return sock if scheme == "http" else self._trust.context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise


def _send(sock: socket.socket, method: str, target: str, headers: dict[str, str], body: Body) -> None:
    if callable(body):
        sock.sendall(request_head(method, target, headers))
        for chunk in body():
            sock.sendall(chunk)
    elif body is not None or method in _WITH_BODY:
        content = body or b""
        sock.sendall(request_head(method, target, {**headers, "Content-Length": str(len(content))}) + content)
    else:
        sock.sendall(request_head(method, target, headers))


def _broken(url: str, error: object, *, sent: bool) -> ConnectionFailed:
    parts = urlsplit(url)
    what = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ConnectionFailed(
        f"{parts.scheme}://{parts.netloc} could not be reached: {what}.",
        "Check the host name, the port, the proxy settings (HTTPS_PROXY, NO_PROXY), and that the service is up.",
        sent=sent,
    )
