"""The proxy that the environment names (HTTPS_PROXY, NO_PROXY), and the tunnel through it."""

from __future__ import annotations

import os
from base64 import b64encode
from http import HTTPStatus
from io import BufferedReader
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from promoter.errors import Unreachable, WrongUsage
from promoter.http.channel import Channel
from promoter.http.wire import Malformed, read_head, request_head


class Proxy(NamedTuple):
    """A proxy, and the environment variable that names it."""

    url: SplitResult
    variable: str

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.url.hostname or "", self.url.port or 80

    def __str__(self) -> str:
        """Write it without its password."""
        host, port = self.address
        return f"{host}:{port} ({self.variable})"


def proxy_for(scheme: str, host: str, port: int) -> Proxy | None:
    """Return the proxy for what is at this host; nothing if it is reached directly.

    Raises:
        WrongUsage: the environment variable is no URL of a proxy.

    """
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    name = next((name for name in names if os.environ.get(name)), None)
    if name is None:
        return None
    value = os.environ[name]
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
            f"The environment variable {name} is no URL of a proxy.",
            "Write it as http://[user:password@]host:port, with special characters percent-encoded.",
        ) from None
    return Proxy(proxy, name)


def open_tunnel(channel: Channel, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy at the other end for a way to a host (RFC 9110, 9.3.6).

    Raises:
        Unreachable: it refuses.
        OSError, Malformed: it does not give one now.

    """
    target = f"{host}:{port}"
    channel.send(request_head("CONNECT", target, {"Host": target, **_authorization(proxy.url)}))
    with _unbuffered(channel) as stream:
        head = read_head(stream)
    if head.status == HTTPStatus.OK:
        return
    if HTTPStatus.BAD_REQUEST <= head.status < HTTPStatus.TOO_MANY_REQUESTS:  # what we ask for, or who we are
        raise Unreachable(*no_way_through(proxy, host, port, f"it answered {head.status}"))
    raise Malformed(f"it answered {head.status}")


def _unbuffered(channel: Channel) -> BufferedReader:
    """Return a stream that takes not a byte more than is asked for: what follows the head is TLS."""
    return BufferedReader(channel, buffer_size=1)


def no_way_through(proxy: Proxy, host: str, port: int, why: str) -> tuple[str, str]:
    """Return message and remedy for a proxy that does not let us through."""
    return (
        f"The proxy {proxy} does not lead to {host}:{port}: {why}.",
        f"Check {proxy.variable}, also the user and the password in it; or name {host} in NO_PROXY if it needs none.",
    )


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
