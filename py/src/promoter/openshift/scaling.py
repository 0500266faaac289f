"""Scaling workloads, by their subresource `scale` (autoscaling/v1; extensions/v1beta1 for DeploymentConfigs)."""

from __future__ import annotations

from promoter.model.workload import WorkloadName
from promoter.openshift.access import require_right
from promoter.openshift.rights import Right
from promoter.openshift.workloads import Workloads


def require_scalable(workloads: Workloads, name: WorkloadName) -> None:
    """See that a workload is there and may be scaled, changing nothing.

    Raises:
        NotFound, NotPermitted, Unreachable: it is not there, or may not be scaled.

    """
    workloads.api.get(f"{workloads.path(name)}/scale")
    right = Right("patch", f"{workloads.resource(name)}/scale", workloads.project)
    require_right(workloads.api, right, f"{name} cannot be scaled down")


def scale_to_zero(workloads: Workloads, name: WorkloadName) -> None:
    """Let a workload have no pods any more.

    Raises:
        NotFound, NotPermitted, Unreachable: it cannot be scaled.

    """
    workloads.api.patch(f"{workloads.path(name)}/scale", {"spec": {"replicas": 0}})
