"""The controller that the contract is held against: the stub, or a real one, and a client that hides nothing.

With JENKINS_URL, JENKINS_USER and JENKINS_TOKEN set (and JENKINS_CA, a PEM file, if its certificate is of a private
authority) it is that controller; the user has to be allowed to create, build, cancel and delete jobs there. It has the
plugins of resources/jenkins/plugins.txt, of the optional ones generic-webhook-trigger, lockable-resources and
pipeline-milestone-step; a test that lacks one says so.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import secrets
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from promoter.http.trust import Trust
from tests.jenkins import config_xml
from tests.jenkins.scripts import RUNNERS
from tests.support.jenkins import Controller
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

FORM = "application/x-www-form-urlencoded"
TOKEN = "11" + "5" * 32
_ASKED_SECONDS = 60
_POLL_SECONDS = 0.05
_NOTE = re.compile(r"\x1b\[8mha:.*?\x1b\[0m")


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
        login = b64encode(f"{self.user}:{token or self.token}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"} | ({"Content-Type": content_type} if body is not None else {})
        return self._send(method, f"{path}{'?' + urlencode(query) if query else ''}", body, headers)

    def invoke(self, given: Mapping[str, str], **headers: str) -> Answer:
        """Call the generic webhook, as nobody in particular; raises AssertionError where its plugin is missing."""
        headers |= {"Content-Type": "application/json"}
        answer = self._send("POST", "/generic-webhook-trigger/invoke", json.dumps(given).encode(), headers)
        is_missing = answer.status == 404 and answer.headers.get_content_type() != "application/json"
        assert not is_missing, f"{self.url} lacks the plugin generic-webhook-trigger"
        return answer

    def get(self, path: str, tree: str = "") -> dict[str, Any]:
        """Get a document."""
        answer = self.call("GET", f"{path}/api/json{'?' + urlencode({'tree': tree}) if tree else ''}")
        assert answer.status == 200, answer
        return answer.document

    def start(self, job: str, delay: str = "0sec", *, trigger_token: str = "", **parameters: str) -> int:
        """Start a job, which takes parameters if some are given, and return the queue item.

        With the job's trigger token the controller does not note who started it, as for a webhook.
        """
        action = "buildWithParameters" if parameters else "build"
        body = urlencode(parameters | ({"token": trigger_token} if trigger_token else {})).encode()
        answer = self.call("POST", f"{self.path(job)}/{action}", body, delay=delay)
        assert answer.status in (201, 303), answer  # 303 for an item that waited already
        return answer.item

    def path(self, job: str = "") -> str:
        """Return the path of a job of the folder, or of the folder."""
        names = [self.folder, *job.split("/")] if job else [self.folder]
        return "".join(f"/job/{quote(name, safe='')}" for name in names)

    def full_name(self, job: str) -> str:
        return f"{self.folder}/{job}"

    def make_folder(self, library: str = "") -> None:
        """Make the folder; `library` is the repository of one that its jobs know."""
        answer = self._create("", self.folder, config_xml.folder(library))
        assert answer.status == 200, answer

    def make(self, name: str, script: str, *definitions: str, disabled: bool = False, trigger: str = "") -> Answer:
        """Make a Pipeline of this text, with parameters and a trigger as `config_xml` writes them."""
        definition = config_xml.script(script)
        return self.create(name, config_xml.pipeline(definition, *definitions, disabled=disabled, trigger=trigger))

    def create(self, name: str, xml: str) -> Answer:
        """Make a job of its config.xml."""
        return self._create(self.path(), name, xml)

    def add_secret_text(self, identifier: str, secret: str) -> None:
        """Let the folder's jobs use a credential."""
        store = f"{self.path()}/credentials/store/folder/domain/_/createCredentials"
        answer = self.call("POST", store, config_xml.secret_text(identifier, secret).encode(), "application/xml")
        assert answer.status == 200, answer

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

        wait_until(has_left, f"the queue item {item} to leave")
        return found[0]

    def ended(self, job: str, number: int, seconds: float = 60) -> dict[str, Any]:
        """Wait for the end of a build, and return it."""
        path = f"{self.path(job)}/{number}"
        wait_until(lambda: not self.get(path)["building"], f"{job} #{number} to end", seconds, every=_POLL_SECONDS)
        return self.get(path)

    def run(self, job: str, **parameters: str) -> dict[str, Any]:
        """Run a job to its end, and return the build."""
        return self.ended(job, self.build_of(self.start(job, **parameters))["number"])

    def answer(self, job: str, number: int, question: str, action: str = "proceed", **values: str) -> Answer:
        """Answer an input step once it asks, with values for its parameters; `abort` is the other action.

        Returns what Jenkins said: 404 if the build ended without asking.
        """
        build, form = f"{self.path(job)}/{number}", {"parameter": [{"name": n, "value": v} for n, v in values.items()]}
        body, said = urlencode({"json": json.dumps(form)}).encode(), list[Answer]()

        def is_settled() -> bool:
            said.append(self.call("POST", f"{build}/input/{question}/{action}", body))
            return said[-1].status != 404 or not self.get(build)["building"]

        wait_until(is_settled, f"{job} #{number} to ask", _ASKED_SECONDS, every=_POLL_SECONDS)
        return said[-1]

    def log(self, job: str, number: int, start: int | str = 0) -> Answer:
        return self.call("GET", f"{self.path(job)}/{number}/logText/progressiveText", start=str(start))

    def said(self, job: str, number: int) -> str:
        """Return a build's log as people read it, without the notes that its lines carry."""
        return _NOTE.sub("", self.log(job, number).body.decode()).replace("\r\n", "\n")

    def _create(self, folder: str, name: str, xml: str) -> Answer:
        return self.call("POST", f"{folder}/createItem", xml.encode(), "application/xml", name=name)

    def _send(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        where = urlsplit(self.url)
        host, context = where.hostname or "", ssl.create_default_context(cafile=self.ca)
        connection = (
            http.client.HTTPSConnection(host, where.port or 443, timeout=60, context=context)
            if where.scheme == "https"
            else http.client.HTTPConnection(host, where.port or 80, timeout=60)
        )
        with contextlib.closing(connection):
            connection.request(method, f"{where.path}{target}", body, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


def real() -> Server:
    """Return the controller that the environment names; raises KeyError for a variable that is missing."""
    trusted = Path(os.environ["JENKINS_CA"]) if "JENKINS_CA" in os.environ else None
    return Server(
        os.environ["JENKINS_URL"].rstrip("/"), os.environ["JENKINS_USER"], os.environ["JENKINS_TOKEN"], trusted
    )


@contextlib.contextmanager
def with_folder(server: Server, library: str = "") -> Iterator[Server]:
    """Give a controller its folder, and delete that again; see `Server.make_folder`."""
    server.make_folder(library)
    try:
        yield server
    finally:
        server.delete_folder()


@contextlib.contextmanager
def server(ca: CertificateAuthority) -> Iterator[Server]:
    """Give the controller, with its folder."""
    with contextlib.ExitStack() as stack:
        if "JENKINS_URL" in os.environ:
            found = real()
        else:
            controller = stack.enter_context(Controller(ca, RUNNERS))
            controller.add_user("admin", token=TOKEN)
            found = Server(controller.url, "admin", TOKEN, controller.ca)
        yield stack.enter_context(with_folder(found))
