"""What a client relies on from a Jenkins controller.

The tests run against the stub, and with `make test-jenkins` against a real controller; see `tests/jenkins/server.py`.
Every job is made in a folder of its own, which is deleted again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from promoter.credentials.sources import Credential
from promoter.errors import DownstreamFailed, NotFound, NotPermitted, PerhapsTriggered, Refused, WrongUsage
from promoter.http.deadline import Deadline
from promoter.jenkins.generic_webhook import GenericWebhook
from promoter.jenkins.jobs import Job
from promoter.jenkins.runs import Run, Vanished, follow
from promoter.openshift.waiting import Waiting
from tests.jenkins.config_xml import boolean, choice, generic_trigger, string
from tests.jenkins.conftest import Apis
from tests.jenkins.scripts import ASKS, DECLARES, FAILS, GREET, IS_NOT_BUILT, IS_UNSTABLE, NAMES, SLEEPS
from tests.jenkins.server import Server, server
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

NOWHERE = 999_999_999


@pytest.fixture(scope="module")
def jenkins(ca: CertificateAuthority) -> Iterator[Server]:
    """The controller: the stub, or a real one."""
    with server(ca) as found:
        yield found


@pytest.fixture(scope="module")
def greet(jenkins: Server) -> str:
    """A job with three parameters."""
    definitions = (string("WHO", "nobody"), boolean("FLAG"), choice("CHOICE", "a", "b"))
    assert jenkins.make("greet", GREET, *definitions).status == 200
    return "greet"


def said(server: Server, job: str, build: dict[str, object]) -> str:
    return server.said(job, int(str(build["number"])))


# Triggering


def test_started_job_answers_with_its_queue_item(jenkins: Server, greet: str) -> None:
    body = b"WHO=w%20%C3%BC%0Ax&CHOICE=b"
    answer = jenkins.call("POST", f"{jenkins.path(greet)}/buildWithParameters", body, delay="0sec")
    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers["Location"].endswith(f"/queue/item/{answer.item}/")
    build = jenkins.ended(greet, jenkins.build_of(answer.item)["number"])
    assert (build["result"], build["queueId"]) == ("SUCCESS", answer.item)
    assert "who=w ü\nx choice=b flag=false" in said(jenkins, greet, build)


def test_unknown_parameter_is_dropped_and_a_missing_one_has_its_default(jenkins: Server, greet: str) -> None:
    build = jenkins.run(greet, EXTRA="x")
    assert "who=nobody choice=a flag=false extra=null" in said(jenkins, greet, build)


def test_text_for_a_boolean_is_false_without_a_word(jenkins: Server, greet: str) -> None:
    assert "flag=false" in said(jenkins, greet, jenkins.run(greet, FLAG="maybe"))


def test_value_that_is_no_choice_is_a_500(jenkins: Server, greet: str) -> None:
    answer = jenkins.call("POST", f"{jenkins.path(greet)}/buildWithParameters", b"CHOICE=z")
    assert (answer.status, "Location" in answer.headers) == (500, False)


def test_json_is_ignored(jenkins: Server, greet: str) -> None:
    answer = jenkins.call(
        "POST", f"{jenkins.path(greet)}/buildWithParameters", b'{"WHO": "x"}', "application/json", delay="0sec"
    )
    build = jenkins.ended(greet, jenkins.build_of(answer.item)["number"])
    assert "who=nobody" in said(jenkins, greet, build)


def test_definitions(jenkins: Server, greet: str) -> None:
    fields = jenkins.get(jenkins.path(greet), "buildable,property[parameterDefinitions[name,type,choices]]")
    assert fields["buildable"] is True
    [definitions] = [part["parameterDefinitions"] for part in fields["property"] if "parameterDefinitions" in part]
    found = [(one["name"], one["type"], one.get("choices")) for one in definitions]
    assert found == [
        ("WHO", "StringParameterDefinition", None),
        ("FLAG", "BooleanParameterDefinition", None),
        ("CHOICE", "ChoiceParameterDefinition", ["a", "b"]),
    ]


def test_parameters_that_the_text_declares_are_known_after_the_first_run(jenkins: Server) -> None:
    assert jenkins.make("declares", DECLARES).status == 200
    path = jenkins.path("declares")
    before = jenkins.call("POST", f"{path}/buildWithParameters", b"WHO=x")
    assert (before.status, b"declares is not parameterized" in before.body) == (400, True)
    first = jenkins.call("POST", f"{path}/build", b"", delay="0sec")
    jenkins.ended("declares", jenkins.build_of(first.item)["number"])
    after = jenkins.call("POST", f"{path}/build", b"", delay="0sec")
    assert after.status == 400
    assert jenkins.run("declares", WHO="x")["result"] == "SUCCESS"


def test_disabled_job(jenkins: Server) -> None:
    jenkins.make("disabled", GREET, string("WHO"), disabled=True)
    answer = jenkins.call("POST", f"{jenkins.path('disabled')}/buildWithParameters", b"WHO=x")
    assert (answer.status, b"disabled is not buildable" in answer.body) == (409, True)
    assert jenkins.get(jenkins.path("disabled"), "buildable")["buildable"] is False


def test_unknown_job_and_folder(jenkins: Server) -> None:
    assert jenkins.call("GET", f"{jenkins.path('nonesuch')}/api/json").status == 404
    assert jenkins.call("POST", f"{jenkins.path('nonesuch')}/buildWithParameters", b"").status == 404
    assert "buildable" not in jenkins.get(jenkins.path(), "buildable,name")


def test_slash_that_is_escaped_is_no_separator(jenkins: Server, greet: str) -> None:
    folder = jenkins.path().removeprefix("/job/")
    assert jenkins.call("GET", f"/job/{folder}%2F{greet}/api/json").status == 404


def test_jobs_are_started_by_post(jenkins: Server, greet: str) -> None:
    assert jenkins.call("GET", f"{jenkins.path(greet)}/buildWithParameters").status == 405


def test_job_with_parameters_is_not_started_without_its_form(jenkins: Server, greet: str) -> None:
    before = jenkins.get(jenkins.path(greet), "nextBuildNumber,inQueue")
    assert jenkins.call("POST", f"{jenkins.path(greet)}/build", b"").status == 400
    assert jenkins.get(jenkins.path(greet), "nextBuildNumber,inQueue") == before


# The queue


def test_equal_requests_are_merged_and_others_are_not(jenkins: Server, greet: str) -> None:
    items = [jenkins.start(greet, "60sec", WHO=who) for who in ("merged", "merged", "other")]
    assert items[0] == items[1] != items[2]
    for item in set(items):
        assert jenkins.call("POST", "/queue/cancelItem", b"", id=str(item)).status == 204


def test_item_that_waits_and_is_cancelled(jenkins: Server, greet: str) -> None:
    item = jenkins.start(greet, "60sec", WHO="waiting")
    waiting = jenkins.get(f"/queue/item/{item}", "id,why,cancelled,executable[number],task[url]")
    assert waiting["why"].startswith("In the quiet period. Expires in ")
    assert waiting["task"]["url"].endswith(f"{jenkins.path(greet)}/")
    assert jenkins.call("POST", "/queue/cancelItem", b"", id=str(item)).status == 204
    left = jenkins.get(f"/queue/item/{item}")
    assert (left["cancelled"], left["executable"], left["why"]) == (True, None, None)


def test_item_is_in_the_queue_with_its_parameters(jenkins: Server, greet: str) -> None:
    item = jenkins.start(greet, "60sec", WHO="listed")
    items = jenkins.get("/queue", "items[id,task[url],actions[parameters[name,value]]]")["items"]
    [found] = [one for one in items if one["id"] == item]
    [parameters] = [action["parameters"] for action in found["actions"] if "parameters" in action]
    assert {"name": "WHO", "value": "listed"}.items() <= parameters[0].items()
    jenkins.call("POST", "/queue/cancelItem", b"", id=str(item))


def test_item_that_never_was(jenkins: Server) -> None:
    assert jenkins.call("GET", f"/queue/item/{NOWHERE}/api/json").status == 404


# Builds


def test_builds_are_listed_with_their_items_and_parameters(jenkins: Server, greet: str) -> None:
    first, second = jenkins.run(greet, WHO="one"), jenkins.run(greet, WHO="two")
    tree = "builds[number,queueId,actions[parameters[name,value]]]{0,2}"
    builds = jenkins.get(jenkins.path(greet), tree)["builds"]
    assert [one["queueId"] for one in builds] == [second["queueId"], first["queueId"]]
    [parameters] = [action["parameters"] for action in builds[0]["actions"] if "parameters" in action]
    assert ("WHO", "two") in [(one["name"], one["value"]) for one in parameters]


@pytest.mark.parametrize(
    ("name", "script", "result"),
    [("fails", FAILS, "FAILURE"), ("unstable", IS_UNSTABLE, "UNSTABLE"), ("not-built", IS_NOT_BUILT, "NOT_BUILT")],
)
def test_results(jenkins: Server, name: str, script: str, result: str) -> None:
    jenkins.make(name, script, string("WHO"))
    assert jenkins.run(name, WHO="x")["result"] == result


def test_build_that_is_stopped(jenkins: Server) -> None:
    jenkins.make("sleeps", SLEEPS, string("WHO"))
    number = jenkins.build_of(jenkins.start("sleeps", WHO="x"))["number"]
    wait_until(lambda: b"asleep" in jenkins.log("sleeps", number).body, "the build to begin")
    running = jenkins.get(f"{jenkins.path('sleeps')}/{number}")
    assert (running["building"], running["result"]) == (True, None)
    assert jenkins.log("sleeps", number).headers["X-More-Data"] == "true"
    assert jenkins.call("POST", f"{jenkins.path('sleeps')}/{number}/stop", b"").status == 302
    assert jenkins.ended("sleeps", number)["result"] == "ABORTED"


def test_unknown_build(jenkins: Server, greet: str) -> None:
    assert jenkins.call("GET", f"{jenkins.path(greet)}/{NOWHERE}/api/json").status == 404
    assert jenkins.log(greet, NOWHERE).status == 404


def test_log_from_an_offset(jenkins: Server, greet: str) -> None:
    number = jenkins.run(greet, WHO="log")["number"]
    whole = jenkins.log(greet, number)
    size = int(whole.headers["X-Text-Size"])
    assert "X-More-Data" not in whole.headers
    assert b"Finished: SUCCESS\r\n" in whole.body
    assert jenkins.log(greet, number, size).body == b""
    assert jenkins.log(greet, number, size - 8).body == b"SUCCESS\r\n"
    beyond = jenkins.log(greet, number, size + 1)
    assert (beyond.body, beyond.headers["X-Text-Size"]) == (whole.body, str(size))


# Questions


@pytest.fixture(scope="module")
def asks(jenkins: Server) -> str:
    """A job that asks."""
    assert jenkins.make("asks", ASKS).status == 200
    return "asks"


@pytest.fixture
def asking(jenkins: Server, asks: str) -> Iterator[int]:
    """A build of it; it is stopped afterwards."""
    number = jenkins.build_of(jenkins.start(asks))["number"]
    yield number
    jenkins.call("POST", f"{jenkins.path('asks')}/{number}/stop", b"")
    jenkins.ended("asks", number)


def test_question_is_answered_with_its_parameters(jenkins: Server, asking: int) -> None:
    answer = jenkins.answer("asks", asking, "Gate", WHY="because")
    assert (answer.status, answer.body) == (200, b"")
    build = jenkins.ended("asks", asking)
    assert build["result"] == "SUCCESS"
    assert f"who={jenkins.user} why=because\n" in said(jenkins, "asks", build)


def test_question_is_answered_once(jenkins: Server, asking: int) -> None:
    assert jenkins.answer("asks", asking, "Gate", WHY="x").status == 200
    assert jenkins.answer("asks", asking, "Gate", WHY="y").status == 404
    assert "why=x" in said(jenkins, "asks", jenkins.ended("asks", asking))


def test_answer_with_a_parameter_that_is_not_asked_for_leaves_it_open(jenkins: Server, asking: int) -> None:
    assert jenkins.answer("asks", asking, "Gate", NONESUCH="x").status == 500
    assert jenkins.get(f"{jenkins.path('asks')}/{asking}")["building"] is True


def test_answer_without_a_form_leaves_it_open(jenkins: Server, asking: int) -> None:
    jenkins.answer("asks", asking, "Gate", NONESUCH="x")
    answer = jenkins.call("POST", f"{jenkins.path('asks')}/{asking}/input/Gate/proceed", b"WHY=x")
    assert (answer.status, b"This page expects a form submission" in answer.body) == (400, True)
    assert jenkins.answer("asks", asking, "Gate", WHY="x").status == 200


def test_question_is_rejected(jenkins: Server, asking: int) -> None:
    answer = jenkins.answer("asks", asking, "Gate", "abort")
    assert (answer.status, answer.body) == (200, b"")
    build = jenkins.ended("asks", asking)
    assert build["result"] == "ABORTED"
    assert "Rejected by " in said(jenkins, "asks", build)


# The Generic Webhook Trigger plugin


def make_hooked(
    jenkins: Server, name: str, token: str = "", *, expression: str = "", silent: bool = False, disabled: bool = False
) -> str:
    """Make a job whose trigger takes its two parameters, and return its token."""
    token = token or secrets.token_hex()
    trigger = generic_trigger(token, "WHO", "CHOICE", expression=expression, silent=silent)
    definitions = (string("WHO", "nobody"), choice("CHOICE", "a", "b"))
    assert jenkins.make(name, NAMES, *definitions, disabled=disabled, trigger=trigger).status == 200
    return token


@pytest.fixture(scope="module")
def hook(jenkins: Server) -> str:
    """The token of the job `hooked`."""
    return make_hooked(jenkins, "hooked")


def given_to(item: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of a queue item or a build."""
    [parameters] = [action["parameters"] for action in item["actions"] if "parameters" in action]
    return {one["name"]: one["value"] for one in parameters}


