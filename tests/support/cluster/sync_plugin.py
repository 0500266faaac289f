"""What OpenShift's Jenkins sync plugin writes on the Build of a pipeline."""

from __future__ import annotations

import json

STATUS = {"Running": "IN_PROGRESS", "Complete": "SUCCESS", "Failed": "FAILED", "Cancelled": "ABORTED"}
RESULT = {"Complete": "SUCCESS", "Failed": "FAILURE", "Cancelled": "ABORTED"}


def job_path(project: str, config: str, number: int) -> str:
    """Return the path of a Jenkins run: the plugin's job is PROJECT/PROJECT-CONFIG."""
    return f"/jenkins/job/{project}/job/{project}-{config}/{number}/"


def build_annotations(cluster_url: str, project: str, config: str, number: int, phase: str) -> dict[str, str]:
    path = job_path(project, config, number)
    run = cluster_url + path
    status = {
        "_links": {"self": {"href": f"{path}wfapi/describe"}},
        "id": str(number),
        "name": f"#{number}",
        "status": STATUS.get(phase, "FAILED"),
        "stages": [],
    }
    return {
        "openshift.io/jenkins-build-uri": run,
        "openshift.io/jenkins-log-url": f"{run}consoleText",
        "openshift.io/jenkins-console-log-url": f"{run}console",
        "openshift.io/jenkins-status-json": json.dumps(status),
    }
