"""Jobs and folders, as their config.xml or a test defines them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from . import pages
from .runs import Run

Document = dict[str, Any]
_JOB = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
_FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
_DECLARED = re.compile(r"string\(name: '(\w+)', defaultValue: '(\w*)'\)")
_MODEL = "hudson.model."
_GENERIC_TRIGGER = "org.jenkinsci.plugins.gwt.GenericTrigger"


@dataclass(frozen=True)
class Definition:
    """A parameter definition: `type` is String, Text, Boolean or Choice."""

    name: str
    type: str = "String"
    default: str = ""
    choices: tuple[str, ...] = ()

    def value(self, given: str | None) -> str | bool:
        """[A2] A bad choice is a 500, any text but true is false, what is missing has its default."""
        text = self.default if given is None else given
        if self.type == "Choice" and text not in self.choices:
            raise pages.oops()
        return text == "true" if self.type == "Boolean" else text

    def document(self) -> Document:
        """[A3]"""
        kind = "String" if self.type == "Choice" else self.type
        default = {"_class": f"{_MODEL}{kind}ParameterValue", "name": self.name, "value": self.value(None)}
        about: Document = {
            "_class": f"{_MODEL}{self.type}ParameterDefinition",
            "defaultParameterValue": default,
            "description": None,
            "name": self.name,
            "type": f"{self.type}ParameterDefinition",
        }
        return about | ({"choices": list(self.choices)} if self.choices else {})


@dataclass(frozen=True)
class GenericTrigger:
    """The Generic Webhook Trigger of a job.

    `variables` are the names taken from the body, all of them if None; `expression` is looked for in `text`.
    """

    token: str
    variables: tuple[str, ...] | None = None
    text: str = ""
    expression: str = ""
    silent: bool = False


@dataclass
class Job:
    """A job, or a folder: then it has no `script`."""

    name: str
    script: str | None = None
    definitions: list[Definition] = field(default_factory=list)
    disabled: bool = False
    concurrent: bool = True
    trigger: GenericTrigger | None = None
    builds: list[Run] = field(default_factory=list)
    next_number: int = 1

    @property
    def path(self) -> str:
        """[A8] Every part is percent-encoded, the % in a branch's name once more."""
        return "".join(f"/job/{quote(part, safe='')}" for part in self.name.split("/"))

    def declare(self) -> None:
        """[A2] A Pipeline's parameters are known once it has run."""
        found = _DECLARED.findall(self.script or "")
        self.definitions += [Definition(name, default=default) for name, default in found if not self._has(name)]

    def _has(self, name: str) -> bool:
        return any(definition.name == name for definition in self.definitions)

    def values(self, given: Mapping[str, str]) -> dict[str, str | bool]:
        """[A2] What is not declared is dropped."""
        return {one.name: one.value(given.get(one.name)) for one in self.definitions}

    def declared(self, values: Mapping[str, str | bool]) -> dict[str, str | bool]:
        """Return what a build's document shows; to its Pipeline it gives all that its queue item has."""
        return {name: value for name, value in values.items() if self._has(name)}

    def document(self, url: str) -> Document:
        """[A2, A3] A folder has no `buildable`."""
        about = {"fullName": self.name, "name": self.name.rpartition("/")[2], "url": f"{url}{self.path}/"}
        if self.script is None:
            return {"_class": _FOLDER, **about, "jobs": []}
        properties: list[Document] = [{"_class": f"{_JOB}.DisableConcurrentBuildsJobProperty"}]
        if self.definitions:
            definitions = [definition.document() for definition in self.definitions]
            of = f"{_MODEL}ParametersDefinitionProperty"
            properties.append({"_class": of, "parameterDefinitions": definitions})
        return {
            "_class": _JOB,
            **about,
            "buildable": not self.disabled,
            "disabled": self.disabled,
            "concurrentBuild": self.concurrent,
            "nextBuildNumber": self.next_number,
            "property": properties,
            "builds": [run.document(url, self.path) for run in reversed(self.builds)],
        }

    def build(self, number: int) -> Run:
        found = next((run for run in self.builds if run.number == number), None)
        if found is None:
            raise pages.not_found()
        return found


def job_from(name: str, xml: bytes) -> Job:
    """Make a job of a config.xml."""
    root = ET.fromstring(xml)
    if root.tag == _FOLDER:
        return Job(name)
    definitions = [_definition(one) for one in root.iterfind(".//parameterDefinitions/*")]
    script, disabled = root.findtext(".//script"), root.findtext("disabled") == "true"
    concurrent = root.find(f".//{_JOB.rpartition('.')[0]}.properties.DisableConcurrentBuildsJobProperty") is None
    trigger = root.find(f".//{_GENERIC_TRIGGER}")
    return Job(name, script or "", definitions, disabled, concurrent, None if trigger is None else _trigger(trigger))


def _definition(element: ET.Element) -> Definition:
    kind = element.tag.removeprefix(_MODEL).removesuffix("ParameterDefinition")
    choices = tuple(one.text or "" for one in element.iterfind(".//string"))
    default = element.findtext("defaultValue") or (choices[0] if choices else "")
    return Definition(element.findtext("name") or "", kind, default, choices)


def _trigger(element: ET.Element) -> GenericTrigger:
    return GenericTrigger(
        element.findtext("token") or "",
        tuple(key.text or "" for key in element.iterfind("genericVariables/*/key")),
        element.findtext("regexpFilterText") or "",
        element.findtext("regexpFilterExpression") or "",
        silent=element.findtext("silentResponse") == "true",
    )