def test_webhook_answers_with_the_queue_item(jenkins: Server, hook: str) -> None:
    given = {"WHO": 'w ü\n"x"', "CHOICE": "b"}
    answer = jenkins.invoke(given | {"EXTRA": "x"}, token=hook)
    [(name, told)] = answer.document["jobs"].items()
    assert (answer.status, name, told["triggered"]) == (200, jenkins.full_name("hooked"), True)
    assert told["resolvedVariables"] == given
    assert jenkins.get(f"/queue/item/{told['id']}")["why"].startswith("In the quiet period. Expires in ")
    build = jenkins.ended("hooked", jenkins.build_of(told["id"])["number"])
    assert given_to(build) == given
    its_own = "jenkins-generic-webhook-trigger-plugin_uuid"
    assert f'who=w ü\n"x" of CHOICE WHO {its_own}\n' in said(jenkins, "hooked", build)


def test_webhook_takes_no_other_token_and_none_from_the_body(jenkins: Server, hook: str) -> None:
    for answer in (jenkins.invoke({"WHO": "x"}, token=f"{hook}1"), jenkins.invoke({"WHO": "x", "token": hook})):
        assert (answer.status, answer.document["jobs"]) == (404, None)


def test_equal_calls_of_a_webhook_are_not_merged(jenkins: Server, hook: str) -> None:
    answers = [jenkins.invoke({"WHO": "twice"}, token=hook) for _ in range(2)]
    items = [answer.document["jobs"][jenkins.full_name("hooked")]["id"] for answer in answers]
    assert items[0] != items[1]
    for item in items:
        assert jenkins.call("POST", "/queue/cancelItem", b"", id=str(item)).status == 204


