"""Credential sources: `secret:DIR`, `file:PATH`, `env:NAME`, `in-cluster`, `authfile:PATH`, `anonymous`."""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from promoter.credentials import jwt
from promoter.credentials.redaction import SECRETS
from promoter.errors import NotPermitted, WrongUsage
from promoter.files import read_bounded

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
DEFAULT_USER = "openshift"
_LARGEST_BYTES = 1024 * 1024
"""What a file may have at most: all that a Secret may."""
_FORM = "Write secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous."


class Credential(NamedTuple):
    """A user and a secret, and where they came from; neither `repr` nor `str` shows the secret.

    Args:
        source: the source as it was written, for messages.
        user: the user name of Basic authentication; OpenShift's registry takes any with a token.
        secret: the token or password; empty for an anonymous caller.

    """

    source: str
    user: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        return f"Credential({self.source!r})"

    @property
    def is_anonymous(self) -> bool:
        """Whether there is nothing to send."""
        return not self.secret


ANONYMOUS = Credential("anonymous")


def load_credential(source: str, host: str = "", *, key: str = "token", user: str = DEFAULT_USER) -> Credential:
    """Read a credential, and see to it that it is never shown.

    Args:
        source: one of the forms above.
        host: the registry that an authfile's entry is looked up for.
        key: the file in a Secret's directory.
        user: the user name that goes with a bare token.

    Raises:
        WrongUsage: the source is written wrongly.
        NotPermitted: it is missing, empty, unreadable or expired.

    """
    kind, _, rest = source.partition(":")
    if source == "anonymous":
        return ANONYMOUS
    if kind == "authfile" and rest:
        user, secret = _from_authfile(source, Path(rest), host)
    elif source == "in-cluster":
        secret = _from_file(source, SERVICE_ACCOUNT / "token")
    elif kind in _READERS and rest:
        secret = _READERS[kind](source, rest, key)
    else:
        whose = f" for {host}" if host else ""
        raise WrongUsage(
            f"The credential source{whose} has none of the known forms. It may be a secret itself, so it is not shown.",
            _FORM,
        )
    SECRETS.learn(secret, user)
    _require_one_line(source, secret)
    _require_unexpired(source, secret)
    return Credential(source, user, secret)


def _from_secret(source: str, directory: str, key: str) -> str:
    return _from_file(source, Path(directory) / key)


def _from_plain_file(source: str, path: str, _key: str) -> str:
    return _from_file(source, Path(path))


def _from_environment(source: str, name: str, _key: str) -> str:
    value = os.environ.get(name)
    if value is None or not value.strip():
        raise NotPermitted(
            f"The credential {source} is {'not set' if value is None else 'set, but empty'}.",
            f"Set the environment variable {name}, or name another source.",
        )
    return value.strip()


_READERS: dict[str, Callable[[str, str, str], str]] = {
    "secret": _from_secret,
    "file": _from_plain_file,
    "env": _from_environment,
}


def _from_file(source: str, path: Path) -> str:
    try:
        value = read_bounded(str(path), _LARGEST_BYTES).decode().strip()
    except UnicodeError:
        raise _unreadable(source, path, "not text") from None
    except (OSError, ValueError) as error:
        raise _unreadable(source, path, getattr(error, "strerror", None) or str(error)) from None
    if not value:
        raise NotPermitted(f"The credential {source} is empty: {path}.", "Put the token into the Secret or the file.")
    return value


def _unreadable(source: str, path: Path, reason: str) -> NotPermitted:
    return NotPermitted(
        f"The credential {source} cannot be read: {path}: {reason}.",
        "Mount the Secret there, correct the path, or name another credential source.",
    )


def _from_authfile(source: str, path: Path, host: str) -> tuple[str, str]:
    """Read an entry of a containers-auth.json(5) file."""
    try:
        auths = json.loads(_from_file(source, path))["auths"]
        pair = b64decode(auths[host]["auth"], validate=True).decode()
    except KeyError:
        raise NotPermitted(
            f"{source} has no entry for {host}.",
            f"Log in to {host} with that file, or name another credential source.",
        ) from None
    except (ValueError, TypeError):
        raise NotPermitted(
            f"{source} is not a readable authfile.",
            'It is JSON: {"auths": {"host": {"auth": "<base64 of user:password>"}}}.',
        ) from None
    user, _, secret = pair.partition(":")
    if not secret:
        raise NotPermitted(f"{source} has no password for {host}.", f"Log in to {host} again.")
    return user, secret


def _require_one_line(source: str, secret: str) -> None:
    if not secret.isprintable():
        raise NotPermitted(
            f"The credential {source} has control characters or several lines: it is no token and no password.",
            "Put the token alone into the Secret or the file.",
        )


def _require_unexpired(source: str, token: str) -> None:
    if jwt.has_expired(token):
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(jwt.expiry(token)))
        raise NotPermitted(
            f"The token from {source} expired at {at}.",
            "Renew the token: make a new one for its service account and update the Secret.",
        )
