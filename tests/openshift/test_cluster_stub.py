"""What tests and the demo rely on from the cluster stub, beyond what the contract with a real server covers."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import pytest

from tests.openshift.client import JSON, MERGE_PATCH, Client, Document, exchange
from tests.support.cluster import (
    SERVICE_UNAVAILABLE,
    Answer,
    BuildError,
    BuildRun,
    Cluster,
    GenericTrigger,
    Runner,
    edit,
    runs,
    view,
)
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

PROJECT = "shop-prod"
CONFIG = "production-pipeline"
HOOK = GenericTrigger(secret="s3cret", allow_env=True)
DEADLINE_S = 10


class Gate:
    """A runner that logs one line, then waits to be let through, or to be cancelled."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self._open = threading.Event()

    def __call__(self, run: BuildRun) -> None:
        run.log(f"running {run.name}")
        self.entered.append(run.name)
        wait_until(lambda: self._open.is_set() or run.cancelled, "the gate to open")

    def open(self) -> None:
        self._open.set()

    def wait_entered(self, *names: str) -> None:
        wait_until(lambda: set(self.entered) >= set(names), f"{names} to run")


@dataclass(frozen=True)
class Setting:
    cluster: Cluster
    client: Client

    def add(
        self, runner: Runner | None = None, *, source: bool = False, parallel: bool = False, name: str = CONFIG
    ) -> None:
        self.cluster.add_build_config(
            PROJECT,
            name,
            strategy="Source" if source else "JenkinsPipeline",
            jenkinsfile="productionPipeline()",
            env={"BASE": "bc"},
            triggers=[HOOK],
            run_policy="Parallel" if parallel else "Serial",
            runner=runner,
        )

    def trigger(self, **env: str) -> Document:
        body = {"env": [{"name": name, "value": value} for name, value in env.items()]}
        answer = self.client.trigger(CONFIG, "s3cret", body)
        assert answer.code == 200, answer.text
        return answer.document

    def wait(self, number: int, phase: str) -> Document:
        return self.cluster.wait_for_phase(PROJECT, f"{CONFIG}-{number}", phase, DEADLINE_S)

    def log_path(self, number: int = 1) -> str:
        return self.client.path("builds", f"{CONFIG}-{number}", "log")


@pytest.fixture
def setting(ca: CertificateAuthority) -> Iterator[Setting]:
    with Cluster(ca) as cluster:
        cluster.add_project(PROJECT)
        cluster.add_user("system:serviceaccount:shop-dev:jenkins", token="jenkins-token", rights=[edit(PROJECT)])
        cluster.add_user("developer", token="developer-token")
        yield Setting(cluster, Client(cluster.url, cluster.ca, PROJECT, "jenkins-token"))


def status(message: str, reason: str, code: int, details: Document) -> Document:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }


# Rights


def test_user_without_rights_may_not_list(setting: Setting) -> None:
    client = replace(setting.client, token="developer-token")
    answer = client.call("GET", client.path("builds"))
    message = (
        'builds.build.openshift.io is forbidden: User "developer" cannot list resource "builds" '
        'in API group "build.openshift.io" in the namespace "shop-prod"'
    )
    details = {"group": "build.openshift.io", "kind": "builds"}
    assert (answer.code, answer.document) == (403, status(message, "Forbidden", 403, details))


def test_viewer_reads_builds_but_no_secrets(setting: Setting) -> None:
    setting.cluster.add_user("viewer", token="viewer-token", rights=[view(PROJECT)])
    client = replace(setting.client, token="viewer-token")
    assert client.call("GET", client.path("builds")).code == 200
    answer = client.call("GET", client.path("secrets", "hook", core=True))
    message = (
        'secrets "hook" is forbidden: User "viewer" cannot get resource "secrets" in API group "" '
        'in the namespace "shop-prod"'
    )
    details = {"name": "hook", "kind": "secrets"}
    assert (answer.code, answer.document) == (403, status(message, "Forbidden", 403, details))