def test_webhook_has_defaults_for_what_is_empty_and_looks_at_no_choices(jenkins: Server, hook: str) -> None:
    answer = jenkins.invoke({"WHO": "", "CHOICE": "z"}, token=hook)
    item = answer.document["jobs"][jenkins.full_name("hooked")]["id"]
    given = given_to(jenkins.get(f"/queue/item/{item}"))
    assert (given["WHO"], given["CHOICE"]) == ("nobody", "z")
    jenkins.call("POST", "/queue/cancelItem", b"", id=str(item))


def test_webhook_of_several_jobs(jenkins: Server) -> None:
    token = make_hooked(jenkins, "starts")
    make_hooked(jenkins, "does not match", token, expression="never")
    make_hooked(jenkins, "is disabled", token, disabled=True)
    make_hooked(jenkins, "is silent", token, silent=True)
    answer = jenkins.invoke({"WHO": "x"}, token=token)
    told = {name.rpartition("/")[2]: one["triggered"] for name, one in answer.document["jobs"].items()}
    assert (answer.status, told) == (200, {"starts": True, "does not match": False, "is disabled": False})
    make_hooked(jenkins, "is broken", token, expression="(")
    answer = jenkins.invoke({"WHO": "x"}, token=token)
    assert (answer.status, type(answer.document["jobs"][jenkins.full_name("is broken")])) == (500, str)


