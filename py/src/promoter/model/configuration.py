"""The configuration, `promotion.yaml`: environments, and the routes between them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Literal

from promoter.errors import WrongUsage
from promoter.model.base import option
from promoter.model.duration import seconds
from promoter.model.gates import Gates, check_gates
from promoter.model.install import Install
from promoter.model.line import quoted
from promoter.model.pull_requests import PullRequests
from promoter.model.reference import checked_repository, is_host, parse_name, split_host, without_user
from promoter.model.rollout import Rollout
from promoter.model.section import Section
from promoter.model.workload import parse_workload

ENGINES = ("skopeo", "stream")
DEFAULT_ENGINE: Literal["skopeo"] = "skopeo"
_PROJECT = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Cluster(Section):
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


class Environment(Section):
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

    @property
    def cluster_project(self) -> str:
        """The project in its cluster, whose name may differ from the registry's."""
        return (self.cluster and self.cluster.project) or self.project


class Webhook(Section):
    """The generic webhook of production's BuildConfig.

    Args:
        api: URL of the production cluster's API server.
        project: the BuildConfig's project; the one its environment has in the cluster if left out.
        build_config: its name; if left out, it is found, see `promoter.openshift.discovery`.
        secret: credential source of the webhook's secret.
        credentials: credential source of a bearer token for the API: to trigger, and to follow the build.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.
        jenkins: URL of production's Jenkins, if the build's log may be read there with the same token.
        legacy_api: use /oapi/v1, as OpenShift before 3.11 has it.

    """

    api: str
    project: str = ""
    build_config: str = ""
    secret: str
    credentials: str = "anonymous"
    ca: str | None = None
    tls_verify: bool = True
    jenkins: str | None = None
    legacy_api: bool = False


class JenkinsJob(Section):
    """Production's pipeline as a job, started through Jenkins' REST API.

    Args:
        url: Jenkins, with the prefix if it has one.
        name: the job's full name, such as `folder/job`; a slash in a branch's name is written %2F.
        user: ID of the user that the token is of; if left out, it is sent as a bearer token, as OpenShift's takes it.
        credentials: credential source of an API token.
        ca: PEM file with the authority to trust.
        tls_verify: false accepts any certificate.

    """

    url: str
    name: str
    user: str = ""
    credentials: str = "anonymous"
    ca: str | None = None
    tls_verify: bool = True


class JenkinsWebhook(JenkinsJob):
    """Production's pipeline as a job, started through the Generic Webhook Trigger plugin.

    Args:
        token: credential source of the token that starts the job; `credentials` only let it be followed.

    """

    token: str


class Route(Section):
    """A way from one environment to another.

    Args:
        from_: the environment images come from.
        to: the environment they go to.
        images: patterns of the image names that may take it; `*` and `?` stand for any characters.
        through: `copy`, or how to hand over to production's pipeline: `webhook`, `job` or `generic-webhook`.
        engine: what brings the blobs that cannot be mounted: `skopeo`, or `stream`, which needs no other program.
        webhook: where to hand over to by the webhook of a BuildConfig.
        job: where to hand over to by Jenkins' API.
        generic_webhook: where to hand over to by Jenkins' plugin of that name.
        mount_from: repositories of the destination's registry that blobs are mounted from.
        watch: what `promoter watch` promotes: `name:tag`, where `*` and `?` in the tag stand for any characters.
        rollout: what is waited for once a tag was flipped; nothing is if left out.
        gates: what has to be there before an image may pass; nothing has to if left out.

    """

    from_: str
    to: str
    images: tuple[str, ...] = ("*",)
    through: Literal["copy", "webhook", "job", "generic-webhook"] = "copy"
    engine: Literal["skopeo", "stream"] = DEFAULT_ENGINE
    webhook: Webhook | None = None
    job: JenkinsJob | None = None
    generic_webhook: JenkinsWebhook | None = None
    mount_from: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    rollout: Rollout | None = None
    gates: Gates = Gates()

    @property
    def hands_over(self) -> bool:
        """Whether it leaves the copying to production's pipeline."""
        return self.through != "copy"

    def takes(self, name: str) -> bool:
        """Tell whether an image of that name may take this route."""
        return any(fnmatchcase(name, pattern) for pattern in self.images)


class Sections(Section):
    """What `promotion.yaml` has: all environments and routes, and what is installed for them."""

    environments: dict[str, Environment] = option("the environments by name", default={})
    routes: tuple[Route, ...] = ()
    install: Install = Install()
    pull_requests: PullRequests | None = None


class Configuration(Sections):
    """All environments and routes, and where they come from.

    Args:
        origin: what was read, or why nothing was, for messages.

    """

    origin: str = "no configuration was read"

    def environment(self, name: str) -> Environment:
        """Return an environment.

        Raises:
            WrongUsage: there is none of that name.

        """
        if name in self.environments:
            return self.environments[name]
        known = ", ".join(sorted(self.environments)) or "none"
        raise WrongUsage(
            f"There is no environment {quoted(without_user(name))} (known: {known}); {self.origin}.",
            "Add it to the configuration (--config names another file), correct the name, or write a full reference "
            "with the registry's host.",
        )

    def route(self, origin: str | None, target: str | None) -> Route | None:
        """Return the route between two environments, if there is one."""
        return next((route for route in self.routes if (route.from_, route.to) == (origin, target)), None)

    def environment_at(self, registry: str, project: str) -> str | None:
        """Return the name of the environment with that registry and project, if there is one."""
        places = self.environments.items()
        return next((name for name, place in places if (place.registry, place.project) == (registry, project)), None)


