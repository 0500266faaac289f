"""ConfigMaps of a project. API: core v1."""

from __future__ import annotations

from promoter.openshift.api import ClusterApi


def read_config_map(api: ClusterApi, project: str, name: str) -> dict[str, str]:
    """Return the texts of a ConfigMap by their keys.

    Raises:
        NotFound, NotPermitted, Unreachable: it cannot be had.

    """
    found = api.get(f"/api/v1/namespaces/{project}/configmaps/{name}")
    return {str(key): str(text) for key, text in (found.get("data") or {}).items()}
