"""Production's side of a handover: what arrives is checked against production's own configuration, then promoted."""

from __future__ import annotations

from promoter.errors import Refused, WrongUsage
from promoter.model.line import quoted
from promoter.model.promotion import PromotionResult
from promoter.model.reference import checked_digest, checked_tag, is_host, parse_name, without_user
from promoter.model.request import Common, Intent, PromoteRequest, ReceiveRequest
from promoter.promotion.completing import complete
from promoter.promotion.places import Places
from promoter.promotion.promote import promote
from promoter.promotion.records.identity import LONGEST


def receive(request: ReceiveRequest, places: Places) -> PromotionResult:
    """Promote what the parameters name, if production's configuration takes it.

    Nothing is sent anywhere, and no token is read, before all parameters have been checked.

    Raises:
        WrongUsage: a parameter is missing or malformed.
        Refused: no environment or route of the configuration fits them.

    """
    request = complete(request, places.configuration)
    _require_form(request)
    origin = _environment(places, request.non_prod_registry, request.non_prod_project_name, "NON_PROD")
    target = _environment(places, request.prod_registry, request.prod_project_name, "PROD")
    route = places.configuration.route(origin, target)
    if route is None or route.hands_over or not route.takes(request.image_name):
        raise Refused(
            f"Production takes no image {quoted(request.image_name)} from {origin} to {target}.",
            "If it should, add it to `images` of that route in production's configuration.",
        )
    locator = f"@{request.image_digest}" if request.image_digest else f":{request.git_commit}"
    asked = {name: getattr(request, name) for name in (*Common.fields, *Intent.fields)}
    return promote(
        PromoteRequest(
            source=f"{origin}/{request.image_name}{locator}",
            destination=f"{target}/{request.image_name}:{request.git_commit}",
            git_commit=request.git_commit,
            **asked,
        ),
        places,
    )


def _require_form(request: ReceiveRequest) -> None:
    """Refuse a parameter that is missing or could be more than what it is meant to be."""
    given = {
        "IMAGE_NAME": request.image_name,
        "NON_PROD_REGISTRY": request.non_prod_registry,
        "PROD_REGISTRY": request.prod_registry,
        "NON_PROD_PROJECT_NAME": request.non_prod_project_name,
        "PROD_PROJECT_NAME": request.prod_project_name,
        "GIT_COMMIT": request.git_commit,
    }
    if missing := [name for name, value in given.items() if not value]:
        raise WrongUsage(
            f"The parameters lack {', '.join(missing)}.",
            "Send them all, or list a route for this image in production's configuration, which tells where.",
        )
    for name in ("NON_PROD_REGISTRY", "PROD_REGISTRY"):
        if not is_host(given[name]):
            raise WrongUsage(
                f"{name} is {quoted(without_user(given[name]))}, which is no registry host.", "Write host or host:port."
            )
    for name in ("NON_PROD_PROJECT_NAME", "PROD_PROJECT_NAME", "IMAGE_NAME"):
        parse_name(given[name], whole=f"{name}={given[name]}", bare=True)
    checked_tag(request.git_commit)
    if request.image_digest:
        checked_digest(request.image_digest)
    for name, text in (("PROMOTION_ID", request.promotion_id or ""), ("REQUESTED_BY", request.requested_by or "")):
        if not text.isprintable() or len(text) > LONGEST:
            raise WrongUsage(f"{name} is too long, or has control characters.", f"Send up to {LONGEST} printable ones.")


def _environment(places: Places, registry: str, project: str, side: str) -> str:
    name = places.configuration.environment_at(registry, project)
    if name is None:
        raise Refused(
            f"Production's configuration has no environment at {registry}/{project} ({side}_REGISTRY and so on).",
            "If images may come from or go there, add it to production's configuration, with a route.",
        )
    return name
