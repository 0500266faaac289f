"""What stands for the placeholders of the templates: it comes from the configuration, and is checked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from promoter.errors import WrongUsage
from promoter.manifests.forms import (
    GIT,
    IMAGE,
    LINE,
    NAME,
    PATH,
    PROJECT,
    QUANTITY,
    SCHEDULE,
    SHORT_NAME,
    TAG,
    TEXT,
    URL,
    Form,
)
from promoter.model.configuration import Configuration, Environment, Route, Webhook
from promoter.model.gates import Gates
from promoter.model.install import Install, Jenkins
from promoter.model.rollout import Rollout
from promoter.model.section import Section
from promoter.model.workload import CONFIG, DEPLOYMENT, parse_workload

NON_PRODUCTION, PRODUCTION = "non-production", "production"
SIDES = (NON_PRODUCTION, PRODUCTION)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_SECRETS = "/run/secrets/kubernetes.io"
_HTTPS = 443
_REGISTRY_OF_CLUSTER = 5000
_API_SERVER = 6443
"""Its port behind the service `kubernetes`, whose own is 443: networks differ in which of them a policy is about."""

Value = str | int | list[dict[str, str | int]] | None


class Parameter(NamedTuple):
    """What a placeholder stands for.

    Args:
        about: one line on it.
        value: what it stands for; none if it has to be given, empty if it may be left out.
        key: where the configuration has it.
        form: what a text has to look like, unless that is known.

    """

    about: str
    value: Value
    key: str = ""
    form: Form | None = LINE

    @property
    def is_given(self) -> bool:
        """Whether there is something, or has to be."""
        return self.value != ""


class Setting(NamedTuple):
    """What is to be rendered.

    Args:
        side: one of `SIDES`.
        configuration: where everything is.
        route: the route that it is for; none if only its template is wanted, with nothing filled in.
        token: that of the account in the other cluster; empty if its Secret is left out, none if it has to be given.
        webhook_secret: what the webhook asks for, in the same way.

    """

    side: str
    configuration: Configuration
    route: Route | None
    token: str | None = ""
    webhook_secret: str | None = ""

    @property
    def install(self) -> Install:
        """What the configuration says about what is installed."""
        return self.configuration.install

    @property
    def in_production(self) -> bool:
        """Whether it is production's side."""
        return self.side == PRODUCTION

    @property
    def has_webhook(self) -> bool:
        """Whether non-production hands over to production's pipeline; where not, production copies by itself."""
        return self.route is None or self.route.webhook is not None

    @property
    def hands_over(self) -> bool:
        """Whether non-production leaves the copying to production's pipeline, whichever way."""
        return self.route is None or self.route.hands_over

    @property
    def has_cluster(self) -> bool:
        """Whether promotions end in production's image streams."""
        place = self.environment(PRODUCTION)
        return place is not None and place.cluster is not None

    @property
    def rollout(self) -> Rollout | None:
        """What production's own route waits for."""
        return self.route.rollout if self.route and not self.hands_over else self.install.rollout

    @property
    def gates(self) -> Gates:
        """What production's own route asks for."""
        return self.route.gates if self.route and not self.hands_over else self.install.gates or Gates()

    @property
    def webhook(self) -> Webhook | None:
        """The route's webhook."""
        return self.route.webhook if self.route else None

    @property
    def jenkins(self) -> Jenkins:
        """The Jenkins of the side."""
        return self.install.production if self.in_production else self.install.non_production

    def environment(self, side: str) -> Environment | None:
        """Return the environment at an end of the route."""
        if self.route is None:
            return None
        name = self.route.to if side == PRODUCTION else self.route.from_
        return self.configuration.environment(name)

    def environment_key(self, side: str) -> str:
        """Return where the configuration has the environment at an end of the route."""
        if self.route is None:
            return f"environments.{side}"
        return f"environments.{self.route.to if side == PRODUCTION else self.route.from_}"


