"""Requests to a registry: authorised there and nowhere else, and their failures in words."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable

import pytest

from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable
from promoter.http.connection import ConnectionFailed
from promoter.http.patience import TryAgain
from promoter.registry.auth import Authenticator
from promoter.registry.session import RegistrySession
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import Answer, Exchange, ScriptedServer, cut_short, no_answer, raw, reply

SECRET = "s3cret-of-the-session"
CREDENTIAL = Credential("env:TOKEN", "alice", SECRET)
BASIC = f"Basic {b64encode(f'alice:{SECRET}'.encode()).decode()}"
SCOPES = ("repository:shop/web:pull",)
CHALLENGE = reply(401, b"{}", WWW_Authenticate='Basic realm="registry"')
TOKEN = reply(200, b'{"token": "registry-token"}')

MakeSession = Callable[..., RegistrySession]


@pytest.fixture
def make_session(server: ScriptedServer, make_client: ClientFactory) -> MakeSession:
    """Make sessions with `server` for their registry."""

    def make(credential: Credential = CREDENTIAL) -> RegistrySession:
        client = make_client(QUICK)
        return RegistrySession(server.host, client, Authenticator(server.host, client, credential))

    return make


def authorizations(server: ScriptedServer) -> list[tuple[str, str | None]]:
    return [(seen.path, seen.headers["Authorization"]) for seen in server.requests]


def said(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def test_a_challenge_is_met_once_and_remembered(server: ScriptedServer, make_session: MakeSession) -> None:
    session = make_session()
    server.will(CHALLENGE, reply())
    for path in ("/v2/a", "/v2/b"):
        assert session.request("GET", path, SCOPES).status == 200
    assert authorizations(server) == [("/v2/a", None), ("/v2/a", BASIC), ("/v2/b", BASIC)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"])
def test_any_request_meets_a_challenge(server: ScriptedServer, make_session: MakeSession, method: str) -> None:
    server.will(CHALLENGE, reply(202))
    body = b"content" if method in {"PUT", "POST", "PATCH"} else None
    response = make_session().request(method, "/v2/a", SCOPES, {"X-Mine": "yes"}, body)
    assert response.status == 202
    assert [(seen.method, seen.headers["X-Mine"]) for seen in server.requests] == [(method, "yes")] * 2
    assert [seen.body for seen in server.requests] == [body or b""] * 2


def test_a_registry_that_asks_for_nothing_is_shown_nothing(server: ScriptedServer, make_session: MakeSession) -> None:
    make_session().request("GET", "/v2/a", SCOPES)
    assert authorizations(server) == [("/v2/a", None)]


def test_a_challenge_whose_body_breaks_off_is_met(server: ScriptedServer, make_session: MakeSession) -> None:
    server.will(raw(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 9\r\n\r\n{'), reply())
    assert make_session().request("GET", "/v2/a", SCOPES).status == 200
    assert authorizations(server) == [("/v2/a", None), ("/v2/a", BASIC)]


def test_challenges_in_several_headers(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession
) -> None:
    def two_headers(exchange: Exchange) -> None:
        exchange.send_response(401)
        exchange.send_header("WWW-Authenticate", 'Digest realm="registry"')
        exchange.send_header("WWW-Authenticate", f'Bearer realm="{other_server.url("/token")}"')
        exchange.send_header("Content-Length", "0")
        exchange.end_headers()

    other_server.will(TOKEN)
    server.will(two_headers, reply())
    assert make_session().request("GET", "/v2/a", SCOPES).status == 200
    assert authorizations(server) == [("/v2/a", None), ("/v2/a", "Bearer registry-token")]


def test_a_credential_that_is_not_accepted(server: ScriptedServer, make_session: MakeSession) -> None:
    challenge = {"WWW_Authenticate": 'Basic realm="registry"'}
    server.will(CHALLENGE, reply(401, said("UNAUTHORIZED", "expired"), **challenge))
    with pytest.raises(NotPermitted) as caught:
        make_session().request("GET", "/v2/a", SCOPES)
    assert "the credential env:TOKEN: it answered 401 (UNAUTHORIZED: expired) to repository:shop/web:pull" in str(
        caught.value
    )
    assert SECRET not in f"{caught.value} {caught.value.remedy}"
    assert len(server.requests) == 2


def test_a_401_without_a_challenge(server: ScriptedServer, make_session: MakeSession) -> None:
    server.will(reply(401))
    with pytest.raises(NotPermitted, match="asks for no known authentication"):
        make_session().request("GET", "/v2/a", SCOPES)


def test_nobody_cannot_meet_a_basic_challenge(server: ScriptedServer, make_session: MakeSession) -> None:
    server.will(CHALLENGE)
    with pytest.raises(NotPermitted, match="the credential anonymous"):
        make_session(ANONYMOUS).request("GET", "/v2/a", SCOPES)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_host_that_the_registry_names_is_shown_nothing(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession, method: str
) -> None:
    session = make_session()
    server.will(CHALLENGE, reply())
    session.request("GET", "/v2/a", SCOPES)
    other_server.will(reply(401, WWW_Authenticate='Basic realm="mine"'))
    assert session.request(method, other_server.url("/upload"), SCOPES).status == 401
    assert authorizations(other_server) == [("/upload", None)]


def test_a_challenge_at_the_end_of_a_redirect_is_not_met(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession
) -> None:
    server.will(CHALLENGE, reply(307, Location=other_server.url("/blob")))
    other_server.will(reply(401, WWW_Authenticate=f'Bearer realm="{other_server.url("/token")}"'))
    assert make_session().request("GET", "/v2/a", SCOPES).status == 401
    assert authorizations(other_server) == [("/blob", None)]


@pytest.mark.parametrize("location", ["https://{host}/upload?state=1", "/upload?state=1", "//{host}/upload?state=1"])
def test_the_registry_itself_is_shown_what_it_asked_for(
    server: ScriptedServer, make_session: MakeSession, location: str
) -> None:
    server.will(CHALLENGE, reply())
    make_session().request("PUT", location.format(host=server.host), SCOPES)
    assert authorizations(server)[-1] == ("/upload?state=1", BASIC)


@pytest.mark.parametrize("location", ["http://{host}/upload", "ftp://{host}/upload"])
def test_nothing_is_sent_without_tls(server: ScriptedServer, make_session: MakeSession, location: str) -> None:
    with pytest.raises(Unreachable, match=r" (sends callers to localhost without TLS|names an address that)"):
        make_session().request("PUT", location.format(host=server.host), SCOPES)
    assert server.connections == 0


def test_what_fails_in_passing_is_tried_again(server: ScriptedServer, make_session: MakeSession) -> None:
    server.will(reply(503), no_answer, reply(201))
    assert make_session().request("PUT", "/v2/a", SCOPES).status == 201


def test_trying_again_can_be_left_to_the_caller(server: ScriptedServer, make_session: MakeSession) -> None:
    session = make_session()
    server.will(reply(503))
    with pytest.raises(TryAgain):
        session.request("PUT", "/v2/a", SCOPES, once=True)
    assert len(server.requests) == 1


def test_a_challenge_is_met_even_if_trying_again_is_left_to_the_caller(
    server: ScriptedServer, make_session: MakeSession
) -> None:
    server.will(CHALLENGE, reply(202))
    assert make_session().request("POST", "/v2/a", SCOPES, once=True).status == 202


def test_a_token_that_expired_is_renewed(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession
) -> None:
    challenge = reply(401, WWW_Authenticate=f'Bearer realm="{other_server.url("/token")}"')
    server.will(challenge, reply(200), challenge, reply(200))
    other_server.will(TOKEN, reply(200, b'{"token": "second-token"}'))
    session = make_session()
    for _ in range(2):
        assert session.request("GET", "/v2/a", SCOPES).status == 200
    assert [shown for _, shown in authorizations(server)] == [
        None,
        "Bearer registry-token",
        "Bearer registry-token",
        "Bearer second-token",
    ]


def test_threads_that_are_challenged_at_once_fetch_one_token(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession
) -> None:
    threads_at_once = 6
    together = threading.Barrier(threads_at_once)

    def answer(exchange: Exchange) -> None:
        if "Authorization" in exchange.headers:
            exchange.reply(200)
        else:
            together.wait(timeout=10)
            exchange.reply(401, {"WWW-Authenticate": f'Bearer realm="{other_server.url("/token")}"'})

    server.will(answer)
    other_server.will(TOKEN)
    session = make_session()
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(session.request("GET", "/v2/a", SCOPES).status)

    threads = [threading.Thread(target=ask) for _ in range(threads_at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * threads_at_once
    assert len(other_server.requests) == 1


@pytest.mark.parametrize("answer", [reply(503), no_answer], ids=["busy", "no answer"])
def test_a_token_service_that_is_down_is_tried_as_often_as_anything(
    server: ScriptedServer, other_server: ScriptedServer, make_session: MakeSession, answer: Answer
) -> None:
    server.will(reply(401, WWW_Authenticate=f'Bearer realm="{other_server.url("/token")}"'))
    other_server.will(answer)
    session = make_session()
    with pytest.raises(Unreachable):
        session.http.persist(lambda: session.request("GET", "/v2/a", SCOPES, once=True))
    assert len(other_server.requests) == QUICK.attempts


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_who_named_a_host_that_cannot_be_reached_is_told(
    server: ScriptedServer, make_session: MakeSession, method: str
) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        make_session().request(method, "https://store.invalid/upload", SCOPES)
    assert caught.value.message.startswith(
        f"{server.host} sends callers elsewhere: https://store.invalid could not be reached"
    )
    assert not caught.value.sent


def test_an_error_that_breaks_off_says_nothing(server: ScriptedServer, make_session: MakeSession) -> None:
    server.will(cut_short(said("DENIED", "no push"), announced=1000, status=403))
    session = make_session()
    error = session.failure(session.request("PUT", "/v2/a", SCOPES), "pushing")
    assert isinstance(error, NotPermitted)
    assert error.message == f"{server.host} does not accept the credential env:TOKEN: 403 while pushing."


FAILURES: dict[str, tuple[int, bytes, type[PromoterError], str]] = {
    "403": (
        403,
        said("DENIED", "no push"),
        NotPermitted,
        r"credential env:TOKEN: 403 \(DENIED: no push\) while pushing",
    ),
    "404": (404, said("NAME_UNKNOWN", "no such"), NotFound, r"pushing answered 404 \(NAME_UNKNOWN: no such\)"),
    "405": (405, b"", Unreachable, "takes no writes: pushing answered 405"),
    "429": (429, said("TOOMANYREQUESTS", ""), Unreachable, r"kept doing so: pushing answered 429 \(TOOMANYREQUESTS\)"),
    "500": (500, b"<html>", Unreachable, r"failed: pushing answered 500\."),
    "507": (507, b"", Unreachable, "is full: pushing answered 507"),
    "400": (400, said("MANIFEST_INVALID", "bad"), Unreachable, r"pushing answered 400 \(MANIFEST_INVALID: bad\)"),
    "418": (418, b"", Unreachable, "pushing answered 418"),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_in_words(
    server: ScriptedServer, make_session: MakeSession, failure: tuple[int, bytes, type[PromoterError], str]
) -> None:
    status, body, kind, message = failure
    server.will(reply(status, body))
    session = make_session()
    error = session.failure(session.request("PUT", "/v2/a", SCOPES), "pushing")
    assert type(error) is kind
    assert server.host in error.message
    with pytest.raises(kind, match=message):
        raise error


SAYS_NOTHING = [b"", b"null", b"[]", b"{}", b'{"errors": []}', b'{"errors": null}', b'{"errors": ["x"]}', b"\xff\xfe"]


@pytest.mark.parametrize("body", SAYS_NOTHING)
def test_a_body_that_says_nothing_adds_nothing(server: ScriptedServer, make_session: MakeSession, body: bytes) -> None:
    server.will(reply(400, body))
    session = make_session()
    error = session.failure(session.request("GET", "/v2/a", SCOPES), "asking")
    assert error.message == f"{server.host} failed: asking answered 400."
