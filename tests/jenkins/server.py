"""The controller that the contract is held against: the stub, or a real one, and a client that hides nothing.

With JENKINS_URL, JENKINS_USER and JENKINS_TOKEN set (and JENKINS_CA, a PEM file, if its certificate is of a private
authority) it is that controller; the user has to be allowed to create, build, cancel and delete jobs there.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from promoter.http.trust import Trust
from tests.jenkins.scripts import RUNNERS
from tests.support.jenkins import Controller
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

FORM = "application/x-www-form-urlencoded"
TOKEN = "11" + "5" * 32
_DEFINITIONS = "hudson.model.ParametersDefinitionProperty"
_SERIAL = "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty"


@dataclass(frozen=True)
class Answer:
    """An answer, as it was sent."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def item(self) -> int:
        """The queue item that the Location names."""
        return int(self.headers["Location"].rstrip("/").rpartition("/")[2])


@dataclass(frozen=True)
class Server:
    """A controller under one user; `folder` is where jobs are made, and all that is touched."""

    url: str
    user: str
    token: str
    ca: Path | None
    folder: str = field(default_factory=lambda: f"contract {secrets.token_hex(4)}")

    @property
    def trust(self) -> Trust:
        return Trust(self.ca)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = FORM,
        *,
        token: str | None = None,
        **query: str,
    ) -> Answer:
        """Send a request; the URL's brackets are escaped."""
        where = urlsplit(self.url)
        host, context = where.hostname or "", ssl.create_default_context(cafile=self.ca)
        connection = (
            http.client.HTTPSConnection(host, where.port or 443, timeout=60, context=context)
            if where.scheme == "https"
            else http.client.HTTPConnection(host, where.port or 80, timeout=60)
        )
        login = b64encode(f"{self.user}:{token or self.token}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"} | ({"Content-Type": content_type} if body is not None else {})
        with contextlib.closing(connection):
            connection.request(method, f"{where.path}{path}{'?' + urlencode(query) if query else ''}", body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path: str, tree: str = "") -> dict[str, Any]:
        """Get a document."""
        answer = self.call("GET", f"{path}/api/json{'?' + urlencode({'tree': tree}) if tree else ''}")
        assert answer.status == 200, answer
        return answer.document

    def start(self, job: str, delay: str = "0sec", **parameters: str) -> int:
        """Start a job that takes parameters, and return the queue item."""
        body = urlencode(parameters).encode()
        answer = self.call("POST", f"{self.path(job)}/buildWithParameters", body, delay=delay)
        assert answer.status == 201, answer
        return answer.item

    def path(self, job: str = "") -> str:
        """Return the path of a job of the folder, or of the folder."""
        names = [self.folder, *job.split("/")] if job else [self.folder]
        return "".join(f"/job/{quote(name, safe='')}" for name in names)

    def full_name(self, job: str) -> str:
        return f"{self.folder}/{job}"

    def make_folder(self) -> None:
        answer = self._create("", self.folder, "<com.cloudbees.hudson.plugins.folder.Folder/>")
        assert answer.status == 200, answer

    def make(self, name: str, script: str, *definitions: str, disabled: bool = False, serial: bool = False) -> Answer:
        """Make a Pipeline with these parameters, written as XML."""
        declared = (
            f"<{_DEFINITIONS}><parameterDefinitions>{''.join(definitions)}</parameterDefinitions></{_DEFINITIONS}>"
        )
        xml = (
            f"<flow-definition><properties>{declared if definitions else ''}{f'<{_SERIAL}/>' if serial else ''}"
            '</properties><definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition">'
            f"<script>{escape(script)}</script><sandbox>true</sandbox></definition>"
            f"<disabled>{str(disabled).lower()}</disabled></flow-definition>"
        )
        return self._create(self.path(), name, xml)

    def delete_folder(self) -> None:
        """Delete the folder with all its jobs; what runs is stopped before."""
        answer = self.call("POST", f"{self.path()}/doDelete", b"")
        assert answer.status == 302, answer

    def build_of(self, item: int) -> dict[str, Any]:
        """Wait until a queue item has become a build, and return that part of the item."""
        found: list[dict[str, Any]] = []

        def has_left() -> bool:
            executable = self.get(f"/queue/item/{item}").get("executable")
            found.extend([executable] if executable else [])
            return bool(executable)

        wait_until(has_left, f"the queue item {item} to leave", seconds=30)
        return found[0]

    def ended(self, job: str, number: int) -> dict[str, Any]:
        """Wait for the end of a build, and return it."""
        path = f"{self.path(job)}/{number}"
        wait_until(lambda: not self.get(path)["building"], f"{job} #{number} to end", seconds=60)
        return self.get(path)

    def run(self, job: str, **parameters: str) -> dict[str, Any]:
        """Run a job that takes parameters to its end, and return the build."""
        return self.ended(job, self.build_of(self.start(job, **parameters))["number"])

    def log(self, job: str, number: int, start: int | str = 0) -> Answer:
        return self.call("GET", f"{self.path(job)}/{number}/logText/progressiveText", start=str(start))

    def _create(self, folder: str, name: str, xml: str) -> Answer:
        return self.call("POST", f"{folder}/createItem", xml.encode(), "application/xml", name=name)


@contextlib.contextmanager
def server(ca: CertificateAuthority) -> Iterator[Server]:
    """Give the controller, with a folder of its own that is deleted again."""
    with contextlib.ExitStack() as stack:
        if "JENKINS_URL" in os.environ:
            trusted = Path(os.environ["JENKINS_CA"]) if "JENKINS_CA" in os.environ else None
            url = os.environ["JENKINS_URL"].rstrip("/")
            found = Server(url, os.environ["JENKINS_USER"], os.environ["JENKINS_TOKEN"], trusted)
        else:
            controller = stack.enter_context(Controller(ca, RUNNERS))
            controller.add_user("admin", token=TOKEN)
            found = Server(controller.url, "admin", TOKEN, controller.ca)
        found.make_folder()
        stack.callback(found.delete_folder)
        yield found
