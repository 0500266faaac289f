"""The configuration, `promotion.yaml`: environments, and the routes between them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from promoter.errors import WrongUsage
from promoter.model.base import Model, option
from promoter.model.reference import is_host, parse_name, split_host


class _Section(Model):
    """Unknown keys are refused, values keep their type, and names are written with hyphens."""

    @staticmethod
    def spell(name: str) -> str:
        """Return a field's name with hyphens."""
        return name.rstrip("_").replace("_", "-")


class Cluster(_Section):
    """The API of the cluster that an environment's project is in.

    Args:
        api: URL of the API server.
        project: the project there; the environment's if left out.
        credentials: credential source of a bearer token; the environment's if left out.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.

    """

    api: str
    project: str | None = None
    credentials: str | None = None
    ca: str | None = None
    tls_verify: bool = True


class Environment(_Section):
    """A registry and project, with the credential to use there.

    Args:
        registry: host, with the port if it is not 443.
        project: what stands between the registry and the image's name; it may have slashes.
        credentials: a credential source, see `promoter.credentials.sources`.
        user: the user name that goes with a bare token.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.
        cluster: the API of the cluster it is in, if that may be used.

    """

    registry: str
    project: str = ""
    credentials: str = "anonymous"
    user: str = "openshift"
    ca: str | None = None
    tls_verify: bool = True
    cluster: Cluster | None = None

    def repository(self, name: str) -> str:
        """Return the repository of an image of this environment."""
        return f"{self.project}/{name}" if self.project else name


class Webhook(_Section):
    """The generic webhook of production's BuildConfig.

    Args:
        api: URL of the production cluster's API server.
        project: the BuildConfig's project.
        build_config: its name.
        secret: credential source of the webhook's secret.
        credentials: credential source of a bearer token for the API: to trigger, and to follow the build.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.
        jenkins: URL of production's Jenkins, if the build's log may be read there with the same token.
        legacy_api: use /oapi/v1, as OpenShift before 3.11 has it.

    """

    api: str
    project: str
    build_config: str
    secret: str
    credentials: str = "anonymous"
    ca: str | None = None
    tls_verify: bool = True
    jenkins: str | None = None
    legacy_api: bool = False


class Route(_Section):
    """A way from one environment to another.

    Args:
        from_: the environment images come from.
        to: the environment they go to.
        images: patterns of the image names that may take it; `*` and `?` stand for any characters.
        through: `copy`, or `webhook` to hand over to production's pipeline.
        webhook: where to hand over to.
        mount_from: repositories of the destination's registry that blobs are mounted from.

    """

    from_: str
    to: str
    images: tuple[str, ...] = ("*",)
    through: Literal["copy", "webhook"] = "copy"
    webhook: Webhook | None = None
    mount_from: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Tell whether an image of that name may take this route."""
        return any(fnmatchcase(name, pattern) for pattern in self.images)


class Configuration(_Section):
    """All environments and routes."""

    environments: dict[str, Environment] = option("the environments by name", default={})
    routes: tuple[Route, ...] = ()

    def environment(self, name: str) -> Environment:
        """Return an environment.

        Raises:
            WrongUsage: there is none of that name.

        """
        if name in self.environments:
            return self.environments[name]
        known = ", ".join(sorted(self.environments)) or "none"
        raise WrongUsage(
            f"There is no environment {name!r} (known: {known}).",
            "Add it to the configuration, correct the name, or write a full reference with the registry's host.",
        )

    def route(self, origin: str | None, target: str | None) -> Route | None:
        """Return the route between two environments, if there is one."""
        return next((route for route in self.routes if (route.from_, route.to) == (origin, target)), None)

    def environment_at(self, registry: str, project: str) -> str | None:
        """Return the name of the environment with that registry and project, if there is one."""
        places = self.environments.items()
        return next((name for name, place in places if (place.registry, place.project) == (registry, project)), None)


def check(configuration: Configuration) -> None:
    """See whether the parts fit together.

    Raises:
        WrongUsage: an environment cannot be named in front of an image, or is at no registry and project; a route names
            an unknown environment, or lacks its webhook; two routes have the same ends.

    """
    for name, environment in configuration.environments.items():
        _check_environment(name, environment)
    seen: set[tuple[str, str]] = set()
    for route in configuration.routes:
        ends = (route.from_, route.to)
        for name in ends:
            configuration.environment(name)
        if ends in seen:
            raise WrongUsage(f"There are two routes from {ends[0]} to {ends[1]}.", "Make them one.")
        seen.add(ends)
        if (route.through == "webhook") != (route.webhook is not None):
            raise WrongUsage(
                f"The route from {ends[0]} to {ends[1]} has only one of `through: webhook` and `webhook:`.",
                "Write both, or neither.",
            )


def _check_environment(name: str, environment: Environment) -> None:
    if not name or "/" in name or split_host(f"{name}/image")[0] is not None:
        raise WrongUsage(
            f"An environment cannot be called {name!r}.",
            "An image is written environment/name:tag; a name with a dot, a colon or a slash would not be seen as one.",
        )
    if not is_host(environment.registry):
        raise WrongUsage(
            f"The registry of environment {name} is {environment.registry!r}, which is no host.",
            "Write host or host:port, without https:// and without a path.",
        )
    if environment.project:
        parse_name(environment.project, whole=f"{name}: project: {environment.project}", bare=True)