def test_rights_end_at_the_project(setting: Setting) -> None:
    client = replace(setting.client, project="other")
    assert client.call("GET", client.path("builds")).code == 403


def test_any_valid_token_may_call_the_webhook(setting: Setting) -> None:
    setting.add()
    client = replace(setting.client, token="developer-token")
    assert client.trigger(CONFIG, "s3cret", {}).document["kind"] == "Build"


def test_anonymous_webhooks_once_allowed(setting: Setting) -> None:
    setting.add()
    setting.cluster.allow_anonymous_webhooks(PROJECT)
    anonymous = replace(setting.client, token=None)
    assert anonymous.trigger(CONFIG, "s3cret", {}).code == 200
    assert anonymous.trigger(CONFIG, "wrong", {}).code == 401
    assert anonymous.trigger("missing", "s3cret", {}).code == 401


def test_missing_project_lists_nothing_and_takes_nothing(setting: Setting) -> None:
    setting.cluster.add_user("admin", token="admin-token", rights=[edit("*")])
    client = replace(setting.client, project="nope", token="admin-token")
    listed = client.call("GET", client.path("builds"))
    assert (listed.code, listed.document["items"]) == (200, [])
    secret = {"metadata": {"name": "x"}}
    created = client.call("POST", client.path("secrets", core=True), secret)
    details = {"name": "nope", "kind": "namespaces"}
    assert created.document == status('namespaces "nope" not found', "NotFound", 404, details)


# Secrets


def test_secret_is_kept_in_base64(setting: Setting) -> None:
    setting.cluster.add_secret(PROJECT, "hook", {"WebHookSecretKey": "s3cret"})
    path = setting.client.path("secrets", "hook", core=True)
    secret = setting.client.call("GET", path).document
    assert (secret["data"], secret["type"]) == ({"WebHookSecretKey": "czNjcmV0"}, "Opaque")
    assert setting.client.call("DELETE", path).code == 200
    details = {"name": "hook", "kind": "secrets"}
    missing = setting.client.call("GET", path).document
    assert missing == status('secrets "hook" not found', "NotFound", 404, details)


# Running builds


def test_runner_gets_the_build(setting: Setting) -> None:
    seen: list[BuildRun] = []
    setting.add(seen.append)
    setting.trigger(IMAGE="shop", BASE="hook")
    setting.wait(1, "Complete")
    [run] = seen
    assert (run.project, run.name) == (PROJECT, f"{CONFIG}-1")
    assert run.parameters == {"IMAGE": "shop", "BASE": "hook"}
    assert run.jenkinsfile == "productionPipeline()"


