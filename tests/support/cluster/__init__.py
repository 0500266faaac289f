"""A stub of an OpenShift cluster: BuildConfigs, their webhooks, builds and logs, image streams, over HTTPS.

It answers as a real API server did. A comment like "[8] wrong secret" names the section and the case of the
observations that an answer copies. What the observations lack follows the sources of openshift-apiserver
and of the Jenkins sync plugin.
"""

from .access import edit, pull, set_tags, view
from .answers import Answer
from .build_configs import GenericTrigger
from .cluster import Cluster
from .faults import SERVICE_UNAVAILABLE
from .runs import BuildError, BuildRun, HookError, Runner

__all__ = [
    "SERVICE_UNAVAILABLE",
    "Answer",
    "BuildError",
    "BuildRun",
    "Cluster",
    "GenericTrigger",
    "HookError",
    "Runner",
    "edit",
    "pull",
    "set_tags",
    "view",
]