def parameters(setting: Setting) -> dict[str, Parameter]:
    """Return the parameters by the names of their placeholders, checked.

    Raises:
        WrongUsage: a value has not the form it needs, or a file with an authority cannot be read.

    """
    found = {
        **_of_environment(setting, NON_PRODUCTION, "NON_PROD"),
        **_of_environment(setting, PRODUCTION, "PROD"),
        **_of_route(setting),
        **_of_cluster(setting),
        **_of_webhook(setting),
        **_of_secrets(setting),
        **_of_agent(setting),
        **_of_extras(setting),
    }
    for parameter in found.values():
        if parameter.form and parameter.value and isinstance(parameter.value, str):
            parameter.form.require(parameter.key, parameter.value)
    return found


def _of_environment(setting: Setting, side: str, prefix: str) -> dict[str, Parameter]:
    place, key = setting.environment(side), setting.environment_key(side)
    return {
        f"{prefix}_REGISTRY": Parameter(
            f"Host of the registry of {side}", place.registry if place else None, f"{key}.registry", TEXT
        ),
        f"{prefix}_REGISTRY_PROJECT": Parameter(
            f"What stands before the images' names in that registry, if not {prefix}_PROJECT",
            _registry_project(place) if place else "",
            f"{key}.project",
            TEXT,
        ),
        f"{prefix}_PROJECT": Parameter(
            f"Project of the images in the cluster of {side}",
            (place.cluster_project or None) if place else None,
            f"{key}.project",
            PROJECT,
        ),
        f"{prefix}_USER": Parameter(
            "User name that goes with tokens there", (place or Environment(registry="")).user, f"{key}.user", TEXT
        ),
        f"{prefix}_CA": Parameter(
            "PEM text of the authority that signed the registry's certificate",
            _authority(place.ca, f"{key}.ca") if place else "",
            form=None,
        ),
        f"{prefix}_INSECURE": Parameter("", "" if place is None or place.tls_verify else "yes"),
    }


def _of_route(setting: Setting) -> dict[str, Parameter]:
    route = setting.route
    return {
        "SIDE": Parameter("", setting.side),
        "IMAGES": Parameter(
            "Patterns of the names of the images that are taken, as a list in JSON",
            json.dumps(route.images if route else ["*"]),
        ),
        "MOUNT_FROM": Parameter(
            "Repositories of production's registry to mount blobs from, as a list in JSON",
            json.dumps(route.mount_from if route else []),
        ),
        "WATCHED": Parameter(
            "What is promoted when it changes, as a list in JSON",
            json.dumps(route.watch) if route and route.watch else "",
        ),
        "GATES": Parameter(
            "What has to be there before an image may pass, in JSON",
            _json(setting.gates) if setting.gates != Gates() else "",
        ),
        "REGISTRY_PORTS": Parameter("Ports that agents may connect to, as a list in JSON", _ports(setting)),
    }


def _of_cluster(setting: Setting) -> dict[str, Parameter]:
    rollout = setting.rollout or Rollout()
    kinds = {parse_workload(text).kind for text in rollout.deployments}
    return {
        "OWN_API": Parameter("", "yes" if setting.in_production and setting.has_cluster else ""),
        "ROLLOUT": Parameter(
            "What is waited for once a tag was flipped, in JSON", _json(setting.rollout) if setting.rollout else ""
        ),
        "ROLLOUT_OF_DEPLOYMENTS": Parameter("", "" if kinds == {CONFIG} else "yes"),
        "ROLLOUT_OF_CONFIGS": Parameter("", "" if kinds == {DEPLOYMENT} else "yes"),
        "FIND_WORKLOADS": Parameter("", "" if kinds else "yes"),
    }


