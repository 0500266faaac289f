"""What the unit tests share: an environment without proxies, signal handlers put back, servers and clients."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from promoter.http.client import HttpClient
from promoter.http.connection import Body, Response
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.http.waits import Lulls
from promoter.interrupts import install
from tests.support.tls import CertificateAuthority, ServerCertificate
from tests.unit.scripted import ScriptedServer

IMPATIENT = Patience(attempts=1)
QUICK = Patience(attempts=4, first_wait=0.001, longest_wait=0.02)


class TidyClient(HttpClient):
    """A client that also closes the answers nobody has read; `said` are the lines it had for people."""

    def __init__(self, trust: Trust, deadline: Deadline, patience: Patience, lulls: Lulls | None = None) -> None:
        self.said: list[str] = []
        super().__init__(trust, deadline, patience, "unit-tests", self.said.append, lulls=lulls)
        self._answers: list[Response] = []

    def send(self, method: str, url: str, headers: dict[str, str] | None = None, body: Body = None) -> Response:
        """Send a request once."""
        response = super().send(method, url, headers, body)
        self._answers.append(response)
        return response

    def close(self) -> None:
        """Close all connections."""
        for response in self._answers:
            response.close()
        super().close()


ClientFactory = Callable[..., TidyClient]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the proxies count that a test names."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the handlers of signals back afterwards; what has arrived is forgotten."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    install()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def certificate(ca: CertificateAuthority) -> ServerCertificate:
    """What all scripted servers present."""
    return ca.issue("scripted")


@pytest.fixture
def server(certificate: ServerCertificate) -> Iterator[ScriptedServer]:
    """A server that answers as the test says."""
    with ScriptedServer(certificate) as running:
        yield running


@pytest.fixture
def other_server(certificate: ServerCertificate) -> Iterator[ScriptedServer]:
    """Another one, on another port: another origin."""
    with ScriptedServer(certificate) as running:
        yield running


@pytest.fixture
def make_client(ca: CertificateAuthority) -> Iterator[ClientFactory]:
    """Make clients that trust the rig's CA, try once and have half a minute, if nothing else is said."""
    with ExitStack() as stack:

        def make(
            patience: Patience = IMPATIENT,
            seconds: float = 30,
            trust: Trust | None = None,
            lulls: Lulls | None = None,
        ) -> TidyClient:
            client = TidyClient(trust or Trust(ca.certificate), Deadline(seconds), patience, lulls)
            return stack.enter_context(closing(client))

        yield make
