"""Where the builds of a BuildConfig push to, as others than their cluster name it."""

from __future__ import annotations

from promoter.errors import WrongUsage
from promoter.model.reference import parse_name, split_host
from promoter.openshift.build_configs import BuildConfig
from promoter.openshift.image_streams import ImageStreams
from promoter.promotion.places import Places


def output_of(config: BuildConfig, environment: str, streams: ImageStreams, places: Places) -> str:
    """Return the repository that the builds of a BuildConfig push to: environment/name, or with the registry's host.

    Args:
        config: the BuildConfig.
        environment: the environment that it is in.
        streams: the image streams of the same project.
        places: knows the other environments.

    Raises:
        WrongUsage: they push nothing, or to a project of the cluster that no environment is.
        NotPermitted, Unreachable: the image stream cannot be looked at.

    """
    output = config.output
    if not output:
        raise WrongUsage(
            f"The builds of {streams.project}/{config.name} push no image, so there is nothing to tag.",
            "Give the BuildConfig an `output`, or leave out the tag.",
        )
    if output.get("kind") == "DockerImage":
        return _by_reference(str(output["name"]), environment, streams)
    name = str(output["name"]).partition(":")[0]
    project = output.get("namespace") or streams.project
    other = environment if project == streams.project else _environment_of(project, environment, places)
    if other is None:
        raise WrongUsage(
            f"The builds of {streams.project}/{config.name} push to project {project}, which is no environment.",
            "Add it to the configuration as an environment with the same `cluster`.",
        )
    return f"{other}/{name}"


def _by_reference(reference: str, environment: str, streams: ImageStreams) -> str:
    """Return where a reference leads; the cluster's own registry may be named by a host that only the cluster knows."""
    host, rest = split_host(reference)
    repository = parse_name(rest).repository
    project, _, name = repository.partition("/")
    stream = streams.find(name) if project == streams.project else None
    return f"{environment}/{name}" if stream and host in stream.registries else f"{host or 'docker.io'}/{repository}"


def _environment_of(project: str, environment: str, places: Places) -> str | None:
    """Return the environment that is another project of the same cluster."""
    own = places.configuration.environment(environment).cluster
    for name, place in places.configuration.environments.items():
        if own and place.cluster and place.cluster.api == own.api and place.cluster_project == project:
            return name
    return None
