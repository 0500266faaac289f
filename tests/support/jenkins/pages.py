"""What the controller answers beside documents: redirects, error pages, and pages of the container around it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tests.support.cluster.answers import Answer

from .tree import pick

VERSION = "2.541.2"
_HTML = "text/html;charset=utf-8"
_CONTAINER_HTML = "text/html;charset=iso-8859-1"
_OF_JENKINS = {"X-Jenkins": VERSION}


class Failed(Exception):
    """Ends a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


def document(fields: Mapping[str, Any], tree: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """[A1] X-Jenkins stands on JSON."""
    body = json.dumps(pick(fields, tree), ensure_ascii=False).encode()
    return Answer(HTTPStatus.OK, body, "application/json;charset=utf-8", _OF_JENKINS | dict(headers or {}))


def page(text: str) -> Answer:
    return Answer(HTTPStatus.OK, text.encode(), _HTML, _OF_JENKINS)


def nothing(code: int, location: str = "") -> Answer:
    """[A1] 201, 204 and 302 have no X-Jenkins."""
    return Answer(code, b"", _HTML, {"Location": location} if location else {})


def of_container(code: int, said: str) -> Failed:
    """[A2] 400 and 409 of build; [A1] 401 and the crumb's 403: the container's page, without X-Jenkins."""
    text = f"<html><head><title>Error {code} {html.escape(said)}</title></head><body><h2>HTTP ERROR {code} {said}</h2>"
    return Failed(Answer(code, text.encode("latin-1", "replace"), _CONTAINER_HTML))


def unauthorized() -> Failed:
    """[A1] GET, wrong password or token."""
    failed = of_container(HTTPStatus.UNAUTHORIZED, "Unauthorized")
    headers = {"WWW-Authenticate": 'Basic realm="Jenkins"'}
    return Failed(Answer(failed.answer.code, failed.answer.body, failed.answer.content_type, headers))


def no_crumb() -> Failed:
    """[A1] POST, password, no crumb."""
    return of_container(HTTPStatus.FORBIDDEN, "No valid crumb was included in the request")


def login_needed() -> Failed:
    """[A1] GET anonymous, read off."""
    text = (
        "<html><head><meta http-equiv='refresh' content='1;url=/login?from=%2F'/></head>Authentication required</html>"
    )
    return Failed(Answer(HTTPStatus.FORBIDDEN, text.encode(), _HTML, _OF_JENKINS))


def missing_permission(user: str, permission: str) -> Failed:
    """[A1] POST .../build, user with Job/Read but no Job/Build."""
    headers = {"X-You-Are-Authenticated-As": user, "X-Required-Permission": permission}
    text = f"<html><head><title>Access Denied</title></head>{user} is missing the permission</html>"
    return Failed(Answer(HTTPStatus.FORBIDDEN, text.encode(), _HTML, _OF_JENKINS | headers))


def not_found() -> Failed:
    """[A1] GET job, user with Overall/Read, no Job/Read."""
    text = (
        "<html><head><title>Not Found - Jenkins</title></head>"
        "Not Found. This page may not exist, or you may not have permission to see it.</html>"
    )
    return Failed(Answer(HTTPStatus.NOT_FOUND, text.encode(), _HTML, _OF_JENKINS))


def oops() -> Failed:
    """[A2] 500 body: nothing of the cause."""
    text = (
        "<html><head><title>Oops! - Jenkins</title></head>"
        "Oops! A problem occurred while processing the request. Logging ID=0b1c</html>"
    )
    return Failed(Answer(HTTPStatus.INTERNAL_SERVER_ERROR, text.encode(), _HTML, _OF_JENKINS))


def post_only() -> Failed:
    """[A2] GET .../build."""
    text = "<html><head><title>Form post required - Jenkins</title></head>You must use POST method</html>"
    return Failed(Answer(HTTPStatus.METHOD_NOT_ALLOWED, text.encode(), _HTML, _OF_JENKINS | {"Allow": "POST"}))


def getting_ready() -> Failed:
    """[A10] 503, no X-Jenkins, no Retry-After."""
    text = (
        "<html><head><title>Starting Jenkins</title></head>Jenkins is getting ready to work. "
        "Your browser will reload automatically when Jenkins is ready.</html>"
    )
    return Failed(Answer(HTTPStatus.SERVICE_UNAVAILABLE, text.encode(), _HTML))


def hung_up() -> Failed:
    """[A10] Connection refused, or an answer that is cut."""
    return Failed(Answer(0, dropped=True))


def login_elsewhere() -> Failed:
    """What a proxy that wants people to log in does; not Jenkins' own."""
    return Failed(nothing(HTTPStatus.FOUND, "https://login.example.com/?for=jenkins"))


def login_here() -> Failed:
    """The same, without a redirect."""
    return Failed(Answer(HTTPStatus.OK, b"<html><head><title>Log in</title></head></html>", _HTML))
