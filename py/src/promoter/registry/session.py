"""Requests to one registry: authorised, tried again where that helps, and their failures in words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from threading import Lock

from promoter.errors import NotFound, PromoterError, TimedOut, Unreachable
from promoter.http.client import HttpClient
from promoter.http.connection import Body, ConnectionFailed, Response, origin_of, resolve
from promoter.registry.auth import Authenticator
from promoter.registry.scopes import Scopes

_READS = frozenset({"GET", "HEAD"})


class RegistrySession:
    """One registry under one credential.

    Args:
        host: with its port.
        http: the client whose connections are used.
        auth: what answers the registry's challenges.

    """

    def __init__(self, host: str, http: HttpClient, auth: Authenticator) -> None:
        self.host = host
        self.http = http
        self._auth = auth
        self.has_referrers_api = True  # until it answers otherwise
        self._home = origin_of(f"https://{host}/")
        self._arrivals: dict[tuple[str, str], Lock] = {}

    def expect(self, scopes: Iterable[str]) -> None:
        """Prepare for requests with these token scopes: what can be asked for together is."""
        self._auth.expect(scopes)

    def arrival(self, repository: str, digest: str) -> Lock:
        """Return what one thread at a time holds that brings a blob: distribution fails pushes of it that collide."""
        return self._arrivals.setdefault((repository, digest), Lock())

    def request(
        self,
        method: str,
        path: str,
        scopes: Scopes,
        headers: dict[str, str] | None = None,
        body: Body = None,
        *,
        once: bool = False,
    ) -> Response:
        """Send a request, meeting a challenge if one comes. Any status but the registry's own 401 is returned.

        What goes to another host, which the registry named, has no Authorization.

        Args:
            method: the HTTP method.
            path: below the host, or an absolute URL the registry gave (`Location`, `Link`).
            scopes: the token scopes it needs, such as `repository:project/name:pull,push`.
            headers: besides Authorization.
            body: see `HttpClient.request`.
            once: leave trying again to the caller, who gets `TryAgain` or `ConnectionFailed`.

        Raises:
            NotPermitted: the credential is not accepted.
            Unreachable: no answer; or the registry names a place without TLS.

        """
        url = resolve(f"https://{self.host}/", path)
        sent = self._authorization(url, scopes, once=once)
        response = self._send(method, url, {**(headers or {}), **sent}, body, once=once)
        if not self._is_challenge(response):
            return response
        response.drain()
        self._auth.answer(response.headers.get("WWW-Authenticate"), scopes, sent.get("Authorization"))
        sent = self._authorization(url, scopes, once=once)
        response = self._send(method, url, {**(headers or {}), **sent}, body, once=once)
        if self._is_challenge(response):
            raise self._auth.refused(f"it answered 401{said(response)} to {' '.join(scopes)}", scopes)
        return response

    def _is_challenge(self, response: Response) -> bool:
        return response.status == HTTPStatus.UNAUTHORIZED and origin_of(response.url) == self._home

    def _authorization(self, url: str, scopes: Scopes, *, once: bool) -> dict[str, str]:
        origin = origin_of(url)
        if origin[0] != "https":
            raise Unreachable(
                f"{self.host} sends callers to {origin[1]} without TLS.",
                "Ask whoever runs the registry to let it name itself by https://, or by paths alone.",
            )
        return self._auth.headers(scopes, once=once) if origin == self._home else {}

    def _send(self, method: str, url: str, headers: dict[str, str], body: Body, *, once: bool) -> Response:
        try:
            if method in _READS:
                return self.http.follow(method, url, headers, once=once)
            return (self.http.attempt if once else self.http.request)(method, url, headers, body)
        except ConnectionFailed as failure:
            if origin_of(url) == self._home:
                raise
            message = f"{self.host} sends callers elsewhere: {failure.message}"
            raise ConnectionFailed(message, failure.remedy, sent=failure.sent) from failure

    def failure(self, response: Response, doing: str) -> PromoterError:
        """Turn an answer that is no success into the error it means.

        Args:
            response: the answer; its body is read.
            doing: what was asked for, such as `pushing the manifest of HOST/NAME:TAG`.

        """
        status, words = response.status, said(response)
        if status == HTTPStatus.FORBIDDEN:
            error: PromoterError = self._auth.refused(f"403{words} while {doing}")
        elif status == HTTPStatus.NOT_FOUND:
            error = NotFound(
                f"{self.host} does not have it: {doing} answered 404{words}.",
                "Check the project, the name and the tag or digest.",
            )
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            error = Unreachable(
                f"{self.host} takes no writes: {doing} answered 405{words}.",
                "The registry is read-only, perhaps for maintenance. Run this again once it takes writes again.",
            )
        elif status == HTTPStatus.INSUFFICIENT_STORAGE:
            error = Unreachable(
                f"{self.host} is full: {doing} answered 507{words}.",
                "Free space in the registry's storage, then run this again.",
            )
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            error = Unreachable(
                f"{self.host} limits the rate and kept doing so: {doing} answered 429{words}.",
                "Wait, or ask for a higher limit.",
            )
        else:
            error = Unreachable(
                f"{self.host} failed: {doing} answered {status}{words}.",
                "Look at the registry's log and free space, then run this again.",
            )
        return error


def said(response: Response) -> str:
    """Return what a registry's error body says, as ` (CODE: message)`; nothing where it says nothing, or breaks off."""
    try:
        error = json.loads(response.read())["errors"][0]
        detail = f": {error['message']}" if error.get("message") else ""
        return f" ({error['code']}{detail})"
    except (ConnectionFailed, TimedOut, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
