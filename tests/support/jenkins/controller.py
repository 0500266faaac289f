"""The controller as a test sees it: set it up, point a client at `url`, look at what happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.cluster.answers import Answer
from tests.support.cluster.jenkins import progressive_text
from tests.support.cluster.request import Request
from tests.support.cluster.server import Server
from tests.support.servers import Served
from tests.support.tls import CertificateAuthority

from . import pages
from .access import ADMINISTRATOR, ANONYMOUS, Access, Permission, User
from .jobs import Definition, GenericTrigger, Job, job_from
from .queue import Item, Queue
from .runs import BuildRun, Run, Runner
from .webhook import invoke

PREFIX = "/jenkins"
QUIET_SECONDS = 5.0
_JOB_PATH = re.compile(r"(?P<job>(?:/job/[^/]+)+)(?P<rest>/.*)?")
_SIGNS: dict[str, Callable[[], pages.Failed]] = {
    "refused": pages.hung_up,
    "500": pages.oops,
    "503": pages.getting_ready,
    "401": pages.unauthorized,
    "403": pages.no_crumb,
    "redirect": pages.login_elsewhere,
    "page": pages.login_here,
}


def finish(run: BuildRun) -> None:
    """The runner of jobs that have nothing to do."""


class Controller(Served):
    """A controller that runs while its `with` block does.

    `runners` are called for the builds of jobs with these scripts, each in a thread of its own: one that raises fails
    its build. Leaving the block raises RuntimeError if a runner does not end when aborted, and what went wrong in the
    stub itself. `requests` are without tokens. `quiet_seconds` is its quiet period.
    """

    def __init__(
        self,
        ca: CertificateAuthority,
        runners: Mapping[str, Runner] | None = None,
        *,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self.ca = ca.certificate
        self.requests: list[Request] = []
        self._server = Server(ca.issue("jenkins"))
        self.url = f"https://{self._server.host}{PREFIX}"
        self._access = Access()
        self._runners = dict(runners or {})
        self._quiet_seconds = quiet_seconds
        self._jobs: dict[str, Job] = {}
        self.queue = Queue(lambda job: self._runners.get(job.script or "", finish))
        self._signs: list[str] = []
        self._lost_answers = 0
        self._logs_are_hidden = False
        self._before_posts: list[Callable[[], object]] = []

    def start(self) -> None:
        """Serve from now on."""
        self._server.answerer = self._answer
        self._server.start()
        self.queue.start()

    def stop(self) -> None:
        """End everything."""
        with ExitStack() as stack:
            stack.callback(self._server.stop)
            self.queue.stop()

    def add_user(
        self, name: str, *, token: str, password: str = "", permissions: Iterable[Permission] = ADMINISTRATOR
    ) -> None:
        """Let a user log in with a token, and with a password if there is one."""
        self._access.add(name, frozenset(permissions), token, password)

    def add_job(
        self,
        name: str,
        runner: Runner = finish,
        *,
        parameters: Iterable[str | Definition] = (),
        trigger: GenericTrigger | None = None,
        **settings: Any,  # noqa: ANN401 - the fields of a Job
    ) -> Job:
        """Add a job that takes these parameters; those given by name are strings."""
        definitions = [Definition(one) if isinstance(one, str) else one for one in parameters]
        job = Job(name, script=f"// {name}", definitions=definitions, trigger=trigger, **settings)
        self._runners[job.script or ""] = runner
        self._jobs[name] = job
        return job

    def add_folder(self, name: str) -> None:
        """Add a folder."""
        self._jobs[name] = Job(name)

    def restart(self, *signs: str) -> None:
        """Restart: the next requests see these signs, in this order: refused, 500, 503, 401, 403."""
        self.queue.forget()
        self.show(*signs)

    def show(self, *signs: str) -> None:
        """Answer the next requests with these signs: those of a restart, or of a login page, redirected or there."""
        self._signs += signs

    def before_post(self, change: Callable[[], object]) -> None:
        """Do this just before the next POST is answered."""
        self._before_posts.append(change)

    def lose_answer(self, times: int = 1) -> None:
        """Do what the next POSTs ask for, and hang up without an answer."""
        self._lost_answers += times

    def end_sessions(self) -> None:
        """Forget all sessions, and with them their crumbs."""
        self._access.end_sessions()

    def hide_logs(self) -> None:
        """Answer 404 for every log."""
        self._logs_are_hidden = True

    def delete_job(self, name: str) -> None:
        """Delete a job with its builds; a run that has begun goes on."""
        del self._jobs[name]

    def delete_build(self, name: str, number: int) -> None:
        """Delete a build; a run that has begun goes on."""
        job = self._jobs[name]
        job.builds = [run for run in job.builds if run.number != number]

    def builds(self, name: str) -> list[Run]:
        """Return a job's builds, oldest first."""
        return list(self._jobs[name].builds)

    def _answer(self, request: Request, authorization: str) -> Answer:
        token = request.headers.get("Token", "")
        self.requests.append(replace(request, headers={k: v for k, v in request.headers.items() if k != "Token"}))
        if request.method == "POST" and self._before_posts:
            self._before_posts.pop(0)()
        try:
            if self._signs:
                return _SIGNS[self._signs.pop(0)]().answer
            answer = self._dispatch(request, authorization, token)
        except pages.Failed as failed:
            return failed.answer
        if request.method == "POST" and self._lost_answers:
            self._lost_answers -= 1
            return pages.hung_up().answer
        return answer

    def _dispatch(self, request: Request, authorization: str, token: str) -> Answer:
        path = urlsplit(request.target).path
        if not path.startswith(f"{PREFIX}/"):
            raise pages.of_container(HTTPStatus.NOT_FOUND, "Not Found")
        path = path.removeprefix(PREFIX)
        if path == "/generic-webhook-trigger/invoke":  # a CrumbExclusion and an UnprotectedRootAction
            return invoke(request, request.query.get("token", token), self._jobs.values(), self._start_by_webhook)
        user = self._access.user(authorization)
        if path == "/login":
            return pages.page("<html><head><title>Sign in - Jenkins</title></head></html>")
        if path == "/whoAmI/api/json":
            who = {"anonymous": user.name == ANONYMOUS, "authenticated": True, "name": user.name}
            return pages.document(who, request.query.get("tree", ""))
        if request.method == "POST":
            self._access.require_crumb(user, request.headers)
        if user.name == ANONYMOUS:
            raise pages.login_needed()
        user.require(Permission.READ)
        return self._page(request, path, user)

    def _page(self, request: Request, path: str, user: User) -> Answer:
        tree = request.query.get("tree", "")
        if path == "/crumbIssuer/api/json":
            return pages.document(*self._issue(tree))
        if path == "/queue/api/json":
            items = [self.queue.document(item, self.url) for item in self.queue.waiting()]
            return pages.document({"items": items}, tree)
        if item := re.fullmatch(r"/queue/item/(\d+)/api/json", path):
            return pages.document(self.queue.document(self.queue.get(int(item[1])), self.url), tree)
        if path == "/queue/cancelItem":
            user.require(Permission.JOB_CANCEL)
            return self.queue.cancel(int(request.query["id"]))
        if path.endswith("/createItem") or path == "/createItem":
            user.require(Permission.ADMINISTER)
            return self._create(request, path.removesuffix("/createItem"))
        matched = _JOB_PATH.fullmatch(path)
        if matched is None:
            raise pages.not_found()
        return self._job_page(request, self._job(matched["job"], user), matched["rest"] or "", user)

    def _issue(self, tree: str) -> tuple[dict[str, str], str, dict[str, str]]:
        document, headers = self._access.issue()
        return document, tree, headers

    def _job(self, path: str, user: User) -> Job:
        """[A8] `%2F` is no separator; [A1] without Job/Read, a job is not there."""
        job = self._jobs.get("/".join(unquote(part).replace("/", "%2F") for part in path.split("/job/")[1:]))
        if job is None or not user.may(Permission.JOB_READ):
            raise pages.not_found()
        return job

    def _job_page(self, request: Request, job: Job, rest: str, user: User) -> Answer:
        if rest == "/api/json":
            return pages.document(job.document(self.url), request.query.get("tree", ""))
        if rest in ("/build", "/buildWithParameters"):
            return self._build(request, job, user, with_parameters=rest != "/build")
        if rest == "/doDelete":
            user.require(Permission.ADMINISTER)
            del self._jobs[job.name]
            return pages.nothing(HTTPStatus.FOUND, f"{self.url}/")
        matched = re.fullmatch(r"/(\d+)/(.*)", rest)
        if matched is None:
            raise pages.not_found()
        return self._build_page(request, job, job.build(int(matched[1])), matched[2], user)

    def _build_page(self, request: Request, job: Job, run: Run, rest: str, user: User) -> Answer:
        if rest == "api/json":
            return pages.document(run.document(self.url, job.path), request.query.get("tree", ""))
        if rest == "logText/progressiveText" and not self._logs_are_hidden:
            return progressive_text(run.build.text, request.query.get("start", "0"))
        if rest == "stop":
            user.require(Permission.JOB_CANCEL)
            run.stop()
            return pages.nothing(HTTPStatus.FOUND, f"{self.url}{job.path}/{run.number}/")
        if asked := re.fullmatch(r"input/(\w+)/(\w+)", rest):
            return run.build.questions.answer(asked[1], asked[2], request.body, user.name)
        raise pages.not_found()

    def _build(self, request: Request, job: Job, user: User, *, with_parameters: bool) -> Answer:
        """[A2]"""
        if request.method != "POST":
            raise pages.post_only()
        if job.script is None:
            raise pages.not_found()
        user.require(Permission.JOB_BUILD)
        if job.disabled:
            raise pages.of_container(HTTPStatus.CONFLICT, f"{job.name.rpartition('/')[2]} is not buildable")
        if with_parameters and not job.definitions:
            raise pages.of_container(HTTPStatus.BAD_REQUEST, f"{job.name.rpartition('/')[2]} is not parameterized")
        if job.definitions and not with_parameters:
            raise pages.of_container(HTTPStatus.BAD_REQUEST, "This page expects a form submission")
        is_form = request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) if is_form else {}
        delay = re.fullmatch(r"(\d+)sec", request.query.get("delay", f"{self._quiet_seconds:.0f}sec"))
        if delay is None:
            raise pages.oops()
        waiting = self.queue.waiting()
        item = self.queue.add(job, job.values(request.query | form), float(delay[1]))
        code = HTTPStatus.SEE_OTHER if item in waiting else HTTPStatus.CREATED
        host = request.headers.get("Host", "")
        return pages.nothing(code, f"https://{host}{PREFIX}/queue/item/{item.number}/")

    def _create(self, request: Request, folder: str) -> Answer:
        """Make a job or a folder of a config.xml."""
        parts = [unquote(part) for part in folder.split("/job/")[1:]] + [request.query["name"]]
        name = "/".join(parts)
        self._jobs[name] = job_from(name, request.body)
        return Answer(HTTPStatus.OK, b"", "text/html;charset=utf-8")

    def _start_by_webhook(self, job: Job, values: dict[str, str | bool]) -> Item:
        return self.queue.add(job, values, self._quiet_seconds)
