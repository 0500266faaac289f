"""Clusters: the API that an environment's project is in, and what its token may do there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promoter.doctor.access import examine_rights
from promoter.doctor.report import Report
from promoter.doctor.servers import examine_server
from promoter.doctor.tokens import examine_credential
from promoter.doctor.triggers import examine_triggers
from promoter.errors import WrongUsage
from promoter.http.trust import Trust
from promoter.model.configuration import Cluster, Environment, Route
from promoter.model.workload import parse_workload
from promoter.openshift.rights import Right
from promoter.openshift.workloads import rights_to_follow
from promoter.promotion.places import Places


def examine_cluster(places: Places, name: str, cluster: Cluster) -> Report:
    """Examine the cluster of an environment, for what its routes need; and its triggers, if a route leads there."""
    report = Report(f"cluster of {name}")
    configuration = places.configuration
    environment = configuration.environments[name]
    trust = Trust(cluster.ca, verify=cluster.tls_verify)
    status = examine_server(report, f"{cluster.api.rstrip('/')}/version", trust, places.deadline)
    source = cluster.credentials or environment.credentials
    credential = examine_credential(report, source, environment.registry, user=environment.user)
    if status is None or credential is None:
        return report
    leading_here = [route for route in configuration.routes if route.to == name]
    with report.noting_failures():
        if not environment.cluster_project:
            raise WrongUsage(f"{name} names no project in its cluster.", "Give its `cluster` a `project`.")
        api = places.cluster(environment)
        copying = [route for route in leading_here if not route.hands_over]
        rights = _rights(environment, copying, shared=source == environment.credentials)
        examine_rights(report, api, dict.fromkeys(rights))
        if leading_here:
            examine_triggers(report, api, configuration, environment)
    return report


def _rights(environment: Environment, routes: Iterable[Route], *, shared: bool) -> Iterator[Right]:
    """Yield what the routes that copy here need.

    A credential `shared` with the registry needs what the registry asks the cluster for as well. Then the registry is
    the cluster's own, which imports nothing from itself, unless it has the project by another name.

    """
    project = environment.cluster_project
    yield Right("get", "imagestreams", project)
    if shared:
        yield Right("get", "imagestreams/layers", project)
    for route in routes:
        yield Right("update", "imagestreamtags", project)
        if not shared or environment.project != project:
            yield Right("create", "imagestreamimports", project)
        if shared:
            yield Right("update", "imagestreams/layers", project)
        if route.rollout:
            yield from rights_to_follow(project, map(parse_workload, route.rollout.deployments))
