"""Registries: each environment's, and what its credential may do there."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from promoter.credentials import jwt
from promoter.credentials.sources import Credential
from promoter.doctor.report import Report
from promoter.doctor.servers import examine_server
from promoter.doctor.tokens import examine_credential
from promoter.errors import NotPermitted, Unreachable
from promoter.http.trust import Trust
from promoter.model.configuration import Environment, Route
from promoter.model.request import Access, DestinationAccess
from promoter.openshift.rights import Right
from promoter.promotion.places import Place, Places

_MADE_UP = "promoter-doctor"
_WILDCARDS = frozenset("*?[")
_OF_A_REGISTRY = (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)


def examine_registry(places: Places, name: str, image: str | None) -> Report:
    """Examine an environment's registry and credential, and ask for the rights that its routes need.

    Args:
        places: opens the environment.
        name: the environment's.
        image: the image that rights are asked for; those that the routes name if there is none.

    """
    report = Report(f"environment {name}")
    environment = places.configuration.environments[name]
    is_registry = _is_registry(report, environment, places)
    credential = examine_credential(report, environment.credentials, environment.registry, user=environment.user)
    if is_registry and credential:
        _ask_for_rights(report, places, name, credential, image)
    return report


def _is_registry(report: Report, environment: Environment, places: Places) -> bool:
    trust = Trust(environment.ca, verify=environment.tls_verify)
    status = examine_server(report, f"https://{environment.registry}/v2/", trust, places.deadline)
    if status is not None and status not in _OF_A_REGISTRY:
        report.fail(
            Unreachable(
                f"{environment.registry} is no registry: it answers {status} to /v2/.",
                "Check host and port: what answers may be a web page or a proxy.",
            )
        )
    return status in _OF_A_REGISTRY


def _ask_for_rights(report: Report, places: Places, name: str, credential: Credential, image: str | None) -> None:
    routes = [route for route in places.configuration.routes if name in (route.from_, route.to)]
    pushing = [route for route in routes if route.to == name and not route.hands_over]
    only_looked_at = bool(routes) and all(route.to == name and route.hands_over for route in routes)
    caller = _Caller(credential, places.configuration.environments[name])
    for one in _names(routes, image):
        with report.noting_failures():
            _ask_to_pull(report, places.source(Access(), f"{name}/{one}:{_MADE_UP}"), caller, needed=not only_looked_at)
    for one in _names(pushing, image) if pushing else ():
        with report.noting_failures():
            _ask_to_push(report, places.destination(DestinationAccess(), f"{name}/{one}:{_MADE_UP}"), caller)


def _names(routes: Iterable[Route], image: str | None) -> list[str]:
    """Return the images to ask for; a name that is made up if only patterns are known."""
    if image is not None:
        return [image]
    patterns = (pattern for route in routes for pattern in (*route.images, *map(_watched_name, route.watch)))
    named = (pattern for pattern in patterns if not _WILDCARDS & set(pattern))
    return list(dict.fromkeys(named)) or [_MADE_UP]


def _watched_name(pattern: str) -> str:
    return pattern.partition(":")[0]


class _Caller(NamedTuple):
    """Who asks, and where."""

    credential: Credential
    environment: Environment

    def denied(self, doing: str, verb: str, failure: NotPermitted) -> NotPermitted:
        """Make the error that names the missing binding, too, where the registry may be OpenShift's."""
        project = self.environment.project
        right = Right(verb, "imagestreams/layers", project)
        account = jwt.subject(self.credential.secret) or "ACCOUNT"
        binding = f" On OpenShift: {right.binding(account)}" if project and "/" not in project else ""
        return NotPermitted(
            f"{self.credential.source} may not {doing}: {failure.message}", f"{failure.remedy}{binding}"
        )


def _ask_to_pull(report: Report, place: Place, caller: _Caller, *, needed: bool) -> None:
    """Look for a tag: whether it is there or not, the answer tells whether it may be looked for.

    Raises:
        NotPermitted: it may not, though routes need that.

    """
    pulling = f"pull from {place.repository}"
    try:
        place.standing()
    except NotPermitted as failure:
        denied = caller.denied(pulling, "get", failure)
        if needed:
            raise denied from failure
        report.warn(f"{denied.message} Then promotions end without a look at what is there.", denied.remedy)
    else:
        report.ok(f"{caller.credential.source} may {pulling}{_note(place)}.")


def _ask_to_push(report: Report, place: Place, caller: _Caller) -> None:
    """Open an upload and cancel it. A token tells little: OpenShift's token service gives one to whoever is known.

    Raises:
        NotPermitted: nothing may be pushed there.

    """
    pushing = f"push to {place.repository}"
    try:
        place.repository.require_push()
    except NotPermitted as failure:
        raise caller.denied(pushing, "update", failure) from failure
    report.ok(f"{caller.credential.source} may {pushing}{_note(place)}; an upload was opened, and cancelled.")


def _note(place: Place) -> str:
    is_made_up = place.reference.repository.rpartition("/")[2] == _MADE_UP
    return " (a name made up to ask; --image asks for another)" if is_made_up else ""
