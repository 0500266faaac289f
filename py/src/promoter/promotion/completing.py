"""What production's pipeline is not told: its own configuration knows where an image comes from and goes to."""

from __future__ import annotations

from promoter.errors import Refused, WrongUsage
from promoter.model.configuration import Configuration, Route
from promoter.model.line import quoted
from promoter.model.request import ReceiveRequest
from promoter.openshift.discovery import own_project

_PLACES = ("non_prod_registry", "prod_registry", "non_prod_project_name", "prod_project_name")


def complete(request: ReceiveRequest, configuration: Configuration) -> ReceiveRequest:
    """Return the request with the registries and projects it leaves out, if a route for its image tells them.

    Of several routes the one into the project this runs in is taken.

    Raises:
        Refused: no route takes the image.
        WrongUsage: several routes could be meant.

    """
    given = {name: value for name in _PLACES if (value := getattr(request, name))}
    if len(given) == len(_PLACES):
        return request
    told = [
        places
        for route in configuration.routes
        if not route.hands_over and route.takes(request.image_name)
        if given.items() <= (places := _places(route, configuration)).items()
    ]
    if not told and request.image_name:
        where = f" with {', '.join(f'{name.upper()}={value}' for name, value in given.items())}" if given else ""
        raise Refused(
            f"Production takes no image {quoted(request.image_name)}{where}: its configuration has no route for it.",
            "If it should, add it to `images` of a route in production's configuration.",
        )
    if len(told) > 1:
        own = own_project()
        told = [places for places in told if places["prod_project_name"] == own] or told
    if len(told) > 1:
        raise WrongUsage(
            f"The parameters lack {', '.join(name.upper() for name in _PLACES if name not in given)}, and production's "
            f"configuration has several routes for {quoted(request.image_name)}: {'; '.join(map(_described, told))}.",
            "Send what tells them apart.",
        )
    return request.but(**told[0]) if told else request


def _places(route: Route, configuration: Configuration) -> dict[str, str]:
    """Return the parameters that lead along a route."""
    origin, target = configuration.environment(route.from_), configuration.environment(route.to)
    return dict(zip(_PLACES, (origin.registry, target.registry, origin.project, target.project), strict=True))


def _described(places: dict[str, str]) -> str:
    return (
        f"{places['non_prod_registry']}/{places['non_prod_project_name']} to "
        f"{places['prod_registry']}/{places['prod_project_name']}"
    )
