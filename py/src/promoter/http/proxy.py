"""The proxy that the environment names (HTTPS_PROXY, NO_PROXY), and the tunnel through it."""

from __future__ import annotations

import os
from base64 import b64encode
from http import HTTPStatus
from io import BufferedReader
from socket import socket
from urllib.parse import SplitResult, unquote, urlsplit

from promoter.errors import WrongUsage
from promoter.http.wire import Malformed, read_head, request_head


def proxy_for(scheme: str, host: str, port: int) -> SplitResult | None:
    """Return the proxy's URL for what is at this host; nothing if it is reached directly.

    Raises:
        WrongUsage: the environment variable is no URL of a proxy.

    """
    name = f"{scheme}_proxy"
    value = os.environ.get(name) or os.environ.get(name.upper())
    if not value:
        return None
    from urllib.request import proxy_bypass  # noqa: PLC0415 - slow to import, and seldom needed

    if proxy_bypass(f"{host}:{port}"):
        return None
    try:
        proxy = urlsplit(value if "://" in value else f"http://{value}")
        usable = proxy.scheme == "http" and proxy.hostname and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:  # and not shown either: it may have a password
        raise WrongUsage(
            f"The environment variable {name.upper()} is no URL of a proxy.",
            "Write it as http://[user:password@]host:port, with special characters percent-encoded.",
        ) from None
    return proxy


def open_tunnel(sock: socket, proxy: SplitResult, host: str, port: int) -> None:
    """Ask the proxy at the other end for a way to a host (RFC 9110, 9.3.6).

    Raises:
        Malformed: it does not give one.

    """
    target = f"{host}:{port}"
    sock.sendall(request_head("CONNECT", target, {"Host": target, **_authorization(proxy)}))
    with _unbuffered(sock) as stream:
        head = read_head(stream)
    if head.status != HTTPStatus.OK:
        raise Malformed(f"the proxy {proxy.hostname}:{proxy.port or 80} answered {head.status}")


def _unbuffered(sock: socket) -> BufferedReader:
    """Return a stream that takes not a byte more than is asked for: what follows the head is TLS."""
    return BufferedReader(sock.makefile("rb", buffering=0), buffer_size=1)


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