def completed(configuration: Configuration) -> Configuration:
    """Return the configuration with the project of every webhook that leaves it out.

    Raises:
        WrongUsage: the route leads to an unknown environment.

    """
    return configuration.but(routes=tuple(_completed(route, configuration) for route in configuration.routes))


def _completed(route: Route, configuration: Configuration) -> Route:
    if route.webhook is None or route.webhook.project:
        return route
    project = configuration.environment(route.to).cluster_project
    return route.but(webhook=route.webhook.but(project=project))


def check(configuration: Configuration) -> None:
    """See whether the parts fit together.

    Raises:
        WrongUsage: an environment cannot be named in front of an image, or is at no registry and project; a route names
            an unknown environment, lacks what it leads through, or has gates that cannot be met; two routes have the
            same ends.

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
        _check_way(route)
        for repository in route.mount_from:
            checked_repository(repository)
        _check_watched(route)
        _check_rollout(route, configuration.environment(route.to))
        _check_gates(f"The route from {route.from_} to {route.to} has `gates`", route.gates)
        _check_constraints(route, configuration.environment(route.from_))
    if configuration.install.rollout:
        _check_rollout_itself("The section `install` has a `rollout`", configuration.install.rollout)
    if configuration.install.gates:
        _check_gates("The section `install` has `gates`", configuration.install.gates)
        _check_no_constraints(configuration.install.gates)


def _check_way(route: Route) -> None:
    """See that a route has what it leads through, and nothing else."""
    sections = {"webhook": route.webhook, "job": route.job, "generic-webhook": route.generic_webhook}
    for way, section in sections.items():
        if (route.through == way) != (section is not None):
            raise WrongUsage(
                f"The route from {route.from_} to {route.to} has only one of `through: {way}` and `{way}:`.",
                "Write both, or neither.",
            )
    if route.webhook and not _PROJECT.fullmatch(route.webhook.project):
        raise WrongUsage(
            f"The webhook from {route.from_} to {route.to} is in {quoted(route.webhook.project)}, which is no "
            "project's name.",
            "Give the webhook the `project` that production's BuildConfig is in.",
        )
    job = route.job or route.generic_webhook
    if job and not all(job.name.split("/")):
        raise WrongUsage(
            f"The route from {route.from_} to {route.to} leads through {quoted(job.name)}, which is no job's full "
            "name.",
            "Write folder/job, or project/branch, without a slash at either end.",
        )


def _check_rollout(route: Route, target: Environment) -> None:
    if route.rollout is None:
        return
    rolls_out = f"The route from {route.from_} to {route.to} has a `rollout`"
    if route.hands_over:
        raise WrongUsage(
            f"{rolls_out}, but hands over to production's pipeline.",
            "Give it to the route in production's own configuration; `promoter manifests` renders it from `install`.",
        )
    if target.cluster is None:
        raise WrongUsage(f"{rolls_out}, but {route.to} names no cluster.", f"Give {route.to} its `cluster`.")
    _check_rollout_itself(rolls_out, route.rollout)


def _check_rollout_itself(said: str, rollout: Rollout) -> None:
    try:
        for text in rollout.deployments:
            parse_workload(text)
        seconds(rollout.timeout)
    except WrongUsage as problem:
        raise WrongUsage(f"{said}, in which {problem.message}", problem.remedy) from problem


def _check_gates(said: str, gates: Gates) -> None:
    try:
        check_gates(gates)
    except WrongUsage as problem:
        raise WrongUsage(f"{said}, in which {problem.message}", problem.remedy) from problem


def _check_constraints(route: Route, source: Environment) -> None:
    if route.gates.constraints and source.cluster is None:
        raise WrongUsage(
            f"The route from {route.from_} to {route.to} has `gates` with `constraints`, but {route.from_} names no "
            "cluster, whose image streams say what is inconsistent.",
            f"Give {route.from_} its `cluster`.",
        )


def _check_no_constraints(gates: Gates) -> None:
    if gates.constraints:
        raise WrongUsage(
            "The section `install` has `gates` with `constraints`, but production's configuration, as it is rendered, "
            "names no cluster of non-production to look at.",
            "Give the `constraints` to the route itself, which then asks before it hands over.",
        )


def _check_watched(route: Route) -> None:
    for pattern in route.watch:
        watches = f"The route from {route.from_} to {route.to} watches {quoted(without_user(pattern))}"
        name, _, tag = pattern.partition(":")
        if not tag or "@" in tag:
            raise WrongUsage(f"{watches}, which is not name:tag.", "Write name:tag; the tag may have * and ?.")
        if set(name) & set("*?"):
            raise WrongUsage(
                f"{watches}: images cannot be found by a pattern, since registries do not list them to everybody.",
                "Write each image's name; * and ? may stand in the tag alone.",
            )
        parse_name(f"{name}:{re.sub('[*?]', '_', tag)}", whole=pattern)
        if not route.takes(name):
            raise WrongUsage(
                f"{watches}, which is none of its images.", "Add it to the route's `images`, or do not watch it."
            )


def _check_environment(name: str, environment: Environment) -> None:
    if not name or set(name) & set("/@") or split_host(f"{name}/image")[0] is not None:
        raise WrongUsage(
            f"An environment cannot be called {quoted(without_user(name))}.",
            "An image is written environment/name:tag; a name with one of . : / @ would not be seen as one.",
        )
    if not is_host(environment.registry):
        raise WrongUsage(
            f"The registry of environment {name} is {quoted(without_user(environment.registry))}, which is no host.",
            "Write host or host:port, without https://, without a user and without a path.",
        )
    if environment.project:
        parse_name(environment.project, whole=f"{name}: project: {environment.project}", bare=True)
