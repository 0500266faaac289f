"""A server's door: whether it answers, whose certificate it shows, and what time it has."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from promoter import __version__
from promoter.doctor.report import Report
from promoter.errors import NotPermitted, Unreachable, WrongUsage
from promoter.http.connection import Connection, Origin, origin_of
from promoter.http.deadline import Deadline
from promoter.http.trust import Trust

_LONGEST_WAIT_SECONDS = 10.0
_DAY_SECONDS = 24 * 60 * 60
_SHORTEST_VALIDITY_DAYS = 30
_NOTICEABLE_SKEW_SECONDS = 30
_LARGEST_SKEW_SECONDS = 5 * 60


class _Answer(NamedTuple):
    """What the server said, and what this machine's clock showed then."""

    status: int
    date: str
    certificate: dict[str, Any]
    arrived: float


def examine_server(report: Report, url: str, trust: Trust, deadline: Deadline) -> int | None:
    """Ask a server something, without any credential.

    Returns:
        the status it answered; nothing if there is no use in asking it anything more.

    """
    with report.noting_failures():
        origin = origin_of(url)
        host = f"{origin[1]}:{origin[2]}"
        if origin[0] != "https":
            raise WrongUsage(f"{url} is reached without TLS.", "Write it as https://host:port; nothing else is used.")
        answer = _ask(origin, url, trust, deadline)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"{host} answers, but with {answer.status}.", "Look at the server's log.")
        report.ok(f"{host} answers.")
        _examine_certificate(report, host, answer, trust)
        _examine_clock(report, host, answer)
        return answer.status
    return None


def _ask(origin: Origin, url: str, trust: Trust, deadline: Deadline) -> _Answer:
    connection = Connection(origin, trust, deadline, _LONGEST_WAIT_SECONDS)
    try:
        head, _ = connection.send("GET", url, {"User-Agent": f"image-promoter/{__version__}"}, None)
        return _Answer(head.status, head.headers.get("Date"), connection.certificate, time.time())
    finally:
        connection.close()


def _examine_certificate(report: Report, host: str, answer: _Answer, trust: Trust) -> None:
    if not trust.verify:
        report.warn(
            f"The certificate of {host} is not verified: `tls-verify` is false. Whoever is in between sees the token.",
            "Name the authority that signed it as `ca`, and take `tls-verify: false` out.",
        )
        return
    ends_at = ssl.cert_time_to_seconds(answer.certificate["notAfter"])
    until = time.strftime("%Y-%m-%d", time.gmtime(ends_at))
    days = int((ends_at - answer.arrived) // _DAY_SECONDS)
    trusted_by = trust.ca or "the system's authorities"
    about = f"The certificate of {host} is trusted ({trusted_by}; signed by {_issuer(answer.certificate)})"
    if days < _SHORTEST_VALIDITY_DAYS:
        report.warn(f"{about}, but ends in {days} days, on {until}.", "Renew it before: then nothing is promoted.")
    else:
        report.ok(f"{about} until {until}.")


def _issuer(certificate: dict[str, Any]) -> str:
    """Return the name that says most: the common name where there is one, which stands last."""
    names = [value for part in certificate.get("issuer", ()) for _, value in part]
    return str(names[-1]) if names else "an authority without a name"


def _examine_clock(report: Report, host: str, answer: _Answer) -> None:
    """Compare clocks by the `Date` header (RFC 9110, 6.6.1), which has whole seconds."""
    try:
        behind = parsedate_to_datetime(answer.date).replace(tzinfo=dt.UTC).timestamp() - answer.arrived
    except ValueError:
        report.warn(f"{host} does not tell its time.", "See that this machine's clock is set by a time server.")
        return
    seconds = round(abs(behind))
    message = f"This machine's clock is {seconds} s {'behind' if behind > 0 else 'ahead of'} that of {host}"
    if seconds > _LARGEST_SKEW_SECONDS:
        report.fail(
            NotPermitted(f"{message}: tokens count as expired, or as not valid yet.", "Set both by a time server.")
        )
    elif seconds > _NOTICEABLE_SKEW_SECONDS:
        report.warn(f"{message}.", "Set both by a time server, before tokens are refused for it.")
    else:
        report.ok(f"This machine's clock agrees with that of {host}.")
