"""Renders what is applied to the clusters: the use case of `promoter manifests`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from promoter.credentials.sources import load_credential
from promoter.errors import NotPermitted, WrongUsage
from promoter.manifests.choice import templates
from promoter.manifests.parameters import SIDES, Parameter, Setting, parameters
from promoter.manifests.template import template
from promoter.manifests.text import documents, filled, placeholders
from promoter.model.configuration import Configuration, Route
from promoter.model.line import quoted
from promoter.model.rendering import ManifestsResult
from promoter.model.request import ManifestsRequest
from promoter.promotion.places import Places

_FORMATS = ("yaml", "template", "pod")
_SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key


def manifests(request: ManifestsRequest, places: Places) -> ManifestsResult:
    """Render one side's objects; nothing is written unless all of them can be.

    Raises:
        WrongUsage: the request or the configuration does not make objects that a cluster takes, or the file is there.
        NotPermitted: a secret cannot be loaded.

    """
    _require_usable(request)
    setting = _setting(request, places.configuration)
    text, objects = _template(setting) if request.format == "template" else _objects(setting, request.format)
    if request.output:
        _write(request.output, text)
    return ManifestsResult(
        side=request.side,
        format=request.format,
        objects=objects,
        output=request.output,
        text=None if request.output else text,
    )


def generic_template(side: str) -> str:
    """Return the template of a side for any configuration: what only a configuration knows has to be given."""
    return _template(Setting(side, Configuration(), None, token=None, webhook_secret=None))[0]


def _require_usable(request: ManifestsRequest) -> None:
    if request.side not in SIDES:
        raise WrongUsage(
            f"There is no side {quoted(request.side)}." if request.side else "It is not said which side is wanted.",
            "Write --side non-production or --side production.",
        )
    if request.format not in _FORMATS:
        raise WrongUsage(f"There is no format {quoted(request.format)}.", f"The formats are {', '.join(_FORMATS)}.")
    if not (request.token_from or request.webhook_secret_from):
        return
    if request.format != "yaml":
        raise WrongUsage(
            f"--format {request.format} takes no secret.",
            "Leave out --token-from and --webhook-secret-from; a template asks for both when it is processed.",
        )
    if not request.output:
        raise WrongUsage(
            "What is rendered would have a secret in it, and be shown.",
            "Add --output FILE: a new file that only its owner can read.",
        )


def _setting(request: ManifestsRequest, configuration: Configuration) -> Setting:
    route = _route(request, configuration)
    if request.format != "yaml":
        return Setting(request.side, configuration, route, token=None, webhook_secret=None)
    setting = Setting(request.side, configuration, route)
    if not setting.has_webhook and (request.webhook_secret_from or (request.token_from and not setting.in_production)):
        raise WrongUsage(
            "The route has no webhook, so non-production needs no secret, and there is no secret of a webhook.",
            "Leave out the flag, or choose a route `through: webhook`.",
        )
    return setting._replace(
        token=_secret(request.token_from), webhook_secret=_secret(request.webhook_secret_from, key=_SECRET_KEY)
    )


def _route(request: ManifestsRequest, configuration: Configuration) -> Route | None:
    """Return the route that is meant; none for a template without a configuration."""
    routes = {f"{route.from_}:{route.to}": route for route in configuration.routes}
    known = (
        f"The routes are {', '.join(routes)}."
        if routes
        else "Write a promotion.yaml with a route, or name one with --config."
    )
    if request.route:
        if request.route not in routes:
            raise WrongUsage(f"The configuration has no route {request.route}.", known)
        return routes[request.route]
    if len(routes) > 1:
        raise WrongUsage("The configuration has several routes.", f"Name one with --route. {known}")
    if not routes and request.format != "template":
        raise WrongUsage(f"There is no route to render anything for; {configuration.origin}.", known)
    return next(iter(routes.values()), None)


def _secret(source: str | None, key: str = "token") -> str:
    if source is None:
        return ""
    secret = load_credential(source, key=key).secret
    if not secret:
        raise NotPermitted(f"The credential {source} is none.", "Name a source with a secret.")
    return secret


def _objects(setting: Setting, form: str) -> tuple[str, tuple[str, ...]]:
    known = parameters(setting)
    texts = [text for name in templates(setting, form) for text in documents(name, known)]
    _require_all(setting, {name: known[name] for text in texts for name in placeholders(text)})
    rendered = [filled(text, known) for text in texts]
    objects = tuple(_identity(found) for found in map(yaml.safe_load, rendered) if found)
    _require_distinct(objects)
    return "".join(f"---\n{text}" for text in rendered), objects


def _template(setting: Setting) -> tuple[str, tuple[str, ...]]:
    known = parameters(setting)
    texts = [text for name in templates(setting, "template") for text in documents(name, known)]
    used = set().union(*map(placeholders, texts))
    objects = tuple(_identity(yaml.safe_load(text)) for text in texts)
    _require_distinct(objects)
    return template(setting.side, texts, {name: known[name] for name in sorted(used)}), objects


def _require_all(setting: Setting, used: dict[str, Parameter]) -> None:
    if missing := sorted({parameter.key for parameter in used.values() if parameter.value is None}):
        raise WrongUsage(
            f"The configuration lacks {', '.join(missing)}, which the objects of {setting.side} need.",
            "Add it; docs/configuration.md lists every key.",
        )


def _identity(found: dict[str, Any]) -> str:
    metadata = found["metadata"]
    return "/".join(part for part in (metadata.get("namespace"), found["kind"], metadata.get("name")) if part)


def _require_distinct(objects: tuple[str, ...]) -> None:
    if twice := sorted({name for name in objects if objects.count(name) > 1}):
        raise WrongUsage(
            f"There would be two objects {' and two objects '.join(twice)}.",
            "Give one of them another name, under `install` in the configuration.",
        )


def _write(path: str, text: str) -> None:
    """Write a new file that only its owner can read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUsage(f"{path} is there already.", "Name a new file: none is overwritten.") from None
    except (OSError, ValueError) as error:
        raise _unwritten(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        Path(path).unlink()
        raise _unwritten(path, error) from error


def _unwritten(path: str, error: OSError | ValueError) -> WrongUsage:
    return WrongUsage(
        f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.",
        "Name a file in a directory that is there.",
    )
