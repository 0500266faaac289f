"""OpenShift's Jenkins in a project: what its sync plugin and its agents make of the project's objects."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.cluster import BuildRun
from tests.support.pipeline import PipelineRig, PipelineRun
from tests.support.pod import Node
from tests.support.promoter import COMMAND
from tests.support.repository import ROOT

# What OpenShift's template names as its configuration as code; the image makes the file.
ITS_OWN = "/var/lib/jenkins/proxy.yaml"

Document = dict[str, Any]
Objects = Mapping[tuple[str, str], Document]


class Jenkins:
    """A controller that is configured as a workload is: by `environment` and `volumes`.

    Args:
        directory: its own.
        project: the project it is in.
        objects: the project's objects by kind and name, as they are at any time.
        node: returns a node for a pod.

    """

    def __init__(self, directory: Path, project: str, objects: Objects, node: Callable[[Document], Node]) -> None:
        self.environment = {"CASC_JENKINS_CONFIG": ITS_OWN}
        self.volumes: dict[str, tuple[str, str]] = {}
        self.libraries: dict[str, tuple[str, str]] = {}
        self.runs: list[PipelineRun] = []
        self._directory, self._project, self._objects, self._node = directory, project, objects, node

    def restart(self) -> None:
        """Read the configuration as code; KeyError if a file or a variable of it is not there."""
        files = self.environment["CASC_JENKINS_CONFIG"].split(",")
        self.libraries = {}
        for text in (self._mounted(file) for file in files if file != ITS_OWN):
            found = yaml.safe_load(re.sub(r"\$\{(\w+)\}", lambda name: self.environment[name[1]], text))
            for library in found["unclassified"]["globalLibraries"]["libraries"]:
                source = library["retriever"]["modernSCM"]["scm"]["git"]["remote"]
                self.libraries[library["name"]] = (source, library["defaultVersion"])

    def run(self, build: BuildRun) -> None:
        """Run a pipeline's build on an agent; RuntimeError if it does not succeed."""
        [config_map] = self._labelled("ConfigMap", "role", "jenkins-slave")
        pod = _pod(ET.fromstring(config_map["data"]["skopeo"]))
        rig = PipelineRig(self._directory, dict.fromkeys(self.libraries, ROOT))
        run = rig.run(
            build.jenkinsfile,
            on_line=lambda line: None if line.startswith("Finished: ") else build.log(line),
            parameters=build.parameters,
            credentials=self._credentials(),
            environment=self._agent(pod, build.name),
            build_number=build.number + 1,
            job_name=f"{self._project}/{self._project}-{build.config}",
        )
        self.runs.append(run)
        if run.result != "SUCCESS":
            raise RuntimeError(f"the pipeline ended as {run.result}")

    def _mounted(self, file: str) -> str:
        directories = {path: self._objects["ConfigMap", name]["data"] for path, name in self.volumes.values()}
        directory, _, name = file.rpartition("/")
        text: str = directories[directory][name]
        return text

    def _credentials(self) -> dict[str, str]:
        return {
            secret["metadata"]["annotations"]["jenkins.openshift.io/secret.name"]: secret["stringData"]["secrettext"]
            for secret in self._labelled("Secret", "credential.sync.jenkins.openshift.io", "true")
        }

    def _labelled(self, kind: str, label: str, value: str) -> list[Document]:
        return [
            found
            for (its_kind, _), found in self._objects.items()
            if its_kind == kind and found["metadata"].get("labels", {}).get(label) == value
        ]

    def _agent(self, pod: Document, name: str) -> dict[str, str]:
        """Start an agent, and return the environment in which its pipelines find the helper."""
        [container] = pod["containers"]
        prefix, environment = self._node(pod).enter(self._project, pod, container)
        tools = self._directory / "agents" / name
        tools.mkdir(parents=True)
        command = tools / "promoter"
        command.write_text(f'#!/bin/sh\nexec {shlex.join([*prefix, str(COMMAND)])} "$@"\n')
        command.chmod(0o755)
        return environment | {"PATH": f"{tools}:{environment['PATH']}"}


def _pod(template: ET.Element) -> Document:
    """Return the pod that the kubernetes plugin makes of a pod template."""
    volumes = [
        {"name": f"volume-{number}", "mountPath": _text(one, "mountPath"), **_volume(one)}
        for number, one in enumerate(template.findall("volumes/*"))
    ]
    [container] = template.findall("containers/*")
    return {
        "serviceAccountName": _text(template, "serviceAccount"),
        "containers": [
            {
                "image": _text(container, "image"),
                "env": [{key: _text(one, tag) for key, tag in _ENTRY} for one in container.findall("envVars/*")],
                "volumeMounts": [{key: one[key] for key in ("name", "mountPath")} for one in volumes],
            }
        ],
        "volumes": volumes,
    }


_ENTRY = (("name", "key"), ("value", "value"))


def _volume(volume: ET.Element) -> Document:
    if volume.tag.endswith(".SecretVolume"):
        return {"secret": {"secretName": _text(volume, "secretName")}}
    return {"configMap": {"name": _text(volume, "configMapName")}}


def _text(element: ET.Element, path: str) -> str:
    [found] = element.findall(path)
    return found.text or ""