def _of_webhook(setting: Setting) -> dict[str, Parameter]:
    webhook = setting.webhook
    return {
        "API": Parameter("URL of production's API server", webhook.api if webhook else None, "webhook.api", URL),
        "API_CA": Parameter(
            "PEM text of the authority that signed the API server's certificate",
            _authority(webhook.ca, "webhook.ca") if webhook else "",
            form=None,
        ),
        "API_INSECURE": Parameter("", "" if webhook is None or webhook.tls_verify else "yes"),
        "LEGACY_API": Parameter("", "yes" if webhook and webhook.legacy_api else ""),
        "JENKINS_URL": Parameter(
            "URL of production's Jenkins", (webhook and webhook.jenkins) or "", "webhook.jenkins", URL
        ),
        "PIPELINE_PROJECT": Parameter(
            "Project of production's pipeline", webhook.project if webhook else None, "webhook.project", PROJECT
        ),
        "BUILD_CONFIG": Parameter(
            "Name of production's pipeline",
            (webhook and webhook.build_config) or "production-pipeline",
            "webhook.build-config",
            NAME,
        ),
        "FIND_BUILD_CONFIG": Parameter("", "" if webhook and webhook.build_config else "yes"),
        "TRIGGER": Parameter(
            "Service account that non-production triggers the pipeline as",
            setting.install.trigger,
            "install.trigger",
            NAME,
        ),
    }


def _of_secrets(setting: Setting) -> dict[str, Parameter]:
    install, other = setting.install, NON_PRODUCTION if setting.in_production else PRODUCTION
    name = install.puller_token if setting.in_production else install.trigger_token
    key = "install.puller-token" if setting.in_production else "install.trigger-token"
    return {
        "PULLER": Parameter("Service account that production pulls as", install.puller, "install.puller", NAME),
        "TOKEN": Parameter("Token of the account in the other cluster", setting.token),
        "TOKEN_SECRET": Parameter("Name of the Secret with the other cluster's token", name, key, NAME),
        "TOKEN_DIRECTORY": Parameter(
            "Directory in which that Secret is mounted",
            _directory(setting.environment(other)) or f"{_SECRETS}/{name}",
            f"{setting.environment_key(other)}.credentials",
            PATH,
        ),
        "TOKEN_ACCOUNT": Parameter("", install.puller if setting.in_production else install.trigger),
        "TOKEN_PROJECT": Parameter("", _home_of_token(setting)),
        "WEBHOOK_SECRET": Parameter("What the pipeline's webhook asks for", setting.webhook_secret),
        "WEBHOOK_SECRET_NAME": Parameter(
            "Name of the webhook's Secrets, without -text and -key",
            install.webhook_secret,
            "install.webhook-secret",
            SHORT_NAME,
        ),
    }


def _of_agent(setting: Setting) -> dict[str, Parameter]:
    agent, library, jenkins = setting.install.agent, setting.install.library, setting.jenkins
    key = f"install.{setting.side}"
    return {
        "JENKINS_PROJECT": Parameter("Jenkins' project", jenkins.project or _home(setting), f"{key}.project", PROJECT),
        "ACCOUNT": Parameter("Service account of the agents that promote", jenkins.account, f"{key}.account", NAME),
        "LIBRARY_REPOSITORY": Parameter(
            "Git URL of the image promoter's repository", library.repository, "install.library.repository", GIT
        ),
        "LIBRARY_REF": Parameter("Branch, tag or commit there", library.ref, "install.library.ref", TEXT),
        "LIBRARY_SECRET": Parameter("Secret that opens it", library.secret, "install.library.secret", NAME),
        "AGENT_IMAGE": Parameter("Name of the agent's image stream", agent.image, "install.agent.image", NAME),
        "AGENT_BASE": Parameter("Jenkins agent image that it is built on", agent.base, "install.agent.base", IMAGE),
        "AGENT_REGISTRY": Parameter(
            "The cluster's own registry, as its nodes reach it", agent.registry, "install.agent.registry", TEXT
        ),
        "AGENT_CPU": Parameter("CPU of the agent", agent.cpu, "install.agent.cpu", QUANTITY),
        "AGENT_MEMORY": Parameter("Memory of the agent", agent.memory, "install.agent.memory", QUANTITY),
        "PROXY": Parameter("Proxy on the way to the other cluster", agent.proxy, "install.agent.proxy", URL),
        "NO_PROXY": Parameter("What is reached without the proxy", agent.no_proxy, "install.agent.no-proxy", TEXT),
    }


