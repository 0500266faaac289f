"""Who may do what: users with API tokens and passwords, crumbs and sessions, permissions."""

from __future__ import annotations

import base64
import enum
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from . import pages

_SESSION = "JSESSIONID.4f2a"
ANONYMOUS = "anonymous"


class Permission(enum.Enum):
    """A permission, by the name that `X-Required-Permission` has."""

    READ = "hudson.model.Hudson.Read"
    JOB_READ = "hudson.model.Item.Read"
    JOB_BUILD = "hudson.model.Item.Build"
    JOB_CANCEL = "hudson.model.Item.Cancel"
    ADMINISTER = "hudson.model.Hudson.Administer"


ADMINISTRATOR = frozenset(Permission)


@dataclass(frozen=True)
class User:
    """A user; `by_token` if logged in with an API token, which needs no crumb."""

    name: str
    permissions: frozenset[Permission] = frozenset()
    by_token: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        if not self.may(permission):
            raise pages.missing_permission(self.name, permission.value)


class Access:
    """All users, and the crumbs that were given."""

    def __init__(self) -> None:
        self._users: dict[tuple[str, str], User] = {}
        self._crumbs: dict[str, str] = {}

    def add(self, name: str, permissions: frozenset[Permission], token: str, password: str) -> None:
        self._users[name, token] = User(name, permissions, by_token=True)
        if password:
            self._users[name, password] = User(name, permissions)

    def user(self, authorization: str) -> User:
        """[A1] Wrong password or token: 401, whatever is asked for. What is not Basic is not looked at."""
        scheme, _, given = authorization.partition(" ")
        if scheme != "Basic":
            return User(ANONYMOUS)
        login = base64.b64decode(given).decode().partition(":")
        found = self._users.get((login[0], login[2]))
        if found is None:
            raise pages.unauthorized()
        return found

    def issue(self) -> tuple[dict[str, str], dict[str, str]]:
        """[A1] GET /crumbIssuer/api/json: return the document and the headers."""
        session, crumb = secrets.token_hex(16), secrets.token_hex(32)
        self._crumbs[crumb] = session
        document = {"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": crumb}
        cookie = f"{_SESSION}={session}; Path=/; HttpOnly; SameSite=Lax"
        return document | {"crumbRequestField": "Jenkins-Crumb"}, {"Set-Cookie": cookie}

    def end_sessions(self) -> None:
        self._crumbs.clear()

    def require_crumb(self, user: User, headers: Mapping[str, str]) -> None:
        """[A1] The crumb comes before permissions, and is bound to the session; tokens need none."""
        session = self._crumbs.get(headers.get("Jenkins-Crumb", ""))
        sent = headers.get("Cookie", "")
        if not user.by_token and (session is None or f"{_SESSION}={session}" not in sent):
            raise pages.no_crumb()
