"""Runs the container of a rendered pod as a node would: with its environment, and with its mounts where it has them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.promoter import LONGEST_RUN_SECONDS, Outcome

_SERVICE_ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"
# In a mount namespace of its own: /run has what is mounted there and no more, /etc has it besides the machine's own.
_ENTER = """
mkdir -p "$0/etc"
mount --rbind /etc "$0/etc"
mount -t tmpfs tmpfs /etc
ln -s "$0"/etc/* /etc/
mount -t tmpfs tmpfs /run
cp -R "$0/mounts/etc/." /etc/
cp -R "$0/mounts/run/." /run/
exec "$@"
"""

Document = dict[str, Any]


class Node:
    """A node of a cluster in which these objects are.

    Args:
        directory: its own.
        objects: the cluster's objects; Secrets and ConfigMaps are what is mounted.
        tokens: the tokens of service accounts, by `project/name`.
        ca: the authority that signed the certificate of the cluster's API server.

    """

    def __init__(self, directory: Path, objects: list[Document], tokens: Mapping[str, str], ca: Path) -> None:
        self._directory = directory
        self._ca = ca
        self._objects = {
            (found["kind"], found["metadata"].get("namespace"), found["metadata"].get("name")): found
            for found in objects
        }
        self._tokens = tokens
        self._runs = 0

    def run(self, project: str, pod: Document, container: Document, *arguments: str) -> Outcome:
        """Run a container to its end.

        Args:
            project: where the pod is.
            pod: its `spec`.
            container: one of the pod's.
            arguments: what runs in place of the container's own command.

        """
        prefix, environment = self.enter(project, pod, container)
        ran = subprocess.run(
            [*prefix, *(arguments or container["command"])],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_RUN_SECONDS,
        )
        return Outcome(ran.returncode, ran.stdout, ran.stderr)

    def enter(self, project: str, pod: Document, container: Document) -> tuple[list[str], dict[str, str]]:
        """Mount what a container has, and return what runs a command in it, and its environment."""
        self._runs += 1
        root = self._directory / f"run-{self._runs}"
        for top in ("etc", "run"):
            (root / "mounts" / top).mkdir(parents=True)
        account = self._tokens[f"{project}/{pod['serviceAccountName']}"]
        _mount(root, _SERVICE_ACCOUNT, {"token": account, "namespace": project, "ca.crt": self._ca.read_text()})
        for path, content in self._mounts(project, pod, container):
            _mount(root, path, content)
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": "/",
            **dict(self._environment(project, container)),
        }
        unshare = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        return [*unshare, "sh", "-euc", _ENTER, str(root)], environment

    def _mounts(self, project: str, pod: Document, container: Document) -> Iterator[tuple[str, dict[str, str]]]:
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            volume = volumes[mount["name"]]
            if "secret" in volume:
                yield mount["mountPath"], self._secret(project, volume["secret"]["secretName"])
            else:
                yield mount["mountPath"], self._objects["ConfigMap", project, volume["configMap"]["name"]]["data"]

    def _environment(self, project: str, container: Document) -> Iterator[tuple[str, str]]:
        for entry in container.get("env", []):
            if "value" in entry:
                yield entry["name"], entry["value"]
            else:
                reference = entry["valueFrom"]["secretKeyRef"]
                yield entry["name"], self._secret(project, reference["name"])[reference["key"]]

    def _secret(self, project: str, name: str) -> dict[str, str]:
        data: dict[str, str] = self._objects["Secret", project, name]["stringData"]
        return data


def hook_container(config: Document) -> Document:
    """Return the container of the pod that a DeploymentConfig's post hook runs in (openshift-controller-manager).

    Its image, environment, resources and mounts are those of a container of the deployment; of the volumes it has the
    ones that the hook names.
    """
    hook = config["spec"]["strategy"]["rollingParams"]["post"]["execNewPod"]
    containers = config["spec"]["template"]["spec"]["containers"]
    [base] = [container for container in containers if container["name"] == hook["containerName"]]
    return {
        **base,
        "command": hook["command"],
        "env": [*hook["env"], *base.get("env", [])],
        "volumeMounts": [mount for mount in base["volumeMounts"] if mount["name"] in hook["volumes"]],
    }


def _mount(root: Path, path: str, content: Mapping[str, str]) -> None:
    assert path.startswith(("/etc/", "/run/")), path
    directory = root / "mounts" / path.strip("/")
    directory.mkdir(parents=True)
    for name, text in content.items():
        (directory / name).write_text(text)
