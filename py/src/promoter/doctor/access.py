"""Examining what a token may do in a project."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.credentials import jwt
from promoter.doctor.report import Report
from promoter.errors import NotFound, NotPermitted
from promoter.openshift.access import may
from promoter.openshift.api import ClusterApi, Forbidden
from promoter.openshift.rights import Right


def examine_rights(report: Report, api: ClusterApi, rights: Iterable[Right], *, without: str = "") -> None:
    """Ask for rights, and name the binding that each missing one takes.

    Args:
        report: where it is noted.
        api: the cluster, under the token that is asked about.
        rights: in one project.
        without: what promotions do without them; if they fail, nothing.

    Raises:
        NotPermitted: the token is not accepted.
        Unreachable: the cluster does not answer.

    """
    asked = list(rights)
    try:
        missing = [right for right in asked if not may(api, right)]
    except (Forbidden, NotFound) as failure:
        report.warn(f"What the token may do cannot be asked: {failure.message}", failure.remedy)
        return
    account = jwt.subject(api.credential.secret)
    for right in missing:
        message, remedy = f"{account or api.credential.source} may not {right}.", right.binding(account or "ACCOUNT")
        if without:
            report.warn(f"{message} {without}", remedy)
        else:
            report.fail(NotPermitted(message, remedy))
    if allowed := [f"{right.verb} {right.resource}" for right in asked if right not in missing]:
        report.ok(f"{api.credential.source} may {', '.join(allowed)} in project {asked[0].project}.")
