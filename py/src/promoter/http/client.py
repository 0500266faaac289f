"""A client that keeps connections and tries again what failed in passing."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from promoter.errors import Unreachable
from promoter.http.connection import Body, Connection, ConnectionFailed, Origin, Response, host_of, origin_of, resolve
from promoter.http.deadline import Deadline
from promoter.http.pace import Pace
from promoter.http.patience import Patience, TryAgain
from promoter.http.persistence import persist
from promoter.http.trust import Trust
from promoter.http.waits import Lulls, Waits, say_nothing

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
Result = TypeVar("Result")
_SAFE = frozenset({"GET", "HEAD"})


class HttpClient:
    """Sends requests to any host under one trust and one deadline. Safe to share between threads.

    Args:
        trust: whose certificates are accepted.
        deadline: when to stop trying.
        patience: how often to try.
        user_agent: what servers log.
        say: takes a line for people, of what is waited for.
        note_unverified: takes the host of each connection on which no certificate is verified.
        lulls: where hosts are noted that ask to be left in peace; shared by the clients that are to keep to it.
        pace: where it is noted how quickly hosts answer; shared likewise.

    """

    def __init__(
        self,
        trust: Trust,
        deadline: Deadline,
        patience: Patience,
        user_agent: str,
        say: Callable[[str], None] = say_nothing,
        *,
        note_unverified: Callable[[str], None] = say_nothing,
        lulls: Lulls | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.deadline = deadline
        self._trust = trust
        self._patience = patience
        self._user_agent = user_agent
        self._waits = Waits(say, lulls)
        self._note_unverified = note_unverified
        self.pace = pace or Pace()
        self._idle: dict[Origin, list[Connection]] = {}
        self._lock = Lock()

    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: Body = None,
    ) -> Response:
        """Send a request, again and again while it fails in passing.

        Passing failures are connections refused, reset or cut, and the statuses 429, 500, 502, 503 and 504; a
        `Retry-After` is honoured. What is left after the last attempt is returned, or raised if there is no answer.

        Args:
            method: the HTTP method; asked for twice, it must do no more than once.
            url: absolute.
            headers: besides Host, User-Agent and Content-Length.
            body: bytes, or a function that gives a fresh iterator for each attempt (with a Content-Length header).

        Raises:
            NotTrusted: the certificate is not accepted.
            Unreachable: no answer, after all attempts.
            TimedOut: the deadline has passed.

        """
        try:
            return self.persist(lambda: self.attempt(method, url, headers, body))
        except TryAgain as last:
            return last.response

    def persist(self, attempt: Callable[[], Result]) -> Result:
        """Call `attempt` again while it fails in passing, as patient as this client is; see `persist`."""
        return persist(attempt, self._patience, self.deadline, self._waits)

    def attempt(self, method: str, url: str, headers: dict[str, str] | None = None, body: Body = None) -> Response:
        """Send a request once.

        Raises:
            TryAgain: the answer is one that may be better next time.
            ConnectionFailed: there is no answer.

        """
        response = self.send(method, url, headers, body)
        if response.status in RETRIED_STATUSES:
            raise TryAgain(response)
        return response

    def send(self, method: str, url: str, headers: dict[str, str] | None = None, body: Body = None) -> Response:
        """Send a request once; a GET or HEAD once more if a kept connection turned out to be closed.

        Raises:
            NotTrusted: the certificate is not accepted.
            ConnectionFailed: no answer.
            TimedOut: the deadline has passed.

        """
        self._keep_peace(host_of(url))
        origin = origin_of(url)
        sent = {"User-Agent": self._user_agent, **(headers or {})}
        connection = self._take(origin)
        begun = time.monotonic()
        try:
            head, stream = connection.send(method, url, sent, body)
        except ConnectionFailed:
            if not connection.used or method not in _SAFE:
                raise
            connection = self._connection(origin)
            head, stream = connection.send(method, url, sent, body)
        if method in _SAFE:
            self.pace.note(host_of(url), time.monotonic() - begun)
        return Response(method, url, head, stream, lambda reusable: self._give_back(connection, reusable))

    def _keep_peace(self, host: str) -> None:
        """Wait while a host is to be left in peace, if there is time to."""
        seconds = self._waits.lulls.remaining(host)
        if 0 < seconds < self.deadline.remaining:
            self.deadline.pause(seconds)

    def follow(self, method: str, url: str, headers: dict[str, str], *, once: bool = False) -> Response:
        """Send a GET or HEAD and go where redirects lead; `Authorization` stays with the host it was meant for.

        With `once` it is for the caller to try again; see `attempt`.

        Raises:
            Unreachable: too many redirects, or one away from TLS.

        """
        for _ in range(_MOST_REDIRECTS):
            response = (self.attempt if once else self.request)(method, url, headers)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            target = resolve(url, response.headers.get("Location"))
            if origin_of(url)[0] == "https" and origin_of(target)[0] != "https":
                break
            if origin_of(target) != origin_of(url):
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
            url = target
        raise Unreachable(
            f"{host_of(url)} redirects without end, or to a place without TLS.",
            "Ask whoever runs the registry where its blobs are served from.",
        )

    def close(self) -> None:
        """Close all kept connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _take(self, origin: Origin) -> Connection:
        with self._lock:
            kept = self._idle.get(origin, [])
            while kept:
                connection = kept.pop()
                if not connection.is_dropped:
                    return connection
                connection.close()
        return self._connection(origin)

    def _connection(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        if scheme == "https" and not self._trust.verify:
            self._note_unverified(f"{host}:{port}")
        return Connection(origin, self._trust, self.deadline)

    def _give_back(self, connection: Connection, reusable: bool) -> None:
        if not reusable:
            connection.close()
            return
        with self._lock:
            self._idle.setdefault(connection.origin, []).append(connection)
