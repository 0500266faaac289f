"""What a pipeline finds by itself: the project it runs in, and the BuildConfig of production's pipeline."""

from __future__ import annotations

import os

from promoter.credentials.sources import SERVICE_ACCOUNT
from promoter.errors import NotFound, WrongUsage
from promoter.openshift.api import ClusterApi, Forbidden, Object
from promoter.openshift.webhook import BUILD_API, LEGACY_API


def own_project() -> str | None:
    """Return the project this runs in: that of the BuildConfig whose pipeline it is, or else the pod's.

    OpenShift's Jenkins sync plugin names the job of a BuildConfig PROJECT/PROJECT-NAME; Jenkins itself, and so the
    agent's pod, may be in another project.
    """
    folder, _, job = os.environ.get("JOB_NAME", "").partition("/")
    if folder and job.startswith(f"{folder}-"):
        return folder
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def find_pipeline(api: ClusterApi, project: str, *, legacy: bool = False) -> str:
    """Return the name of the project's only BuildConfig that Jenkins runs and whose webhook takes parameters.

    Args:
        api: the cluster.
        project: where to look.
        legacy: whether the API is that of a cluster before OpenShift 3.11.

    Raises:
        NotFound: there is none.
        WrongUsage: there are several.
        NotPermitted, Unreachable: the BuildConfigs cannot be listed; Forbidden if only the right is missing.

    """
    try:
        configs = api.get(f"{LEGACY_API if legacy else BUILD_API}/namespaces/{project}/buildconfigs")
    except Forbidden as failure:
        raise Forbidden(
            failure.message,
            f"{failure.remedy} Or name the BuildConfig, as `build-config` in the route's webhook.",
        ) from failure
    pipelines = [config for config in configs.get("items") or [] if _is_pipeline(config)]
    open_ones = [_name(config) for config in pipelines if _takes_parameters(config)]
    if not open_ones:
        closed = ", ".join(map(_name, pipelines))
        raise NotFound(
            f"No pipeline in {project} at {api.url} has a generic webhook with `allowEnv: true`"
            + (f"; there is {closed}, without one." if closed else ": there is no BuildConfig for Jenkins at all."),
            "Apply production's BuildConfig there, or name `project` and `build-config` in the route's webhook.",
        )
    if len(open_ones) > 1:
        raise WrongUsage(
            f"Several pipelines in {project} at {api.url} could take over: {', '.join(open_ones)}.",
            "Name the one that is meant: `build-config` in the route's webhook.",
        )
    return open_ones[0]


def _name(config: Object) -> str:
    return str(config["metadata"]["name"])


def _is_pipeline(config: Object) -> bool:
    return "jenkinsPipelineStrategy" in config["spec"]["strategy"]


def _takes_parameters(config: Object) -> bool:
    triggers = config["spec"].get("triggers") or []
    return any((trigger.get("generic") or {}).get("allowEnv") for trigger in triggers)