@pytest.mark.parametrize(("expression", "silent"), [("", True), ("(", False)], ids=["silent", "broken"])
def test_webhook_that_does_not_tell(jenkins: Server, expression: str, silent: bool) -> None:
    token = make_hooked(jenkins, f"does not tell {silent}", expression=expression, silent=silent)
    answer = jenkins.invoke({"WHO": "x"}, token=token)
    assert (answer.status, answer.body) == (200, b"")


# Logging in


def test_wrong_token(jenkins: Server, greet: str) -> None:
    answer = jenkins.call("GET", f"{jenkins.path(greet)}/api/json", token="wrong")
    assert (answer.status, "X-Jenkins" in answer.headers) == (401, False)


def test_user_is_told(jenkins: Server) -> None:
    who = jenkins.get("/whoAmI", "anonymous,name")
    assert (who["anonymous"], who["name"]) == (False, jenkins.user)


def test_login_page_tells_that_it_is_jenkins(jenkins: Server) -> None:
    assert "X-Jenkins" in jenkins.call("GET", "/login").headers


def test_crumb(jenkins: Server) -> None:
    answer = jenkins.call("GET", "/crumbIssuer/api/json")
    assert {"crumb", "crumbRequestField"} <= answer.document.keys()
    assert answer.headers["Set-Cookie"].startswith("JSESSIONID")


