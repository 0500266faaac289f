"""Credentials: where they come from, whose they are, and how long they last. What they are is never shown."""

from __future__ import annotations

import time

from promoter.credentials import jwt
from promoter.credentials.sources import DEFAULT_USER, Credential, load_credential
from promoter.doctor.report import Report

_DAY_SECONDS = 24 * 60 * 60
_SHORTEST_VALIDITY_DAYS = 7


def examine_credential(
    report: Report, source: str, host: str = "", *, key: str = "token", user: str = DEFAULT_USER
) -> Credential | None:
    """Load a credential; see `load_credential` for the parameters.

    Returns:
        the credential; nothing if it cannot be used.

    """
    with report.noting_failures():
        credential = load_credential(source, host, key=key, user=user)
        _describe(report, credential)
        return credential
    return None


def _describe(report: Report, credential: Credential) -> None:
    if credential.is_anonymous:
        report.ok("No credential is used: anonymous.")
        return
    owner = jwt.subject(credential.secret)
    what = f"a token of {owner}" if owner else "a password, or a token that does not say whose it is"
    expiry = jwt.expiry(credential.secret)
    if expiry is None:
        report.ok(f"{credential.source} is {what}; it does not say that it expires.")
        return
    until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expiry))
    if credential.source == "in-cluster":
        report.ok(f"{credential.source} is {what}; it expires at {until}, and the cluster renews it before.")
    elif expiry - time.time() < _SHORTEST_VALIDITY_DAYS * _DAY_SECONDS:
        report.warn(f"{credential.source} is {what}; it expires soon, at {until}.", "Renew it, and update the Secret.")
    else:
        report.ok(f"{credential.source} is {what}; it expires at {until}.")
