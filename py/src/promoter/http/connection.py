"""One connection to a server, and what comes back over it."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BufferedReader
from select import select
from typing import Any
from urllib.parse import urljoin, urlsplit

from promoter.errors import PassingFailure, TimedOut, Unreachable
from promoter.http.channel import IDLE_SECONDS, Allowance, Channel
from promoter.http.deadline import Deadline
from promoter.http.proxy import Proxy, no_way_through, open_tunnel, proxy_for
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
        return _origin(url)
    except ValueError as error:
        raise Unreachable(f"An address cannot be used: {error}.", "Check the URLs in the configuration.") from error


def resolve(base: str, target: str) -> str:
    """Return where a URL or path that an answer names leads to, seen from `base`.

    Raises:
        Unreachable: it leads nowhere.

    """
    try:
        url = urljoin(base, target)
    except ValueError as error:
        raise _nowhere(host_of(base), error) from error
    return checked_url(url, host_of(base))


def checked_url(url: str, named_by: str) -> str:
    """Return a URL that a host named, if it leads anywhere.

    Raises:
        Unreachable: it does not.

    """
    try:
        _origin(url)
    except ValueError as error:
        raise _nowhere(named_by, error) from error
    return url


def _nowhere(named_by: str, why: ValueError) -> Unreachable:
    return Unreachable(
        f"{named_by} names an address that cannot be used: {why}.",
        "Ask whoever runs it where it wants tokens, uploads, redirects or further pages to be looked for.",
    )


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or not parts.hostname.isprintable():
        raise ValueError("http:// or https:// and a host are missing")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def host_of(url: str) -> str:
    """Return a URL's host, with the port if there is one."""
    return urlsplit(url).netloc.rpartition("@")[2]


class Response:
    """An answer: status and headers at once, the body when asked for. Give it back by reading it or by `close`."""

    def __init__(
        self, method: str, url: str, head: Head, stream: BufferedReader, finished: Callable[[bool], None]
    ) -> None:
        self.status = head.status
        self.headers = head.headers
        self.url = url
        self.host = host_of(url)
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

    def drain(self) -> None:
        """Read the body to no purpose but the connection's next; if it breaks off, that is all that is lost."""
        with suppress(ConnectionFailed, TimedOut):
            deque(self.chunks(), maxlen=0)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives, at most 64 KiB at a time; nothing the second time.

        Raises:
            ConnectionFailed: the connection broke before the end.
            TimedOut: the deadline has passed.

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
    """A kept connection to one origin, through a proxy where the environment names one.

    Args:
        origin: scheme, host and port.
        trust: whose certificates are accepted.
        deadline: when to stop.
        idle_seconds: how long a silence may be.

    """

    def __init__(self, origin: Origin, trust: Trust, deadline: Deadline, idle_seconds: float = IDLE_SECONDS) -> None:
        self.origin = origin
        self.used = False
        self._trust = trust
        self._allowance = Allowance(origin[1], deadline, idle_seconds)
        self._socket: socket.socket | None = None
        self._channel: Channel | None = None
        self._stream: BufferedReader | None = None

    def send(self, method: str, url: str, headers: dict[str, str], body: Body) -> tuple[Head, BufferedReader]:
        """Send one request and return the head of its answer, and the stream its body is on.

        Raises:
            NotTrusted: the certificate is not accepted.
            TimedOut: the deadline has passed.
            Unreachable: a proxy refuses to let us through.
            ConnectionFailed: anything else that kept an answer from arriving.

        """
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = False
        try:
            channel, stream = self._opened()
            sent = True
            _send(channel, method, target, {"Host": host_of(url), **headers}, body)
            head = read_head(stream)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise NotTrusted(
                f"{parts.hostname}:{self.origin[2]} has a certificate that is not trusted: {error.verify_message}.",
                "Name the authority that signed it (--source-ca, --destination-ca, or `ca:` in the configuration).",
            ) from error
        except (OSError, Malformed, UnicodeError) as error:
            self.close()
            self._allowance.seconds()
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

    @property
    def certificate(self) -> dict[str, Any]:
        """The server's certificate as `ssl.SSLSocket.getpeercert` gives it; empty if none was verified."""
        return (self._socket.getpeercert() or {}) if isinstance(self._socket, ssl.SSLSocket) else {}

    def close(self) -> None:
        """Close the socket."""
        if self._stream:
            self._stream.close()
        if self._socket:
            self._socket.close()
        self._socket = self._channel = self._stream = None

    def _opened(self) -> tuple[Channel, BufferedReader]:
        if self._channel is None or self._stream is None:
            self._socket = self._connect()
            self._channel = Channel(self._socket, self._allowance)
            self._stream = BufferedReader(self._channel)
        return self._channel, self._stream

    def _connect(self) -> socket.socket:
        scheme, host, port = self.origin
        proxy = proxy_for(scheme, host, port)
        sock = self._through(proxy) if proxy else socket.create_connection((host, port), self._allowance.seconds())
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(self._allowance.seconds())
            return sock if scheme == "http" else self._trust.context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def _through(self, proxy: Proxy) -> socket.socket:
        """Return a connection through a proxy.

        Raises:
            Unreachable: the proxy refuses.
            ConnectionFailed: it fails.

        """
        _, host, port = self.origin
        try:
            sock = socket.create_connection(proxy.address, self._allowance.seconds())
            try:
                open_tunnel(Channel(sock, self._allowance), proxy, host, port)
            except BaseException:
                sock.close()
                raise
        except (OSError, Malformed, UnicodeError) as error:
            self._allowance.seconds()
            raise ConnectionFailed(*no_way_through(proxy, host, port, _words(error)), sent=False) from error
        return sock


def _send(channel: Channel, method: str, target: str, headers: dict[str, str], body: Body) -> None:
    if callable(body):
        channel.send(request_head(method, target, headers))
        for chunk in body():
            channel.send(chunk)
    elif body is not None or method in _WITH_BODY:
        content = body or b""
        channel.send(request_head(method, target, {**headers, "Content-Length": str(len(content))}) + content)
    else:
        channel.send(request_head(method, target, headers))


def _broken(url: str, error: Exception, *, sent: bool) -> ConnectionFailed:
    if isinstance(error, Malformed):
        return ConnectionFailed(
            f"{host_of(url)} gives no answer that can be read: {error}.",
            "Look at what answers under this host name, and at what is in front of it.",
            sent=sent,
        )
    return ConnectionFailed(
        f"{urlsplit(url).scheme}://{host_of(url)} could not be reached: {_words(error)}.",
        "Check the host name, the port, the proxy settings (HTTPS_PROXY, NO_PROXY), and that the service is up.",
        sent=sent,
    )


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
