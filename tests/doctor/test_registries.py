"""Registries: their certificates and clocks, credentials, and what those may do."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest
from cryptography import x509

from tests.doctor.conftest import ACCOUNT, examine
from tests.support.registries import Registry
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService
from tests.unit.scripted import Exchange, ScriptedServer, reply

STAGE, PROD = "environment stage", "environment prod"
DAY_SECONDS = 24 * 60 * 60


@pytest.fixture
def server(ca: CertificateAuthority) -> Iterator[ScriptedServer]:
    """A server that answers as the test says."""
    with ScriptedServer(ca.issue("scripted-doctor")) as running:
        yield running


@pytest.fixture
def with_certificate_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dt.timedelta], Registry]]:
    """Start registries whose certificates last so long; the authority's own lasts for a year."""
    monkeypatch.setattr("tests.support.tls.LIFETIME", dt.timedelta(days=365))
    authority = CertificateAuthority(tmp_path / "authority", "shop-ca")
    with ExitStack() as stack:

        def start(lifetime: dt.timedelta) -> Registry:
            monkeypatch.setattr("tests.support.tls.LIFETIME", lifetime)
            return stack.enter_context(Registry(tmp_path / "registry", authority))

        yield start


def at(offset_seconds: float) -> Callable[[Exchange], None]:
    """Answer as a registry whose clock is off by so much."""

    def answer(exchange: Exchange) -> None:
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=offset_seconds)
        exchange.send_response_only(200)
        exchange.send_header("Date", format_datetime(now, usegmt=True))
        exchange.send_header("Content-Length", "0")
        exchange.end_headers()

    return answer


def test_a_certificate_that_lasts_is_told_with_its_authority(
    shop: Shop, with_certificate_of: Callable[[dt.timedelta], Registry]
) -> None:
    registry = with_certificate_of(dt.timedelta(days=90))
    shop.environments = {"prod": {"registry": registry.host, "ca": str(registry.ca)}}
    finding = examine(shop).one(PROD, "is trusted")
    assert finding["status"] == "ok"
    assert f"({registry.ca}; signed by shop-ca)" in finding["message"]
    host, _, port = registry.host.partition(":")
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())
    assert str(certificate.not_valid_after_utc.date()) in finding["message"]


def test_a_certificate_that_ends_soon_is_a_warning(
    shop: Shop, with_certificate_of: Callable[[dt.timedelta], Registry]
) -> None:
    registry = with_certificate_of(dt.timedelta(days=12, hours=1))
    shop.environments = {"prod": {"registry": registry.host, "ca": str(registry.ca)}}
    finding = examine(shop).one(PROD, "ends in 12 days")
    assert finding["status"] == "warning"
    assert "Renew" in finding["remedy"]


def test_a_certificate_that_has_ended_fails(
    shop: Shop, with_certificate_of: Callable[[dt.timedelta], Registry]
) -> None:
    registry = with_certificate_of(dt.timedelta(minutes=-1))
    shop.environments = {"prod": {"registry": registry.host, "ca": str(registry.ca)}}
    assert examine(shop).one(PROD, "certificate has expired")["kind"] == "unreachable"


