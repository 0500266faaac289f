"""Deployments and DeploymentConfigs, as far as their triggers go.

The observations have neither. The documents follow OpenShift: the annotation that its image trigger controller reads,
and apps.openshift.io/v1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .answers import DEPLOYMENT_CONFIGS, DEPLOYMENTS, Document


def deployment(name: str, watched: Iterable[Mapping[str, str]]) -> Document:
    """Return a Deployment to POST; `watched` are the `from` of its triggers."""
    path = 'spec.template.spec.containers[?(@.name=="main")].image'
    triggers = [{"from": {"kind": "ImageStreamTag", **one}, "fieldPath": path} for one in watched]
    return {
        "kind": DEPLOYMENTS.name,
        "apiVersion": DEPLOYMENTS.api_version,
        "metadata": {"name": name, "annotations": {"image.openshift.io/triggers": json.dumps(triggers)}},
        "spec": {"replicas": 1},
    }


def deployment_config(name: str, watched: Iterable[Mapping[str, str]]) -> Document:
    """Return a DeploymentConfig to POST; `watched` are the `from` of its triggers."""
    changes = [
        {"automatic": True, "containerNames": ["main"], "from": {"kind": "ImageStreamTag", **one}} for one in watched
    ]
    triggers = [{"type": "ImageChange", "imageChangeParams": change} for change in changes]
    return {
        "kind": DEPLOYMENT_CONFIGS.name,
        "apiVersion": DEPLOYMENT_CONFIGS.api_version,
        "metadata": {"name": name},
        "spec": {"replicas": 1, "triggers": [{"type": "ConfigChange"}, *triggers]},
    }


def stored(document: Document) -> Document:
    """Return the document as the server keeps it."""
    return document