# Our client


@pytest.fixture
def client(jenkins: Server, apis: Apis, greet: str) -> Job:
    """Our client of the job."""
    api = apis.api(jenkins.url, jenkins.trust, jenkins.user, jenkins.token)
    return Job(api, jenkins.full_name(greet))


def pause() -> Callable[[], None]:
    """Return what waits between looks, for a minute at most."""
    return Waiting(Deadline(60), "following a build").pause


def test_run_from_its_start_to_its_end(client: Job) -> None:
    given, lines = {"WHO": "client", "CHOICE": "b"}, list[str]()
    client.require_takes(given)
    run = Run(client, given, client.start(given))
    build = follow(run, pause(), lines.append)
    assert (build.result, build.parameters["WHO"], run.name) == ("SUCCESS", "client", f"{client} #{build.number}")
    assert any("who=client choice=b flag=false extra=null" in line for line in lines)
    assert lines[-1] == "| Finished: SUCCESS"
    assert not [line for line in lines if "\x1b" in line or line.endswith("\r")]
    found = client.find("WHO", "client")
    assert found is not None
    assert Run.of(client, found).name == run.name


def test_what_waits_is_found_and_cancelled(jenkins: Server, client: Job) -> None:
    item = jenkins.start("greet", "60sec", WHO="found waiting")
    found = client.find("WHO", "found waiting")
    assert found is not None
    run = Run.of(client, found)
    assert (run.item, run.number, run.lacks({"WHO": "found waiting"})) == (item, None, [])
    client.cancel(item)
    with pytest.raises(DownstreamFailed, match="cancelled in the queue"):
        follow(run, pause(), lambda line: None)


