"""Deployments and DeploymentConfigs: how the caller describes one, and what the server makes of it.

The observations have neither. The documents follow apps/v1, apps.openshift.io/v1 and autoscaling/v1, and the annotation
that OpenShift's image trigger controller reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .answers import DEPLOYMENT_CONFIGS, DEPLOYMENTS, Document


def deployment(
    name: str,
    watched: Iterable[Mapping[str, str]],
    *,
    paused: bool = False,
    **spec: Any,  # noqa: ANN401 - the API's own fields
) -> Document:
    """Return a Deployment to POST; `watched` are the `from` of its triggers, `paused` says that they are."""
    path = 'spec.template.spec.containers[?(@.name=="main")].image'
    triggers: list[Document] = [{"from": {"kind": "ImageStreamTag", **one}, "fieldPath": path} for one in watched]
    if paused:
        triggers = [trigger | {"paused": True} for trigger in triggers]
    return {
        "kind": DEPLOYMENTS.name,
        "apiVersion": DEPLOYMENTS.api_version,
        "metadata": {"name": name, "annotations": {"image.openshift.io/triggers": json.dumps(triggers)}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": _template(name), **spec},
    }


def deployment_config(
    name: str,
    watched: Iterable[Mapping[str, str]],
    *,
    paused: bool = False,
    **spec: Any,  # noqa: ANN401 - the API's own fields
) -> Document:
    """Return a DeploymentConfig to POST; see `deployment`."""
    changes = [
        {"automatic": not paused, "containerNames": ["main"], "from": {"kind": "ImageStreamTag", **one}}
        for one in watched
    ]
    triggers = [{"type": "ImageChange", "imageChangeParams": change} for change in changes]
    defaults = {
        "replicas": 1,
        "strategy": {"type": "Rolling", "rollingParams": {"timeoutSeconds": 600}},
        "selector": {"app": name},
        "template": _template(name),
        "triggers": [{"type": "ConfigChange"}, *triggers],
    }
    return {
        "kind": DEPLOYMENT_CONFIGS.name,
        "apiVersion": DEPLOYMENT_CONFIGS.api_version,
        "metadata": {"name": name},
        "spec": {**defaults, **spec},
    }


def _template(name: str) -> Document:
    """Return a pod template; its image is empty until the trigger sets it."""
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": ""}]}}


def stored(document: Document) -> Document:
    """Return the document as the server keeps it."""
    return document


def scale(document: Document) -> Document:
    """Return a workload's subresource `scale`."""
    about = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: document["metadata"][key] for key in about},
        "spec": {"replicas": document["spec"]["replicas"]},
        "status": {"replicas": document.get("status", {}).get("replicas", 0)},
    }


def set_replicas(document: Document, replicas: int) -> None:
    """Scale a workload."""
    if document["spec"]["replicas"] != replicas:
        document["spec"]["replicas"] = replicas
        document["metadata"]["generation"] += 1