def _of_extras(setting: Setting) -> dict[str, Parameter]:
    install, found = setting.install, {}
    if watch := install.watch:
        found["WATCH_SCHEDULE"] = Parameter(
            "When to look for what has changed", watch.schedule, "install.watch.schedule", SCHEDULE
        )
    if verified := install.verification:
        key = "install.verification"
        found |= {
            "DEPLOYMENT": Parameter("What is verified", verified.deployment, f"{key}.deployment", SHORT_NAME),
            "VERIFIED_IMAGE": Parameter("Name of the image", verified.image, f"{key}.image", IMAGE),
            "VERIFIED_TAG": Parameter("Tag of the image", verified.tag, f"{key}.tag", TAG),
            "VERIFICATION": Parameter("The verification, in shell", verified.command, f"{key}.command"),
            "VERIFIER": Parameter("Image that it runs in", verified.run_in, f"{key}.run-in", IMAGE),
            "PORT": Parameter("Where the application listens", verified.port, f"{key}.port"),
        }
    if imported := install.import_:
        key = "install.import"
        found |= {
            "IMPORT_IMAGE": Parameter("Name of the image stream", imported.image, f"{key}.image", NAME),
            "IMPORT_TAG": Parameter("Tag of the image stream", imported.tag, f"{key}.tag", TAG),
            "IMPORT_FROM": Parameter("Image that it follows", imported.from_, f"{key}.from", IMAGE),
        }
    return found


def _json(section: Section) -> str:
    return json.dumps(_spelled(section))


def _spelled(section: Section) -> dict[str, object]:
    """Return a section as the configuration has it."""
    given = {section.spell(name): value for name, value in vars(section).items() if value is not None}
    return {key: _spelled(value) if isinstance(value, Section) else value for key, value in given.items()}


def _registry_project(place: Environment) -> str | None:
    """Return the project's name in the registry if it has another one there; every environment needs one."""
    return "" if place.project == place.cluster_project else place.project or None


def _home(setting: Setting) -> str | None:
    """Return the project that Jenkins is in if nothing says it: the pipeline's, or the images' own."""
    if setting.in_production and setting.webhook:
        return setting.webhook.project
    place = setting.environment(setting.side)
    return (place.cluster_project or None) if place else None


def _home_of_token(setting: Setting) -> str | None:
    """Return the project of the account whose token is needed here."""
    if setting.in_production:
        place = setting.environment(NON_PRODUCTION)
        return place.cluster_project if place else None
    return setting.webhook.project if setting.webhook else None


def _directory(place: Environment | None) -> str:
    """Return where the configuration already reads the token of an environment from, if that is a mounted Secret."""
    kind, _, directory = place.credentials.partition(":") if place else ("", "", "")
    return directory if kind == "secret" else ""


def _authority(path: str | None, key: str) -> str:
    """Return the certificates of a file; what is no certificate, such as a key, does not get into objects."""
    if not path:
        return ""
    try:
        found = _CERTIFICATE.findall(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"{key} names {path}, which cannot be read: {getattr(error, 'strerror', None) or 'it is no PEM text'}.",
            "Name a readable file: its certificates become part of the objects.",
        ) from None
    if not found:
        raise WrongUsage(f"{key} names {path}, in which there is no certificate.", "Name a PEM file with one.")
    return "".join(f"{certificate}\n" for certificate in found)


def _ports(setting: Setting) -> Value:
    """Return what production's agents connect to; nothing in particular for non-production's."""
    if not setting.in_production:
        return ""
    places = [place for side in SIDES if (place := setting.environment(side))]
    urls = [f"https://{place.registry}" for place in places]
    urls += [setting.install.agent.proxy] if setting.install.agent.proxy else []
    ports = {_HTTPS, _REGISTRY_OF_CLUSTER} | {urlsplit(url).port or _default_port(url) for url in urls}
    ports |= {_API_SERVER} if setting.has_cluster else set()
    return [{"protocol": "TCP", "port": port} for port in sorted(ports)]


def _default_port(url: str) -> int:
    return 80 if url.startswith("http://") else _HTTPS
