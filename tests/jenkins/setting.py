"""Pipelines on a real controller: an application and production, with registries, a library and agents' tools."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.jenkins import config_xml
from tests.jenkins.server import Answer, Server
from tests.support.agent import Agent
from tests.support.git import GitServer
from tests.support.registries import Registry
from tests.support.repository import ROOT
from tests.support.two_clusters import APPLICATION, MOUNTED, PULLER
from tests.support.waiting import wait_until

CONFIGURATION = "/etc/promoter/promotion.yaml"
PRODUCTION = "production-pipeline"
QUESTION = "Promotion"
TRIGGER_TOKEN = "started by nobody in particular"
_LIBRARY_LINE = re.compile(r"@Library\('image-promoter'\) _\n")
_SECONDS = 180


def publish_library(git: GitServer, directory: Path) -> str:
    """Make a repository of this library as it is here, and return its URL."""
    shutil.copytree(ROOT / "vars", directory / "vars")
    return git.publish("image-promoter", directory)


class Registries(NamedTuple):
    """Non-production's and production's, and the tokens of non-production that may push, and pull."""

    non_production: Registry
    production: Registry
    builder: str
    puller: str


class Setting:
    """A folder with production's job, an application's repository, and what agents have.

    Images come from `non_production`, where `testing` is the same place for who may push. In `production` there are two
    projects: `shop`, and `guarded`, whose route takes the approval of the controller's user.

    Args:
        jenkins: the controller.
        registries: both sides.
        git: serves the application's repository.
        directory: for everything that is made.
        library: the name by which the controller knows the library.

    """

    def __init__(
        self, jenkins: Server, registries: Registries, git: GitServer, directory: Path, *, library: str
    ) -> None:
        self.jenkins = jenkins
        self.non_production, self.production, builder, puller = registries
        self._git = git
        self._directory = directory
        self._library = library
        self._hook = secrets.token_urlsafe(32)
        tokens = {
            "serviceaccount": builder,
            PULLER: puller,
            "production-registry": PRODUCTION_PASSWORD,
            "production-hook": self._hook,
        }
        mounted = {name: {"token": token} for name, token in tokens.items()}
        self._agent = Agent(directory / "agent", mounted, json.dumps(self._production_configuration()))
        self._agent.can_build(f"{self.non_production.host}/shop-dev", self._authfile(builder), self.non_production.ca)

    def make(self, name: str, text: str) -> None:
        """Make a job of a Jenkinsfile that loads the library."""
        self._create(name, config_xml.script(self._on_agent(text)))

    def make_production(self) -> None:
        """Make production's job, with a trigger; as all is declared, it can be handed over to before it has run."""
        text = (ROOT / "resources" / "jenkins" / "production-pipeline.Jenkinsfile").read_text()
        declared = re.findall(r"\bstring\(name: '(\w+)'", (ROOT / "vars" / "productionPipeline.groovy").read_text())
        trigger = config_xml.generic_trigger(self._hook, *declared)
        definitions = map(config_xml.string, declared)
        self._create(PRODUCTION, config_xml.script(self._on_agent(text)), *definitions, trigger=trigger)
        self.jenkins.add_secret_text("production-pipeline-webhook-secret-text", self.jenkins.token)

    def make_application(self, name: str, through: str) -> None:
        """Make the application's job: Jenkinsfile.example, in a repository with the sources and their configuration."""
        sources = self._directory / name
        shutil.copytree(APPLICATION, sources)
        (sources / "Jenkinsfile").write_text(self._on_agent((ROOT / "Jenkinsfile.example").read_text()))
        (sources / "promotion.yaml").write_text(json.dumps(self._application_configuration(through)))
        self._create(name, config_xml.jenkinsfile(self._git.publish(name, sources)))

    def start(self, job: str, parameters: Mapping[str, str] | None = None, *, by_hand: bool = False) -> int:
        """Start a job, as its user or as nobody in particular, and return its build's number."""
        token = "" if by_hand else TRIGGER_TOKEN
        item = self.jenkins.start(job, trigger_token=token, **(parameters or {}))
        number: int = self.jenkins.build_of(item)["number"]
        return number

    def end(self, job: str, number: int) -> dict[str, Any]:
        """Wait for the end of a build, and return it, with its `log`."""
        build = self.jenkins.ended(job, number, _SECONDS)
        return build | {"log": self.jenkins.said(job, number)}

    def run(self, job: str, parameters: Mapping[str, str] | None = None, *, by_hand: bool = False) -> dict[str, Any]:
        """Run a job to its end, and return its build."""
        return self.end(job, self.start(job, parameters, by_hand=by_hand))

    def wait_for(self, job: str, number: int, text: str) -> None:
        """Return once a build has said something."""
        wait_until(lambda: text in self.jenkins.said(job, number), f"{job} #{number} to say {text!r}", _SECONDS)

    def wait_for_question(self, job: str, number: int) -> None:
        """Return once a build asks for an approval; it goes on asking, as this is no answer."""
        said = self.jenkins.answer(job, number, QUESTION, NONESUCH="")
        assert said.status == 500, self.end(job, number)["log"]

    def approve(self, job: str, number: int, reason: str) -> dict[str, Any]:
        """Approve what a build asks for, as the controller's user, and return the build once it has ended."""
        return self._answered(job, number, self.jenkins.answer(job, number, QUESTION, REASON=reason))

    def reject(self, job: str, number: int) -> dict[str, Any]:
        """Reject it."""
        return self._answered(job, number, self.jenkins.answer(job, number, QUESTION, "abort"))

    def abort(self, job: str, number: int) -> dict[str, Any]:
        """Abort a build, as the controller's user, and return it once it has ended."""
        self.jenkins.call("POST", f"{self.jenkins.path(job)}/{number}/stop", b"")
        return self.end(job, number)

    def restart_from(self, stage: str, job: str, number: int) -> dict[str, Any]:
        """Restart a build from a stage, as the controller's user, and return the new build once it has ended."""
        path = self.jenkins.path(job)
        new = self.jenkins.get(path)["nextBuildNumber"]
        answer = self.jenkins.call("POST", f"{path}/{number}/restart/restartPipeline", b"", stageName=stage)
        assert answer.document["data"]["success"] == "true", answer
        where = f"{path}/{new}/api/json"
        wait_until(lambda: self.jenkins.call("GET", where).status == 200, f"{job} #{new} to begin", _SECONDS)
        return self.end(job, new)

    def history(self, image: str) -> list[dict[str, Any]]:
        """Return what is recorded of an image, newest first."""
        command = ["promoter", "history", image, "--config", CONFIGURATION, "--json"]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=self._agent.environment).stdout
        entries: list[dict[str, Any]] = json.loads(said)["entries"]
        return entries

    def _answered(self, job: str, number: int, answer: Answer) -> dict[str, Any]:
        build = self.end(job, number)
        assert answer.status == 200, build["log"]
        return build

    def _create(self, name: str, definition: str, *definitions: str, trigger: str = "") -> None:
        xml = config_xml.pipeline(definition, *definitions, trigger_token=TRIGGER_TOKEN, trigger=trigger)
        answer = self.jenkins.create(name, xml)
        assert answer.status == 200, answer

    def _on_agent(self, jenkinsfile: str) -> str:
        """Let a Jenkinsfile find the agent's tools, and the library by the name it has."""
        path = self._agent.environment["PATH"]
        text, count = _LIBRARY_LINE.subn(f"@Library('{self._library}') _\nenv.PATH = '{path}'\n", jenkinsfile)
        assert count == 1, jenkinsfile
        return text

    def _application_configuration(self, through: str) -> dict[str, Any]:
        job = {
            "url": self.jenkins.url,
            "name": self.jenkins.full_name(PRODUCTION),
            "user": self.jenkins.user,
            "credentials": "env:PRODUCTION_PIPELINE_WEBHOOK_SECRET",
        } | ({"ca": str(self.jenkins.ca)} if self.jenkins.ca else {})
        token = {"token": f"{MOUNTED}/production-hook"} if through == "generic-webhook" else {}
        route = {"from": "non-production", "to": "production", "through": through, through: job | token}
        return {"environments": self._environments(), "routes": [route]}

    def _production_configuration(self) -> dict[str, Any]:
        gates = {"approval": {"by": [self.jenkins.user]}}
        routes = [
            {"from": "non-production", "to": "production"},
            {"from": "non-production", "to": "guarded", "gates": gates},
        ]
        return {"environments": self._environments(), "routes": routes}

    def _environments(self) -> dict[str, Any]:
        return {
            "non-production": _environment(self.non_production, "shop-dev", PULLER),
            "testing": _environment(self.non_production, "shop-dev", "serviceaccount"),
            **{
                name: _environment(self.production, project, "production-registry") | {"user": PRODUCTION_USER}
                for name, project in (("production", "shop"), ("guarded", "guarded"))
            },
        }

    def _authfile(self, token: str) -> Path:
        path = self._directory / "builder.json"
        path.touch(mode=0o600)
        auth = b64encode(f"openshift:{token}".encode()).decode()
        path.write_text(json.dumps({"auths": {self.non_production.host: {"auth": auth}}}))
        return path


def _environment(registry: Registry, project: str, secret: str) -> dict[str, Any]:
    credentials = f"{MOUNTED}/{secret}"
    return {"registry": registry.host, "project": project, "credentials": credentials, "ca": str(registry.ca)}