@pytest.mark.parametrize("authority", ["another", "the system's"])
def test_an_authority_that_did_not_sign_fails(authority: str, routed: Shop, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other").certificate
    routed.environments["prod"]["ca"] = str(other) if authority == "another" else None
    examination = examine(routed)
    assert examination.outcome.exit_code == 6
    finding = examination.one(PROD, "certificate that is not trusted")
    assert routed.prod.registry.host in finding["message"]
    assert "ca:" in finding["remedy"]
    assert len(examination.failed) == 1


def test_a_certificate_that_is_not_verified_is_a_warning(routed: Shop) -> None:
    routed.environments["prod"]["tls-verify"] = False
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    finding = examination.one(PROD, "is not verified")
    assert finding["status"] == "warning"
    assert "`ca`" in finding["remedy"]


@pytest.mark.parametrize("host", ["localhost:1", "registry.invalid"])
def test_a_registry_that_is_away_fails_once(host: str, routed: Shop) -> None:
    routed.environments["prod"]["registry"] = host
    examination = examine(routed)
    assert examination.outcome.exit_code == 6
    assert len(examination.failed) == 1
    assert f"https://{host} could not be reached" in examination.failed[0]


def test_what_is_no_registry_fails(shop: Shop, server: ScriptedServer) -> None:
    server.will(reply(404))
    shop.environments["prod"] |= {"registry": server.host}
    assert examine(shop).one(PROD, "is no registry: it answers 404 to /v2/")["exit_code"] == 6


def test_a_registry_that_fails_is_told(shop: Shop, server: ScriptedServer) -> None:
    server.will(reply(503))
    shop.environments["prod"] |= {"registry": server.host}
    assert examine(shop).one(PROD, f"{server.host} answers, but with 503")["exit_code"] == 6


@pytest.mark.parametrize(
    ("offset_seconds", "status", "words"),
    [
        (0, "ok", "agrees"),
        (-20, "ok", "agrees"),
        (100, "warning", "s behind that of"),
        (-100, "warning", "s ahead of that of"),
        (-400, "failed", "s ahead of that of"),
        (3600, "failed", "tokens count as expired"),
    ],
)
def test_clocks_are_compared(
    offset_seconds: float, status: str, words: str, shop: Shop, server: ScriptedServer
) -> None:
    server.will(at(offset_seconds))
    shop.environments["prod"] |= {"registry": server.host}
    finding = examine(shop).one(PROD, "This machine's clock")
    assert finding["status"] == status
    assert words in finding["message"]
    assert (finding["remedy"] is None) == (status == "ok")


def test_a_server_without_a_clock_is_a_warning(shop: Shop, server: ScriptedServer) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.send_response_only(200)
        exchange.send_header("Content-Length", "0")
        exchange.end_headers()

    server.will(answer)
    shop.environments["prod"] |= {"registry": server.host}
    assert examine(shop).one(PROD, "does not tell its time")["status"] == "warning"


@pytest.mark.parametrize(
    ("days", "status", "words"),
    [(30, "ok", "it expires at"), (3, "warning", "it expires soon"), (-1, "failed", "expired at")],
)
def test_a_tokens_end_is_told(days: int, status: str, words: str, routed: Shop, token_service: TokenService) -> None:
    token = token_service.mint(ACCOUNT, {"shop-dev": "pull"}, lifetime_seconds=days * DAY_SECONDS)
    file = routed.log_in("stage", token)
    finding = examine(routed).one(STAGE, words)
    assert finding["status"] == status
    assert f"file:{file}" in finding["message"]
    expiry = jwt.decode(token, options={"verify_signature": False})["exp"]
    assert str(dt.datetime.fromtimestamp(expiry, dt.UTC).date()) in finding["message"]
    if status != "ok":
        assert "Renew" in finding["remedy"]
    if status != "failed":
        assert f"a token of {ACCOUNT}" in finding["message"]


def test_a_password_is_told_from_a_token(routed: Shop) -> None:
    assert examine(routed).one(PROD, "is a password, or a token that does not say whose it is")["status"] == "ok"


def test_nobody_is_told(shop: Shop) -> None:
    shop.environments["prod"]["credentials"] = "anonymous"
    examination = examine(shop)
    assert examination.one(PROD, "No credential is used")["status"] == "ok"
    assert examination.one(PROD, "anonymous may not pull")["exit_code"] == 5


def test_rights_are_asked_for_what_the_routes_need(routed: Shop) -> None:
    examination = examine(routed)
    assert examination.one(STAGE, f"may pull from {routed.stage}")["status"] == "ok"
    assert not [finding for finding in examination.about(STAGE) if "push" in finding["message"]]
    assert examination.one(PROD, f"may pull from {routed.prod}")["status"] == "ok"
    assert examination.one(PROD, f"may push to {routed.prod}; an upload was opened, and cancelled")["status"] == "ok"


def test_where_only_patterns_are_known_a_name_is_made_up(routed: Shop) -> None:
    routed.routes[0]["images"] = ["app-*"]
    finding = examine(routed).one(PROD, "may push to")
    assert f"{routed.prod.registry.host}/shop-dev/promoter-doctor (a name made up to ask" in finding["message"]


def test_an_image_that_is_watched_is_asked_for(routed: Shop) -> None:
    del routed.routes[0]["images"]
    routed.routes[0]["watch"] = ["app-7:stable", "app-7:release-*"]
    examination = examine(routed)
    assert examination.one(STAGE, f"pull from {routed.stage.registry.host}/shop-dev/app-7.")
    assert examination.one(PROD, f"push to {routed.prod.registry.host}/shop-dev/app-7;")


def test_an_image_that_is_named_is_asked_for(routed: Shop) -> None:
    routed.routes[0]["images"] = ["app-*"]
    assert examine(routed, "--image=app-7").one(PROD, f"push to {routed.prod.registry.host}/shop-dev/app-7;")


def test_a_token_that_may_not_pull_names_the_missing_binding(routed: Shop, token_service: TokenService) -> None:
    routed.log_in("stage", token_service.mint(ACCOUNT, {"other": "pull"}))
    examination = examine(routed)
    assert examination.outcome.exit_code == 5
    finding = examination.one(STAGE, f"may not pull from {routed.stage}")
    assert finding["kind"] == "not-permitted"
    assert f"oc policy add-role-to-user system:image-puller {ACCOUNT} --namespace shop-dev" in finding["remedy"]


def test_a_token_that_may_not_push_names_the_missing_binding(two_projects: Shop, token_service: TokenService) -> None:
    two_projects.routes.append({"from": "stage", "to": "prod", "images": [two_projects.name]})
    two_projects.log_in("prod", token_service.mint(ACCOUNT, {"shop": "pull"}))
    examination = examine(two_projects)
    assert examination.outcome.exit_code == 5
    assert examination.one(PROD, f"may pull from {two_projects.prod}")["status"] == "ok"
    finding = examination.one(PROD, f"may not push to {two_projects.prod}")
    assert f"oc policy add-role-to-user system:image-pusher {ACCOUNT} --namespace shop`" in finding["remedy"]


def test_a_token_that_may_push_is_found_to(two_projects: Shop) -> None:
    two_projects.routes.append({"from": "stage", "to": "prod", "images": [two_projects.name]})
    examination = examine(two_projects)
    assert examination.outcome.exit_code == 0
    assert examination.one(PROD, f"may push to {two_projects.prod}")["status"] == "ok"


def test_a_pattern_that_no_name_fits_is_told(routed: Shop) -> None:
    routed.routes[0]["images"] = ["Web"]
    examination = examine(routed)
    assert examination.outcome.exit_code == 2
    assert all("'Web' is no repository" in message for message in examination.failed)
