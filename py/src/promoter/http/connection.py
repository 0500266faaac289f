"""One connection to a server, and what comes back over it."""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from email.message import Message
from urllib.parse import SplitResult, urlsplit

from promoter.errors import PassingFailure, Unreachable
from promoter.http.trust import Trust

CHUNK = 256 * 1024
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


def origin_of(url: SplitResult) -> Origin:
    """Return scheme, host and port of a URL."""
    return url.scheme, url.hostname or "", url.port or (80 if url.scheme == "http" else 443)


class Response:
    """An answer: status and headers at once, the body when asked for. Give it back by reading it or by `close`."""

    def __init__(self, raw: http.client.HTTPResponse, url: str, finished: Callable[[bool], None]) -> None:
        self.status = raw.status
        self.headers: Message = raw.headers
        self.url = url
        self._raw = raw
        self._once = finished

    def _finished(self, reusable: bool) -> None:
        finished, self._once = self._once, _nothing_more
        finished(reusable)

    def read(self) -> bytes:
        """Return the whole body; meant for manifests, tokens and error texts, never for layers."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives, at most 256 KiB at a time.

        Raises:
            ConnectionFailed: the connection broke before the end.

        """
        try:
            while chunk := self._raw.read1(CHUNK):
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            self._finished(False)
            raise _broken(self.url, error, sent=True) from error
        length = self._raw.length
        if length:
            self._finished(False)
            raise _broken(self.url, f"{length} bytes are missing", sent=True)
        self._raw.close()
        self._finished(not self._raw.will_close)

    def close(self) -> None:
        """Finish with the answer; a body that has not been read costs the connection."""
        if self._raw.length == 0:
            self.read()
        else:
            self._finished(False)


def _nothing_more(_reusable: bool) -> None:
    """Ignore that an answer is finished with a second time."""


class Connection:
    """A kept connection to one origin, through a proxy where the environment names one."""

    def __init__(self, origin: Origin, trust: Trust, timeout: float) -> None:
        self.origin = origin
        self.used = False
        scheme, host, port = origin
        proxy = _proxy_for(scheme, host)
        at, at_port = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        if scheme == "http":
            self._raw = http.client.HTTPConnection(at, at_port, timeout=timeout)
        else:
            self._raw = http.client.HTTPSConnection(at, at_port, timeout=timeout, context=trust.context)
        if proxy:
            self._raw.set_tunnel(host, port, headers=_proxy_authorization(proxy))

    def send(
        self, method: str, url: str, headers: dict[str, str], body: Body, timeout: float
    ) -> http.client.HTTPResponse:
        """Send one request and return the head of its answer.

        Raises:
            NotTrusted: the certificate is not accepted.
            ConnectionFailed: anything else that kept an answer from arriving.

        """
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = False
        try:
            if self._raw.sock is None:
                self._raw.timeout = timeout
                self._raw.connect()
            else:
                self._raw.sock.settimeout(timeout)
            sent = True
            self._raw.request(method, target, body() if callable(body) else body, headers)
            answer = self._raw.getresponse()
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise NotTrusted(
                f"{parts.hostname}:{self.origin[2]} has a certificate that is not trusted: {error.verify_message}.",
                "Name the authority that signed it (--source-ca, --destination-ca, or `ca:` in the configuration).",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _broken(url, error, sent=sent) from error
        self.used = True
        return answer

    def close(self) -> None:
        """Close the socket."""
        self._raw.close()


def _broken(url: str, error: object, *, sent: bool) -> ConnectionFailed:
    parts = urlsplit(url)
    what = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ConnectionFailed(
        f"{parts.scheme}://{parts.netloc} could not be reached: {what}.",
        "Check the host name, the port, the proxy settings (HTTPS_PROXY, NO_PROXY), and that the service is up.",
        sent=sent,
    )


def _proxy_for(scheme: str, host: str) -> SplitResult | None:
    name = f"{scheme}_proxy"
    value = os.environ.get(name) or os.environ.get(name.upper())
    if not value:
        return None
    from urllib.request import proxy_bypass  # noqa: PLC0415 - slow to import, and seldom needed

    if proxy_bypass(host):
        return None
    return urlsplit(value if "://" in value else f"http://{value}")


def _proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    from base64 import b64encode  # noqa: PLC0415
    from urllib.parse import unquote  # noqa: PLC0415

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