def test_what_waits_is_not_started_twice(jenkins: Server, client: Job) -> None:
    item = jenkins.start("greet", "60sec", WHO="once")
    assert client.start({"WHO": "once"}) == item
    jenkins.call("POST", "/queue/cancelItem", b"", id=str(item))


def test_run_whose_item_is_forgotten_is_found_by_its_build(jenkins: Server, client: Job) -> None:
    build = jenkins.run("greet", WHO="forgotten")
    found = next(one for one in client.recent() if one.item == build["queueId"])
    assert found.number == build["number"]


def test_what_never_was_has_vanished(client: Job) -> None:
    with pytest.raises(Vanished):
        follow(Run(client, {}, NOWHERE), pause(), lambda line: None)


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("greet", {"NONESUCH": "x"}, WrongUsage),
        ("greet", {"FLAG": "x"}, WrongUsage),
        ("greet", {"CHOICE": "z"}, Refused),
        ("nonesuch", {}, NotFound),
        ("", {}, WrongUsage),
    ],
)
def test_what_is_refused_before_it_is_started(
    jenkins: Server, client: Job, name: str, parameters: dict[str, str], error: type[Exception]
) -> None:
    job = Job(client.api, jenkins.full_name(name).rstrip("/"))
    with pytest.raises(error):
        job.require_takes(parameters)


def webhook(client: Job, name: str, token: str) -> GenericWebhook:
    """Return our client of a job's webhook."""
    return GenericWebhook(Job(client.api, name), Credential("env:HOOK", "", token))


def test_run_that_a_webhook_started(jenkins: Server, client: Job, hook: str) -> None:
    given, job = {"WHO": "webhook", "CHOICE": "b"}, Job(client.api, jenkins.full_name("hooked"))
    run = Run(job, given, webhook(client, job.name, hook).start(given))
    found = job.find("WHO", "webhook")
    assert found is not None
    assert Run.of(job, found).item == run.item
    build = follow(run, pause(), lambda line: None)
    assert (build.result, build.parameters) == ("SUCCESS", given)


def test_webhook_that_loses_a_parameter_is_taken_back(jenkins: Server, client: Job, hook: str) -> None:
    with pytest.raises(DownstreamFailed, match="started without our EXTRA; it was cancelled"):
        webhook(client, jenkins.full_name("hooked"), hook).start({"WHO": "x", "EXTRA": "y"})


@pytest.mark.parametrize(
    ("expression", "silent", "disabled", "error"),
    [
        ("never", False, False, Refused),
        ("", False, True, Refused),
        ("", True, False, PerhapsTriggered),
        ("(", False, False, PerhapsTriggered),
    ],
    ids=["filter", "disabled", "silent", "broken"],
)
def test_webhook_without_a_queue_item(
    jenkins: Server, client: Job, *, expression: str, silent: bool, disabled: bool, error: type[Exception]
) -> None:
    name = f"no item {secrets.token_hex(2)}"
    token = make_hooked(jenkins, name, expression=expression, silent=silent, disabled=disabled)
    with pytest.raises(error):
        webhook(client, jenkins.full_name(name), token).start({"WHO": "x"})


def test_webhook_of_another_job_or_of_none(jenkins: Server, client: Job, hook: str) -> None:
    with pytest.raises(DownstreamFailed, match=f"belongs to {jenkins.full_name('hooked')}, not to another"):
        webhook(client, "another", hook).start({"WHO": "x"})
    with pytest.raises(NotPermitted, match="has the token from env:HOOK"):
        webhook(client, "another", f"{hook}1").start({"WHO": "x"})
