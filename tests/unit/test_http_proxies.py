"""Proxies, as the environment names them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest

from promoter.errors import TimedOut, Unreachable, WrongUsage
from promoter.http.connection import ConnectionFailed, NotTrusted
from promoter.http.trust import Trust
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.connect_proxy import ConnectProxy
from tests.unit.plain import PlainServer
from tests.unit.scripted import ScriptedServer, reply

PASSWORD = "p@ss/w:rd"
BASIC = f"Basic {b64encode(f'alice:{PASSWORD}'.encode()).decode()}"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    """A proxy for everybody; HTTPS_PROXY names it."""
    with ConnectProxy() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.address)
        yield running


@pytest.fixture
def guarded_proxy() -> Iterator[ConnectProxy]:
    with ConnectProxy(BASIC) as running:
        yield running


def test_a_proxy_is_gone_through(server: ScriptedServer, proxy: ConnectProxy, make_client: ClientFactory) -> None:
    server.will(reply(200, b"content"))
    client = make_client()
    for _ in range(2):
        assert client.request("GET", server.url()).read() == b"content"
    assert proxy.tunnels == [server.host]
    assert proxy.credentials == [None]


@pytest.mark.parametrize(
    "setting", ["HTTPS_PROXY=http://{}", "https_proxy={}", "HTTPS_PROXY={}/", "https_proxy=HTTP://{}"]
)
def test_a_proxy_is_named_in_several_ways(
    server: ScriptedServer, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    name, _, value = setting.partition("=")
    with ConnectProxy() as named:
        monkeypatch.setenv(name, value.format(named.address))
        make_client().request("GET", server.url()).read()
    assert named.tunnels == [server.host]


def test_a_proxy_gets_its_credentials_and_the_server_does_not(
    server: ScriptedServer, guarded_proxy: ConnectProxy, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://alice:p%40ss%2Fw%3Ard@{guarded_proxy.address}")
    make_client().request("GET", server.url())
    assert guarded_proxy.credentials == [BASIC]
    assert "Proxy-Authorization" not in server.requests[0].headers


def test_a_proxy_that_does_not_let_us_through(
    server: ScriptedServer, guarded_proxy: ConnectProxy, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://bob:wrong-secret@{guarded_proxy.address}")
    with pytest.raises(Unreachable) as caught:
        make_client(QUICK).request("PUT", server.url())
    assert caught.value.message == (
        f"The proxy {guarded_proxy.address} (HTTPS_PROXY) does not lead to {server.host}: it answered 407."
    )
    assert "-secret" not in f"{caught.value} {caught.value.remedy}"
    assert guarded_proxy.tunnels == [server.host], "it is not asked again"
    assert server.requests == []


def test_a_proxy_that_is_down(
    server: ScriptedServer, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ConnectProxy() as stopped:
        monkeypatch.setenv("https_proxy", f"http://bob:secret@{stopped.address}")
    with pytest.raises(ConnectionFailed) as caught:
        make_client(QUICK).request("GET", server.url())
    assert caught.value.message == (
        f"The proxy {stopped.address} (https_proxy) does not lead to {server.host}: Connection refused."
    )
    assert "Check https_proxy" in caught.value.remedy
    assert not caught.value.sent


FAILING = {
    "busy": (b"HTTP/1.1 503 Busy\r\n\r\n", "it answered 503"),
    "too many requests": (b"HTTP/1.1 429 Slowly\r\n\r\n", "it answered 429"),
    "no proxy": (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
    "no answer": (b"", "the connection was closed without an answer"),
}


@pytest.mark.parametrize(("answer", "why"), FAILING.values(), ids=FAILING.keys())
def test_a_proxy_that_fails_is_tried_again_and_named(
    make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch, answer: bytes, why: str
) -> None:
    with PlainServer(answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(ConnectionFailed) as caught:
            make_client(QUICK).request("GET", "https://registry.example.com/")
    assert caught.value.message == (
        f"The proxy {proxy.address} (HTTPS_PROXY) does not lead to registry.example.com:443: {why}."
    )
    assert proxy.connections == QUICK.attempts


def test_a_proxy_that_does_not_exist(make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.invalid:3128")
    with pytest.raises(ConnectionFailed, match=r"^The proxy proxy\.invalid:3128 \(HTTPS_PROXY\) does not lead to "):
        make_client().request("GET", "https://registry.example.com/")


def test_a_proxy_that_drips_is_not_waited_for(make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    with PlainServer(b"HTTP/1.1 200 OK\r\n", drop=b"X: x\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(TimedOut):
            make_client(seconds=0.3).request("GET", "https://registry.example.com/")


def test_a_certificate_is_looked_at_behind_a_proxy_too(
    server: ScriptedServer, proxy: ConnectProxy, make_client: ClientFactory
) -> None:
    with pytest.raises(NotTrusted, match=server.host):
        make_client(trust=Trust()).request("GET", server.url())


@pytest.mark.parametrize(
    "setting",
    [
        "NO_PROXY=localhost",
        "no_proxy=localhost",
        "NO_PROXY=*",
        "NO_PROXY=example.com, localhost",
        "NO_PROXY=localhost:{}",
    ],
)
def test_hosts_that_need_no_proxy(
    server: ScriptedServer,
    proxy: ConnectProxy,
    make_client: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    name, _, value = setting.partition("=")
    monkeypatch.setenv(name, value.format(server.port))
    assert make_client().request("GET", server.url()).status == 200
    assert proxy.tunnels == []


@pytest.mark.parametrize("value", ["example.com", "host", "localhost:1", ""])
def test_hosts_that_need_one_all_the_same(
    server: ScriptedServer, proxy: ConnectProxy, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("NO_PROXY", value)
    make_client().request("GET", server.url())
    assert proxy.tunnels == [server.host]


def test_a_proxy_for_others_is_left_alone(
    server: ScriptedServer, proxy: ConnectProxy, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HTTPS_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy.address)
    make_client().request("GET", server.url())
    assert proxy.tunnels == []


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "http://alice:pass/word@proxy:3128",
        "http://proxy:port",
        "http://proxy:70000",
        "http://proxy:0",
        "http://[::1",
        "https://alice:password@proxy:3128",
        "socks5://proxy:1080",
    ],
)
def test_what_is_no_proxy_is_wrong_usage_and_not_shown(
    server: ScriptedServer, make_client: ClientFactory, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(WrongUsage, match="HTTPS_PROXY is no URL of a proxy") as caught:
        make_client(QUICK).request("GET", server.url())
    assert caught.value.__suppress_context__
    assert "pass" not in caught.value.message
    assert server.requests == []
