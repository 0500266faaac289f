"""Challenges, and the tokens that meet them."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from promoter.credentials.redaction import SECRETS, SHOWN
from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import NotPermitted, PassingFailure, PromoterError, Unreachable
from promoter.http.patience import Patience
from promoter.registry.auth import Authenticator, Challenge, parse_challenges
from tests.unit.conftest import QUICK, ClientFactory
from tests.unit.scripted import Answer, ScriptedServer, cut_short, no_answer, reply

SECRET = "s3cret-of-the-authenticator"
CREDENTIAL = Credential("env:TOKEN", "openshift", SECRET)
BASIC = f"Basic {b64encode(f'openshift:{SECRET}'.encode()).decode()}"
SCOPES = ("repository:shop/web:pull,push",)
OTHER_SCOPES = ("repository:shop/web:pull,push", "repository:shop/base:pull")

CHALLENGES: dict[str, tuple[str, list[tuple[str, dict[str, str]]]]] = {
    "nothing": ("", []),
    "scheme alone": ("Negotiate", [("negotiate", {})]),
    "basic": ('Basic realm="registry"', [("basic", {"realm": "registry"})]),
    "bearer": (
        'Bearer realm="https://r.io/token",service="r.io",scope="repository:shop/web:pull,push"',
        [("bearer", {"realm": "https://r.io/token", "service": "r.io", "scope": "repository:shop/web:pull,push"})],
    ),
    "space after commas": ('Bearer realm="a", service="b"', [("bearer", {"realm": "a", "service": "b"})]),
    "space around equal signs": ('Bearer realm = "a" , service= "b"', [("bearer", {"realm": "a", "service": "b"})]),
    "space all around": ('  Basic realm="a"  ', [("basic", {"realm": "a"})]),
    "without quotes": (
        "Bearer realm=https://r.io/token,service=r.io",
        [("bearer", {"realm": "https://r.io/token", "service": "r.io"})],
    ),
    "lower case": ('bearer realm="a"', [("bearer", {"realm": "a"})]),
    "upper case": ('BEARER REALM="A",Service="B"', [("bearer", {"realm": "A", "service": "B"})]),
    "empty value": ('Basic realm=""', [("basic", {"realm": ""})]),
    "escaped quotes": (r'Basic realm="the \"big\" one\\"', [("basic", {"realm": 'the "big" one\\'})]),
    "comma and scheme in quotes": ('Basic realm="a, Bearer b=c"', [("basic", {"realm": "a, Bearer b=c"})]),
    "equal sign in quotes": (
        'Bearer realm="https://r.io/token?a=b"',
        [("bearer", {"realm": "https://r.io/token?a=b"})],
    ),
    "parameter with a hyphen": ('Bearer realm="a",x-y="b"', [("bearer", {"realm": "a", "x-y": "b"})]),
    "parameter twice": ('Bearer realm="a",realm="b"', [("bearer", {"realm": "a"})]),
    "two challenges": (
        'Bearer realm="a",service="b", Basic realm="c"',
        [("bearer", {"realm": "a", "service": "b"}), ("basic", {"realm": "c"})],
    ),
    "two challenges, no space": ('Negotiate,Basic realm="c"', [("negotiate", {}), ("basic", {"realm": "c"})]),
    "comma in front": (', Basic realm="c"', [("basic", {"realm": "c"})]),
    "broken quotes": ('Basic realm="c', [("basic", {})]),
    "parameters alone": ('realm="c"', []),
}


@pytest.mark.parametrize(("header", "challenges"), CHALLENGES.values(), ids=CHALLENGES.keys())
def test_challenges_are_read(header: str, challenges: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(header) == [Challenge(*challenge) for challenge in challenges]


def test_a_scheme_with_a_token_of_its_own_does_not_hide_the_next() -> None:
    assert [challenge.scheme for challenge in parse_challenges('NTLM TlRMTVNTUAAC, Basic realm="c"')] == [
        "ntlm",
        "basic",
    ]


def token_answer(value: object = "registry-token", **more: object) -> Answer:
    return reply(200, json.dumps({"token": value, **more}).encode())


@pytest.fixture
def clock() -> list[float]:
    """The time, in seconds: a list of one, for tests to move on."""
    return [1000.0]


MakeAuth = Callable[..., Authenticator]


@pytest.fixture
def make_auth(make_client: ClientFactory, clock: list[float]) -> MakeAuth:
    def make(credential: Credential = CREDENTIAL, patience: Patience = QUICK) -> Authenticator:
        return Authenticator("registry.example.com", make_client(patience), credential, lambda: clock[0])

    return make


def bearer(server: ScriptedServer, path: str = "/token") -> str:
    return f'Bearer realm="{server.url(path)}",service="registry"'


def test_nothing_is_shown_before_it_is_asked_for(make_auth: MakeAuth) -> None:
    assert make_auth().headers(SCOPES) == {}


def test_a_basic_challenge(make_auth: MakeAuth) -> None:
    auth = make_auth()
    auth.answer('Basic realm="registry"', SCOPES)
    assert auth.headers(SCOPES) == auth.headers(OTHER_SCOPES) == {"Authorization": BASIC}


def test_a_bearer_challenge(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("registry-token"))
    auth = make_auth()
    auth.answer(bearer(server), OTHER_SCOPES)
    assert auth.headers(OTHER_SCOPES) == {"Authorization": "Bearer registry-token"}
    (seen,) = server.requests
    assert (seen.method, seen.headers["Authorization"]) == ("GET", BASIC)
    assert urlsplit(seen.path).path == "/token"
    assert parse_qsl(urlsplit(seen.path).query) == [
        ("service", "registry"),
        ("scope", OTHER_SCOPES[0]),
        ("scope", OTHER_SCOPES[1]),
    ]


def test_a_realm_with_a_query_of_its_own(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer())
    auth = make_auth()
    auth.answer(f'Bearer realm="{server.url("/token?tenant=a")}"', SCOPES)
    auth.headers(SCOPES)
    assert parse_qsl(urlsplit(server.requests[0].path).query) == [("tenant", "a"), ("scope", SCOPES[0])]


def test_nobody_gets_an_anonymous_token(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("for-anybody"))
    auth = make_auth(ANONYMOUS)
    auth.answer(bearer(server), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer for-anybody"}
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("order", ["{bearer}, {basic}", "{basic}, {bearer}", "Negotiate, {basic}, {bearer}"])
def test_of_several_challenges_bearer_is_met(server: ScriptedServer, make_auth: MakeAuth, order: str) -> None:
    server.will(token_answer())
    auth = make_auth()
    auth.answer(order.format(bearer=bearer(server), basic='Basic realm="r"'), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer registry-token"}


def test_of_several_challenges_basic_is_met_where_there_is_no_bearer(make_auth: MakeAuth) -> None:
    auth = make_auth()
    auth.answer('Negotiate, Basic realm="r"', SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": BASIC}


UNMET = {
    "nothing": ("", "no known"),
    "unknown": ('Digest realm="r"', "digest"),
    "several unknown": ('NTLM, Negotiate, Digest realm="r"', "ntlm"),
}


@pytest.mark.parametrize(("header", "named"), UNMET.values(), ids=UNMET.keys())
def test_a_challenge_that_nobody_can_meet(make_auth: MakeAuth, header: str, named: str) -> None:
    with pytest.raises(NotPermitted, match=rf"registry\.example\.com asks for .*{named}.* authentication"):
        make_auth().answer(header, SCOPES)


def test_a_basic_challenge_cannot_be_met_by_nobody(make_auth: MakeAuth) -> None:
    with pytest.raises(NotPermitted, match="does not accept the credential anonymous: it asks for a user"):
        make_auth(ANONYMOUS).answer('Basic realm="r"', SCOPES)


@pytest.mark.parametrize(
    "realm",
    ["http://{host}/token", "", "/token", "//{host}/token", "{host}/token", "ftp://{host}/token", "file:///token"],
    ids=["http", "empty", "path", "no scheme", "host", "ftp", "file"],
)
def test_no_credential_goes_to_a_realm_without_tls(server: ScriptedServer, make_auth: MakeAuth, realm: str) -> None:
    auth = make_auth()
    auth.answer(f'Bearer realm="{realm.format(host=server.host)}"', SCOPES)
    with pytest.raises(NotPermitted, match="which has no TLS"):
        auth.headers(SCOPES)
    assert server.connections == 0


@pytest.mark.parametrize("realm", ["https://", "https://{host}0/token", "https://[::1/token"])
def test_a_realm_that_is_nowhere(server: ScriptedServer, make_auth: MakeAuth, realm: str) -> None:
    auth = make_auth()
    auth.answer(f'Bearer realm="{realm.format(host=server.host)}"', SCOPES)
    with pytest.raises(Unreachable, match=r"registry\.example\.com names an address that cannot be used"):
        auth.headers(SCOPES)


def test_a_credential_is_not_sent_on_to_where_a_token_service_redirects(
    server: ScriptedServer, other_server: ScriptedServer, make_auth: MakeAuth
) -> None:
    server.will(reply(302, Location=other_server.url("/token")))
    error = failure(make_auth(), server)
    assert "answered 302 and gave no token" in error.message
    assert other_server.connections == 0


def failure(auth: Authenticator, server: ScriptedServer) -> PromoterError:
    auth.answer(bearer(server), SCOPES)
    with pytest.raises(PromoterError) as caught:
        auth.headers(SCOPES)
    assert SECRET not in f"{caught.value} {caught.value.remedy}"
    return caught.value


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_service_that_refuses(server: ScriptedServer, make_auth: MakeAuth, status: int) -> None:
    server.will(reply(status, b"<html>go away</html>"))
    error = failure(make_auth(), server)
    assert isinstance(error, NotPermitted)
    assert "does not accept the credential env:TOKEN" in error.message
    assert f"its token service answered {status} to {SCOPES[0]}" in error.message
    assert len(server.requests) == 1


def test_a_token_service_that_refuses_nobody(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(reply(401))
    assert "the credential anonymous" in failure(make_auth(ANONYMOUS), server).message


NO_TOKEN = {
    "server error": (reply(500, b"database is down"), 500),
    "error with a token": (reply(404, b'{"token": "no-token"}'), 404),
    "not found": (reply(404, b'{"errors": [{"code": "NOT_FOUND"}]}'), 404),
    "HTML": (reply(200, b"<html>Log in</html>"), 200),
    "empty": (reply(200), 200),
    "nothing in it": (reply(200, b"{}"), 200),
    "a list": (reply(200, b'["registry-token"]'), 200),
    "not text": (reply(200, b"\xff\xfe"), 200),
    "null": (token_answer(None), 200),
    "empty token": (token_answer(""), 200),
    "a number": (token_answer(5), 200),
    "a list for a token": (token_answer(["registry-token"]), 200),
    "two lines": (token_answer("registry-token\r\nX-Injected: yes"), 200),
    "no ASCII": (token_answer("tökén"), 200),
    "space": (token_answer("registry token"), 200),
}


@pytest.mark.parametrize(("answer", "status"), NO_TOKEN.values(), ids=NO_TOKEN.keys())
def test_a_token_service_that_gives_no_token(
    server: ScriptedServer, make_auth: MakeAuth, answer: Answer, status: int
) -> None:
    server.will(answer)
    error = failure(make_auth(), server)
    assert isinstance(error, Unreachable)
    assert f"The token service of registry.example.com answered {status} and gave no token" in error.message


def test_a_token_service_that_fails_in_passing(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(reply(503), no_answer, token_answer())
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer registry-token"}


def test_a_token_that_breaks_off_is_asked_for_again(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(cut_short(b'{"token": "regis', announced=100), token_answer())
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer registry-token"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_that_breaks_off_is_a_refusal(server: ScriptedServer, make_auth: MakeAuth, status: int) -> None:
    server.will(cut_short(b"<html>", announced=100, status=status))
    assert f"its token service answered {status}" in failure(make_auth(), server).message
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [reply(503), no_answer, cut_short(b"{", announced=9)])
def test_trying_again_can_be_left_to_the_caller(server: ScriptedServer, make_auth: MakeAuth, answer: Answer) -> None:
    server.will(answer)
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    with pytest.raises(PassingFailure):
        auth.headers(SCOPES, once=True)
    assert len(server.requests) == 1


def test_a_token_service_that_asks_for_a_wait_gets_it(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(reply(429, Retry_After="1"), token_answer())
    auth = make_auth(patience=Patience(attempts=2, first_wait=0.001))
    auth.answer(bearer(server), SCOPES)
    begun = time.monotonic()
    assert auth.headers(SCOPES) == {"Authorization": "Bearer registry-token"}
    assert time.monotonic() - begun >= 1


TOKENS = {
    "token": {"token": "one"},
    "access_token": {"access_token": "one"},
    "both": {"token": "one", "access_token": "two"},
    "token is empty": {"token": "", "access_token": "one"},
    "token is null": {"token": None, "access_token": "one"},
}


@pytest.mark.parametrize("answer", TOKENS.values(), ids=TOKENS.keys())
def test_a_token_under_either_name(server: ScriptedServer, make_auth: MakeAuth, answer: dict[str, object]) -> None:
    server.will(reply(200, json.dumps(answer).encode()))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer one"}


def test_a_token_is_hidden_from_then_on(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("registry-token-to-hide"))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    auth.headers(SCOPES)
    assert SECRETS.redact("with registry-token-to-hide") == f"with {SHOWN}"


LIFETIMES = {
    "stated": ({"expires_in": 300}, 300),
    "fraction": ({"expires_in": 7.5}, 7.5),
    "missing": ({}, 60),
    "null": ({"expires_in": None}, 60),
    "a text": ({"expires_in": "300"}, 60),
    "garbage": ({"expires_in": "soon"}, 60),
    "a truth": ({"expires_in": True}, 60),
    "zero": ({"expires_in": 0}, 60),
    "negative": ({"expires_in": -5}, 60),
    "no number": ({"expires_in": float("nan")}, 60),
    "endless": ({"expires_in": 10**400}, 24 * 60 * 60),
}


@pytest.mark.parametrize(("stated", "lifetime"), LIFETIMES.values(), ids=LIFETIMES.keys())
def test_a_token_is_renewed_before_it_expires(
    server: ScriptedServer, make_auth: MakeAuth, clock: list[float], stated: dict[str, object], lifetime: float
) -> None:
    server.will(token_answer("first", **stated), token_answer("second", **stated))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer first"}
    clock[0] += lifetime * 0.7
    assert auth.headers(SCOPES) == {"Authorization": "Bearer first"}
    clock[0] += lifetime * 0.2
    assert auth.headers(SCOPES) == {"Authorization": "Bearer second"}
    assert len(server.requests) == 2


def test_other_scopes_need_another_token(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("first"), token_answer("second"))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    shown = [auth.headers(scopes)["Authorization"] for scopes in (SCOPES, OTHER_SCOPES, SCOPES, OTHER_SCOPES)]
    assert shown == ["Bearer first", "Bearer second"] * 2
    assert len(server.requests) == 2


def test_a_token_that_was_not_accepted_is_given_up(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("first"), token_answer("second"))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    refused = auth.headers(SCOPES)["Authorization"]
    auth.answer(bearer(server), SCOPES, refused)
    assert auth.headers(SCOPES) == {"Authorization": "Bearer second"}


def test_a_token_that_another_thread_has_renewed_is_kept(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer("first"), token_answer("second"))
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    refused = auth.headers(SCOPES)["Authorization"]
    for _ in range(2):
        auth.answer(bearer(server), SCOPES, refused)
        assert auth.headers(SCOPES) == {"Authorization": "Bearer second"}
    assert len(server.requests) == 2


def test_threads_that_ask_at_once_share_a_token(server: ScriptedServer, make_auth: MakeAuth) -> None:
    server.will(token_answer())
    auth = make_auth()
    auth.answer(bearer(server), SCOPES)
    together = threading.Barrier(8)
    shown: list[dict[str, str]] = []

    def ask() -> None:
        together.wait()
        shown.append(auth.headers(SCOPES))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == [{"Authorization": "Bearer registry-token"}] * 8
    assert len(server.requests) == 1


class TestTogether:
    """Tokens for several repositories that are going to be needed."""

    def scopes(self, number: int) -> tuple[str]:
        return (f"repository:shop/app-{number:02}:pull,push",)

    def expecting(self, server: ScriptedServer, make_auth: MakeAuth, count: int) -> Authenticator:
        auth = make_auth()
        auth.expect(scope for number in range(count) for scope in self.scopes(number))
        auth.answer(bearer(server), ())
        return auth

    def asked_for(self, server: ScriptedServer) -> list[int]:
        return [request.path.count("scope=") for request in server.requests]

    def test_one_token_does_for_many(self, server: ScriptedServer, make_auth: MakeAuth) -> None:
        server.will(token_answer("first"), token_answer("second"))
        auth = self.expecting(server, make_auth, 12)
        shown = [auth.headers(self.scopes(number))["Authorization"] for number in range(12)]
        assert shown == ["Bearer first"] * 8 + ["Bearer second"] * 4
        assert self.asked_for(server) == [8, 4]

    def test_a_mount_takes_what_is_there(self, server: ScriptedServer, make_auth: MakeAuth) -> None:
        server.will(token_answer("first"), token_answer("second"))
        auth = self.expecting(server, make_auth, 3)
        mounts = [(*self.scopes(1), "repository:shop/app-00:pull"), (*self.scopes(2), "repository:shop/base:pull")]
        shown = [auth.headers(scopes)["Authorization"] for scopes in (self.scopes(0), *mounts)]
        assert shown == ["Bearer first", "Bearer first", "Bearer second"]
        assert self.asked_for(server) == [3, 4]

    def test_what_is_refused_together_is_asked_for_alone(self, server: ScriptedServer, make_auth: MakeAuth) -> None:
        server.will(reply(403), token_answer("alone"), reply(403), reply(403))
        auth = self.expecting(server, make_auth, 3)
        assert auth.headers(self.scopes(0)) == {"Authorization": "Bearer alone"}
        with pytest.raises(NotPermitted):
            auth.headers(self.scopes(1))
        assert self.asked_for(server) == [3, 1, 3, 1]

    def test_what_is_not_accepted_is_asked_for_alone(self, server: ScriptedServer, make_auth: MakeAuth) -> None:
        server.will(token_answer("together"), token_answer("alone"))
        auth = self.expecting(server, make_auth, 3)
        auth.answer(bearer(server), self.scopes(0), auth.headers(self.scopes(0))["Authorization"])
        assert auth.headers(self.scopes(0)) == {"Authorization": "Bearer alone"}
        assert auth.headers(self.scopes(1)) == {"Authorization": "Bearer together"}
        assert self.asked_for(server) == [3, 1]

    def test_they_are_renewed_together(self, server: ScriptedServer, make_auth: MakeAuth, clock: list[float]) -> None:
        server.will(token_answer("first"), token_answer("second"))
        auth = self.expecting(server, make_auth, 3)
        auth.headers(self.scopes(0))
        clock[0] += 60
        shown = {auth.headers(self.scopes(number))["Authorization"] for number in range(3)}
        assert shown == {"Bearer second"}