def test_phases_in_order(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    complete = setting.wait(1, "Complete")
    query = "?watch=true&timeoutSeconds=1&resourceVersion=0"
    events = setting.client.call("GET", setting.client.path("builds") + query).documents
    builds = [event["object"] for event in events]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED"]
    assert [build["status"]["phase"] for build in builds] == ["New", "Pending", "Running", "Complete"]
    versions = [int(build["metadata"]["resourceVersion"]) for build in builds]
    assert versions == sorted(set(versions))
    assert "startTimestamp" not in builds[1]["status"]
    assert "completionTimestamp" not in builds[2]["status"]
    assert complete["status"]["startTimestamp"] <= complete["status"]["completionTimestamp"]
    true = [condition["type"] for condition in complete["status"]["conditions"] if condition["status"] == "True"]
    assert true == ["Complete"]


def fail(run: BuildRun) -> None:
    raise ValueError("no such tag")


def test_runner_that_raises_fails_the_build(setting: Setting) -> None:
    setting.add(fail, source=True)
    setting.client.trigger(CONFIG, "s3cret", {})
    failed = setting.wait(1, "Failed")["status"]
    assert (failed["reason"], failed["message"]) == ("GenericBuildFailed", "no such tag")


def test_failed_pipeline_tells_why_in_its_log_only(setting: Setting) -> None:
    setting.add(fail)
    setting.trigger()
    assert "message" not in setting.wait(1, "Failed")["status"]
    log = setting.client.call("GET", _job_path(1) + "consoleText")
    assert log.text == "ERROR: no such tag\nFinished: FAILURE\n"


def test_build_that_could_not_start(setting: Setting) -> None:
    def refuse(run: BuildRun) -> None:
        raise BuildError("no quota")

    setting.add(refuse, source=True)
    setting.trigger()
    assert setting.wait(1, "Error")["status"]["message"] == "no quota"
    log = setting.client.call("GET", setting.log_path())
    message = f"build {CONFIG}-1 is in an error state. No logs are available."
    assert (log.code, log.document["message"]) == (400, message)


def test_serial_builds_wait_for_one_another(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate)
    setting.trigger()
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    assert setting.cluster.build(PROJECT, f"{CONFIG}-2")["status"]["phase"] == "New"
    gate.open()
    setting.wait(2, "Complete")
    assert gate.entered == [f"{CONFIG}-1", f"{CONFIG}-2"]


def test_parallel_builds_run_together(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate, parallel=True)
    setting.trigger()
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1", f"{CONFIG}-2")
    gate.open()
    setting.wait(1, "Complete")
    setting.wait(2, "Complete")


def _cancel(setting: Setting, number: int) -> Document:
    path = setting.client.path("builds", f"{CONFIG}-{number}")
    answer = setting.client.call("PATCH", path, {"status": {"cancelled": True}}, MERGE_PATCH)
    assert answer.code == 200
    return answer.document


def test_cancelled_build_is_told_and_ends(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate, source=True)
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    assert _cancel(setting, 1)["status"]["phase"] == "Running"
    cancelled = setting.wait(1, "Cancelled")["status"]
    assert (cancelled["cancelled"], cancelled["reason"]) == (True, "CancelledBuild")
    log = setting.client.call("GET", setting.log_path())
    message = f"build {CONFIG}-1 was cancelled. No logs are available."
    assert (log.code, log.document["message"]) == (400, message)


def test_runner_may_wait_to_be_cancelled(setting: Setting) -> None:
    waited: list[bool] = []
    setting.add(lambda run: waited.append(run.wait_cancelled(DEADLINE_S)))
    setting.trigger()
    setting.wait(1, "Running")
    _cancel(setting, 1)
    wait_until(lambda: waited == [True], "the runner to be told")


def test_queued_build_that_is_cancelled_never_runs(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate)
    for _ in range(3):
        setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    _cancel(setting, 2)
    setting.wait(2, "Cancelled")
    gate.open()
    setting.wait(3, "Complete")
    assert gate.entered == [f"{CONFIG}-1", f"{CONFIG}-3"]


def test_builds_go_with_their_build_config(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    setting.wait(1, "Complete")
    assert setting.client.call("DELETE", setting.client.path("buildconfigs", CONFIG)).code == 200
    assert setting.cluster.builds(PROJECT) == []


def test_runner_that_does_not_end_is_reported(ca: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "STOP_DEADLINE_S", 0.1)
    stuck, entered = threading.Event(), threading.Event()

    def run(run: BuildRun) -> None:
        entered.set()
        stuck.wait(DEADLINE_S)

    def leave_while_running() -> None:
        with Cluster(ca, run) as cluster:
            cluster.add_user("developer", token="t")
            setting = Setting(cluster, Client(cluster.url, cluster.ca, PROJECT, "t"))
            setting.add()
            setting.trigger()
            assert entered.wait(DEADLINE_S)

    with pytest.raises(RuntimeError, match=f"still running after 0.1 s: build shop-prod/{CONFIG}-1"):
        leave_while_running()
    stuck.set()


# Logs of builds in pods


def test_log_is_followed_live(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate, source=True)
    setting.trigger()
    connection = _open(setting, setting.log_path() + "?follow=true")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
    assert answer.readline() == f"running {CONFIG}-1\n".encode()
    assert setting.cluster.build(PROJECT, f"{CONFIG}-1")["status"]["phase"] == "Running"
    gate.open()
    assert answer.read() == b""
    connection.close()
    setting.wait(1, "Complete")


def test_log_of_a_queued_build_waits_for_its_start(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate, source=True)
    setting.trigger()
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    connection = _open(setting, setting.log_path(2) + "?follow=true")
    gate.open()
    assert connection.getresponse().read() == f"running {CONFIG}-2\n".encode()
    connection.close()


def test_log_without_follow_is_what_is_there(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate, source=True)
    setting.trigger()
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    assert setting.client.call("GET", setting.log_path()).text == f"running {CONFIG}-1\n"
    assert setting.client.call("GET", setting.log_path(2) + "?nowait=true").text == ""


def test_log_of_a_build_that_does_not_start_in_time(ca: CertificateAuthority) -> None:
    gate = Gate()
    with Cluster(ca, gate, log_start_wait_s=0.1) as cluster:
        cluster.add_user("developer", token="t", rights=[edit(PROJECT)])
        setting = Setting(cluster, Client(cluster.url, cluster.ca, PROJECT, "t"))
        setting.add(source=True)
        setting.trigger()
        setting.trigger()
        gate.wait_entered(f"{CONFIG}-1")
        answer = setting.client.call("GET", setting.log_path(2) + "?follow=true")
        assert (answer.code, answer.headers["Retry-After"]) == (504, "1")
        message = f"Timeout: timed out waiting for build {CONFIG}-2 to start after 0.1s"
        assert answer.document == status(message, "Timeout", 504, {"retryAfterSeconds": 1})


def _open(setting: Setting, path: str) -> HTTPSConnection:
    connection = setting.client.connection()
    connection.request("GET", path, headers={"Authorization": "Bearer jenkins-token"})
    return connection


# Pipelines in Jenkins


def _job_path(number: int) -> str:
    return f"/jenkins/job/{PROJECT}/job/{PROJECT}-{CONFIG}/{number}/"


def test_pipeline_build_points_at_jenkins(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate)
    setting.trigger()
    running = setting.wait(1, "Running")["metadata"]["annotations"]
    run = setting.cluster.url + _job_path(1)
    assert running["openshift.io/jenkins-build-uri"] == run
    assert running["openshift.io/jenkins-log-url"] == f"{run}consoleText"
    assert running["openshift.io/jenkins-console-log-url"] == f"{run}console"
    assert json.loads(running["openshift.io/jenkins-status-json"])["status"] == "IN_PROGRESS"
    gate.open()
    complete = setting.wait(1, "Complete")["metadata"]["annotations"]
    assert json.loads(complete["openshift.io/jenkins-status-json"])["status"] == "SUCCESS"


def test_build_in_a_pod_has_no_jenkins_annotations(setting: Setting) -> None:
    setting.add(source=True)
    setting.trigger()
    assert set(setting.wait(1, "Complete")["metadata"]["annotations"]) == {
        "openshift.io/build-config.name",
        "openshift.io/build.number",
    }
    assert setting.client.call("GET", _job_path(1) + "consoleText").code == 404


@pytest.mark.parametrize(
    ("start", "body", "more"),
    [
        ("", "running\r\nFinished: SUCCESS\r\n", None),
        ("?start=0", "running\r\nFinished: SUCCESS\r\n", None),
        ("?start=8", "Finished: SUCCESS\r\n", None),
        ("?start=26", "", None),
        ("?start=27", "running\r\nFinished: SUCCESS\r\n", None),
        ("?start=-1", "", None),
    ],
)
def test_progressive_log_of_a_finished_run(setting: Setting, start: str, body: str, more: str | None) -> None:
    setting.add(lambda run: run.log("running"))
    setting.trigger()
    setting.wait(1, "Complete")
    answer = setting.client.call("GET", _job_path(1) + "logText/progressiveText" + start)
    assert (answer.code, answer.content_type, answer.text) == (200, "text/plain;charset=utf-8", body)
    assert answer.headers["X-Text-Size"] == "26"
    assert answer.headers["X-More-Data"] is more


@pytest.mark.parametrize("start", ["abc", ""])
def test_progressive_log_wants_a_number(setting: Setting, start: str) -> None:
    setting.add()
    setting.trigger()
    setting.wait(1, "Complete")
    assert setting.client.call("GET", _job_path(1) + f"logText/progressiveText?start={start}").code == 500


def test_progressive_log_of_a_running_build_has_more(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate)
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    for start in (0, 999999):
        answer = setting.client.call("GET", _job_path(1) + f"logText/progressiveText?start={start}")
        assert answer.text == f"running {CONFIG}-1\r\n"
        assert answer.headers["X-More-Data"] == "true"


def test_cancelled_pipeline_ends_aborted(setting: Setting) -> None:
    gate = Gate()
    setting.add(gate)
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-1")
    _cancel(setting, 1)
    annotations = setting.wait(1, "Cancelled")["metadata"]["annotations"]
    assert json.loads(annotations["openshift.io/jenkins-status-json"])["status"] == "ABORTED"
    setting.trigger()
    gate.wait_entered(f"{CONFIG}-2")  # so the first run is over
    log = setting.client.call("GET", _job_path(1) + "consoleText").text
    assert log == f"running {CONFIG}-1\nFinished: ABORTED\n"


def test_jenkins_wants_a_token(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    setting.wait(1, "Complete")
    path = _job_path(1) + "consoleText"
    assert replace(setting.client, token=None).call("GET", path).code == 403
    assert replace(setting.client, token="no-such-token").call("GET", path).code == 401
    assert replace(setting.client, token="developer-token").call("GET", path).code == 200


# Faults


def test_next_webhooks_get_the_given_answer_and_make_no_build(setting: Setting) -> None:
    setting.add()
    setting.cluster.faults.next_webhook(answer=SERVICE_UNAVAILABLE, times=2)
    setting.cluster.faults.next_webhook(answer=Answer(200, b"<html>", "text/html"))
    answers = [setting.client.trigger(CONFIG, "s3cret", {}) for _ in range(4)]
    assert [answer.code for answer in answers] == [503, 503, 200, 200]
    assert (answers[0].content_type, answers[0].text) == ("text/plain; charset=utf-8", "service unavailable\n")
    assert (answers[2].content_type, answers[2].text) == ("text/html", "<html>")
    assert answers[3].document["metadata"]["name"] == f"{CONFIG}-1"


def test_edited_build_is_shown_but_not_kept(setting: Setting) -> None:
    def without_env(build: Document) -> Document:
        del build["spec"]["strategy"]["jenkinsPipelineStrategy"]["env"]
        return build

    setting.add()
    setting.cluster.faults.next_webhook(edit=without_env)
    shown = setting.trigger(IMAGE="shop")
    kept = setting.cluster.build(PROJECT, shown["metadata"]["name"])
    assert "env" not in shown["spec"]["strategy"]["jenkinsPipelineStrategy"]
    assert {"name": "IMAGE", "value": "shop"} in kept["spec"]["strategy"]["jenkinsPipelineStrategy"]["env"]


def test_dropped_connection_leaves_the_build(setting: Setting) -> None:
    setting.add()
    setting.cluster.faults.next_webhook(drop=True)
    with pytest.raises((HTTPException, OSError)):
        setting.client.trigger(CONFIG, "s3cret", {})
    assert [build["metadata"]["name"] for build in setting.cluster.builds(PROJECT)] == [f"{CONFIG}-1"]


def test_delayed_webhook(setting: Setting) -> None:
    setting.add()
    setting.cluster.faults.next_webhook(delay_s=0.2)
    begin = time.monotonic()
    setting.trigger()
    assert time.monotonic() - begin >= 0.2


def test_api_is_unavailable_for_a_while_and_the_core_api_is_not(setting: Setting) -> None:
    setting.cluster.faults.unavailable(requests=2)
    secrets_path = setting.client.path("secrets", core=True)
    assert setting.client.call("GET", secrets_path).code == 200
    codes = [setting.client.call("GET", setting.client.path("builds")).code for _ in range(3)]
    assert codes == [503, 503, 200]


def test_vanished_build_is_not_found(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    setting.wait(1, "Complete")
    setting.cluster.faults.vanish(PROJECT, f"{CONFIG}-1")
    answer = setting.client.call("GET", setting.client.path("builds", f"{CONFIG}-1"))
    details = {"name": f"{CONFIG}-1", "group": "build.openshift.io", "kind": "builds"}
    message = f'builds.build.openshift.io "{CONFIG}-1" not found'
    assert (answer.code, answer.document) == (404, status(message, "NotFound", 404, details))


# The server


def test_requests_are_recorded_without_the_token(setting: Setting) -> None:
    setting.add()
    setting.client.trigger(CONFIG, "a b%", {"env": []})
    [request] = setting.cluster.requests
    assert (request.method, request.target.rsplit("/", 2)[1]) == ("POST", "a%20b%25")
    assert (request.headers["Content-Type"], request.body) == (JSON, b'{"env": []}')
    assert request.headers["Authorization"] == "Bearer"
    assert "jenkins-token" not in repr(request)


def test_json_is_escaped_as_go_does(setting: Setting) -> None:
    setting.add()
    body = setting.client.trigger(CONFIG, "s3cret", {"env": [{"name": "URL", "value": "x?a&b"}]}).body
    assert rb'"secret":"\u003csecret\u003e"' in body
    assert rb'"value":"x?a\u0026b"' in body


def test_patch_wants_a_merge_patch(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    path = setting.client.path("builds", f"{CONFIG}-1")
    answer = setting.client.call("PATCH", path, {"status": {"cancelled": True}}, JSON)
    assert (answer.code, answer.document["reason"]) == (415, "UnsupportedMediaType")


def test_connection_is_kept(setting: Setting) -> None:
    setting.add(source=True)
    setting.trigger()
    setting.wait(1, "Complete")
    connection = setting.client.connection()
    connection.connect()
    local = connection.sock.getsockname()
    headers = {"Authorization": "Bearer jenkins-token"}
    for path in (setting.log_path() + "?follow=true", setting.client.path("builds"), "/none"):
        exchange(connection, "GET", path, headers=headers)
        assert connection.sock.getsockname() == local
    connection.close()


def test_client_that_does_not_know_the_ca(setting: Setting) -> None:
    connection = HTTPSConnection("localhost", urlsplit(setting.cluster.url).port, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()


def test_plain_http_is_told_to_use_https(setting: Setting) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(setting.cluster.url).port or 0)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = plain.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert answer.endswith(b"Client sent an HTTP request to an HTTPS server.\n")


def test_legacy_server_serves_oapi_too(ca: CertificateAuthority) -> None:
    with Cluster(ca, legacy=True) as cluster:
        cluster.add_user("developer", token="t", rights=[edit(PROJECT)])
        setting = Setting(cluster, Client(cluster.url, cluster.ca, PROJECT, "t"))
        setting.add()
        legacy = f"/oapi/v1/namespaces/{PROJECT}"
        hook = f"{legacy}/buildconfigs/{CONFIG}/webhooks/s3cret/generic"
        name = setting.client.call("POST", hook, {}).document["metadata"]["name"]
        for path in (f"{legacy}/builds/{name}", setting.client.path("builds", name)):
            assert setting.client.call("GET", path).document["metadata"]["name"] == name


def test_nothing_listens_and_no_thread_runs_afterwards(ca: CertificateAuthority) -> None:
    before = set(threading.enumerate())
    with Cluster(ca) as cluster:
        kept = Client(cluster.url, cluster.ca, PROJECT, None).connection()
        kept.connect()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(cluster.url).port or 0))
    kept.close()


def test_waiting_for_a_phase_ends(setting: Setting) -> None:
    setting.add()
    setting.trigger()
    with pytest.raises(TimeoutError, match=f"build {PROJECT}/{CONFIG}-1 is .*, not Error, after 0.1 s"):
        setting.cluster.wait_for_phase(PROJECT, f"{CONFIG}-1", "Error", timeout_s=0.1)
