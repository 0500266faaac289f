"""The client by itself: logging in, what a restart looks like, logs, addresses. The stub is the controller."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promoter.credentials.sources import ANONYMOUS, Credential
from promoter.errors import NotPermitted, PassingFailure, PerhapsTriggered, TimedOut, Unreachable, WrongUsage
from promoter.http.deadline import Deadline
from promoter.http.trust import Trust
from promoter.jenkins import api as jenkins_api
from promoter.jenkins.api import JenkinsApi
from promoter.jenkins.generic_webhook import GenericWebhook
from promoter.jenkins.jobs import Job
from promoter.jenkins.queue import Item, item_at
from promoter.jenkins.runs import Run, Vanished, follow
from promoter.openshift.waiting import Waiting
from tests.jenkins.conftest import LEAST, Apis
from tests.support.jenkins import BuildRun, Controller, Permission
from tests.support.waiting import wait_until

NOTE = "\x1b[8mha:////4AAAAA+base64==\x1b[0m"


@pytest.fixture
def job(jenkins: Controller, apis: Apis) -> Job:
    """A job that takes one parameter, seen by a user with an API token."""
    jenkins.add_user("alice", token="alice's token", password="alice's password", permissions=LEAST)
    jenkins.add_job("greet", parameters=["WHO"])
    return as_alice(jenkins, apis, "alice's token")


def as_alice(jenkins: Controller, apis: Apis, secret: str) -> Job:
    return Job(apis.api(jenkins.url, Trust(jenkins.ca), "alice", secret), "greet")


def pause(seconds: float = 30) -> Callable[[], None]:
    return Waiting(Deadline(seconds), "following a build").pause


def posts(jenkins: Controller) -> int:
    return sum(request.method == "POST" for request in jenkins.requests)


# Logging in


def test_token_needs_no_crumb(jenkins: Controller, job: Job) -> None:
    job.start({"WHO": "x"})
    assert [request.path for request in jenkins.requests] == ["/jenkins/job/greet/buildWithParameters"]


def test_password_needs_a_crumb_once(jenkins: Controller, apis: Apis, job: Job) -> None:
    """[A1] The crumb is bound to the session, whose cookie goes along."""
    by_password = as_alice(jenkins, apis, "alice's password")
    assert by_password.start({"WHO": "x"}) != by_password.start({"WHO": "y"})
    paths = [request.path.rpartition("/jenkins/")[2] for request in jenkins.requests]
    build = "job/greet/buildWithParameters"
    assert paths == [build, "crumbIssuer/api/json", build, build]


def test_crumb_of_a_session_that_is_gone_is_renewed(jenkins: Controller, apis: Apis, job: Job) -> None:
    by_password = as_alice(jenkins, apis, "alice's password")
    by_password.start({"WHO": "x"})
    jenkins.end_sessions()
    by_password.start({"WHO": "y"})
    assert sum("crumbIssuer" in request.path for request in jenkins.requests) == 2


def test_without_a_user_the_token_is_a_bearer_token(jenkins: Controller, apis: Apis, job: Job) -> None:
    bearer = Job(apis.api(jenkins.url, Trust(jenkins.ca), "", "a token of OpenShift"), "greet")
    with pytest.raises(NotPermitted):
        bearer.recent()
    assert jenkins.requests[-1].headers["Authorization"] == "Bearer"


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("http://jenkins.example.com", "alice"),
        ("ftp://jenkins.example.com", "alice"),
        ("https://", "alice"),
        ("https://alice@jenkins.example.com", "alice"),
        ("https://jenkins.example.com/?token=x", "alice"),
        ("https://jenkins.example.com", "al:ice"),
        ("https://jenkins.example.com", "alice\n"),
    ],
)
def test_what_is_no_jenkins_or_no_user(job: Job, url: str, user: str) -> None:
    with pytest.raises(WrongUsage):
        JenkinsApi(url, job.api.http, Credential("env:T", user, "s"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
def test_without_tls_only_on_this_machine(job: Job, host: str) -> None:
    assert JenkinsApi(f"http://{host}/", job.api.http, ANONYMOUS).url == f"http://{host}"


@pytest.mark.parametrize(("lacking", "named"), [(Permission.READ, "Overall/Read"), (Permission.JOB_BUILD, "Job/Build")])
def test_missing_permission(jenkins: Controller, apis: Apis, job: Job, lacking: Permission, named: str) -> None:
    jenkins.add_user("bob", token="bob's token", permissions=LEAST - {lacking})
    as_bob = Job(apis.api(jenkins.url, Trust(jenkins.ca), "bob", "bob's token"), "greet")
    with pytest.raises(NotPermitted, match=f"does not let bob .*: {named} is missing") as refused:
        as_bob.start({"WHO": "x"})
    assert refused.value.remedy.startswith(f"Give bob {named}")


def test_item_that_may_not_be_cancelled(jenkins: Controller, job: Job) -> None:
    jenkins.queue.hold()
    with pytest.raises(NotPermitted, match="Job/Cancel"):
        job.cancel(job.start({"WHO": "x"}))


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        ("redirect", r"leads elsewhere when asked to read /job/greet: https://login\."),
        ("page", "answered 200 .*: Log in"),
    ],
)
def test_login_page_in_front_of_jenkins(jenkins: Controller, job: Job, sign: str, said: str) -> None:
    jenkins.show(sign)
    with pytest.raises(Unreachable, match=said):
        job.recent()


# A restart


def test_refusal_shortly_after_a_lost_connection_is_no_verdict(jenkins: Controller, job: Job) -> None:
    jenkins.restart("refused", "401")
    assert job.recent() == []


def test_refusal_out_of_the_blue_is_one(jenkins: Controller, job: Job) -> None:
    jenkins.restart("401")
    with pytest.raises(NotPermitted):
        job.recent()
    assert len(jenkins.requests) == 1


def test_refusal_long_after_a_lost_connection_is_one(
    jenkins: Controller, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jenkins_api, "UNSETTLED_SECONDS", 0.0)
    jenkins.restart("refused", "401")
    with pytest.raises(NotPermitted):
        job.recent()


@pytest.mark.parametrize("sign", ["503", "401", "403"])
def test_start_that_was_not_taken_is_tried_again(jenkins: Controller, job: Job, sign: str) -> None:
    jenkins.restart("503", sign)
    item = job.start({"WHO": "x"})
    assert follow(Run(job, {}, item), pause(), lambda line: None).number == 1
    assert len(jenkins.builds("greet")) == 1


@pytest.mark.parametrize("sign", ["refused", "500"])
def test_start_that_may_have_been_taken_is_not(jenkins: Controller, job: Job, sign: str) -> None:
    jenkins.restart(sign)
    with pytest.raises(PerhapsTriggered):
        job.start({"WHO": "x"})
    assert posts(jenkins) == 1


def test_controller_that_stays_away(jenkins: Controller, job: Job) -> None:
    jenkins.restart(*["503"] * 20)
    with pytest.raises(PassingFailure, match="answers 503 just now: Starting Jenkins"):
        job.recent()


# Following


def test_log_is_said_once_without_notes_and_carriage_returns(jenkins: Controller, job: Job) -> None:
    """[A6] Offsets are of the raw log, which is shorter than what is sent."""

    def talk(run: BuildRun) -> None:
        for number in range(200):
            run.log(f"{NOTE}[Pipeline] {NOTE}ü {number}")

    jenkins.add_job("greet", talk, parameters=["WHO"])
    lines: list[str] = []
    follow(Run(job, {}, job.start({"WHO": "x"})), pause(), lines.append)
    said = [line for line in lines if line.startswith("| ")]
    assert said == [*(f"| [Pipeline] ü {number}" for number in range(200)), "| Finished: SUCCESS"]


def test_log_that_cannot_be_read_is_told_once_and_keeps_nothing_up(jenkins: Controller, job: Job) -> None:
    item = job.start({"WHO": "x"})
    lines: list[str] = []
    jenkins.hide_logs()
    assert follow(Run(job, {}, item), pause(), lines.append).result == "SUCCESS"
    assert sum("log cannot be read just now" in line for line in lines) == 1


def test_job_that_is_deleted_meanwhile(jenkins: Controller, job: Job) -> None:
    item = job.start({"WHO": "x"})
    wait_until(lambda: len(jenkins.builds("greet")) == 1, "the build")
    jenkins.queue.forget()
    jenkins.delete_job("greet")
    with pytest.raises(Vanished):
        follow(Run(job, {}, item), pause(), lambda line: None)


def test_time_out_in_the_queue(jenkins: Controller, job: Job) -> None:
    jenkins.queue.hold()
    run, lines = Run(job, {}, job.start({"WHO": "x"})), list[str]()
    with pytest.raises(TimedOut):
        follow(run, pause(1), lines.append)
    assert lines == [f"{run.name} waits: Jenkins is about to shut down"]


# Addresses


def test_item_of_another_job_whose_name_ends_alike(jenkins: Controller, job: Job) -> None:
    jenkins.add_folder("team")
    jenkins.add_job("team/greet", parameters=["WHO"])
    jenkins.queue.hold()
    item = Job(job.api, "team/greet").start({"WHO": "x"})
    assert job.find("WHO", "x") is None
    found = Job(job.api, "team/greet").find("WHO", "x")
    assert found is not None
    assert found.number == item


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://jenkins.example.com/jenkins/job/a%20b/", True),
        ("http://controller:8080/jenkins/job/a b", True),
        ("https://jenkins.example.com/job/a%20b/", False),
        ("https://jenkins.example.com/other/jenkins/job/a%20b/", False),
        ("https://jenkins.example.com/jenkins/job/team/job/a%20b/", False),
        ("https://jenkins.example.com/jenkins/job/a%20b/7/", False),
        (None, False),
    ],
)
def test_job_of_an_item(url: str | None, is_ours: bool) -> None:
    assert Item({"task": {"url": url}}).is_of("/jenkins/job/a%20b") == is_ours


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("job", "/job/job"),
        ("team one/job two", "/job/team%20one/job/job%20two"),
        ("mb/feature%2Fx", "/job/mb/job/feature%252Fx"),
        ("bücher?", "/job/b%C3%BCcher%3F"),
    ],
)
def test_path_of_a_job(job: Job, name: str, path: str) -> None:
    """[A8]"""
    assert Job(job.api, name).path == path


@pytest.mark.parametrize(
    ("location", "item"),
    [
        ("https://other.example:9/queue/item/35/", 35),
        ("http://a/jenkins/queue/item/7", 7),
        ("https://a/job/par/", None),
        ("https://a/queue/item/x/", None),
        ("", None),
    ],
)
def test_item_in_a_location(location: str, item: int | None) -> None:
    """[A2] The host is whatever the request said; a form of another kind gets no item at all."""
    assert item_at(location) == item


def test_webhook_without_a_token(job: Job) -> None:
    with pytest.raises(WrongUsage, match="has no token"):
        GenericWebhook(job, ANONYMOUS)
