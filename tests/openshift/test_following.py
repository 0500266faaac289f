"""Following a build to its end, with its log, however that arrives."""

from __future__ import annotations

import contextlib
import socket
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from promoter.errors import TimedOut
from promoter.http.build_log import Lines
from promoter.openshift.build_logs import JenkinsLog, LogElsewhere, log_of
from promoter.openshift.builds import Build, Builds
from promoter.openshift.following import follow
from tests.openshift.conftest import CONFIG, FIRST_BUILD, PROJECT, TOKEN, Clients, Gate
from tests.openshift.scripted import BREAK, Piece, Script, serve
from tests.support.cluster import BuildRun, Cluster, GenericTrigger, Runner, edit
from tests.support.cluster.build_configs import Strategy
from tests.support.tls import CertificateAuthority

LONG = 10_000

Follow = Callable[..., tuple[str, list[str]]]


@pytest.fixture
def followed(ca: CertificateAuthority, clients: Clients) -> Follow:
    """Follow a script's build; return its last phase, and what was said."""

    def run(script: Script, jenkins: str | None = None) -> tuple[str, list[str]]:
        said: list[str] = []
        with serve(ca, script) as url:
            builds = clients.builds(url)
            build = follow(builds, FIRST_BUILD, jenkins, builds.api.http.deadline, said.append)
        return build.phase, said

    return run


def test_lines_are_put_together_from_pieces(followed: Follow) -> None:
    pieces: list[Piece] = [b"one\ntw", b"o\r", b"\nsch\xc3", b"\xbcssel \xff\n", b"the end"]
    script = Script(["Running", "Complete"], [pieces])
    assert followed(script) == ("Complete", ["| one", "| two", "| schüssel \ufffd", "| the end"])


def test_log_that_breaks_off_goes_on(followed: Follow) -> None:
    logs: list[list[Piece]] = [
        [b"one\ntwo\nthr", BREAK],
        [b"one\ntwo\nthr"],  # whole, as it seems
        [b"one\ntwo\nthree\nfour\n"],
    ]
    script = Script(["New", "Running", "Running", "Complete"], logs)
    assert followed(script) == ("Complete", ["| one", "| two", "| three", "| four"])
    assert script.count("/log?follow=true") == 3


def test_log_that_never_comes_does_not_matter(followed: Follow) -> None:
    script = Script(["Running", "Running", "Complete"])
    phase, [said] = followed(script)
    assert phase == "Complete"
    assert said.startswith("(the build's log cannot be read just now")


def test_very_long_line(followed: Follow) -> None:
    pieces: list[Piece] = [b"x" * LONG for _ in range(50)]
    _, said = followed(Script(["Complete"], [[*pieces, b"\nafter\n"]]))
    assert [line.rstrip("x") for line in said] == ["| " + "x" * 8192 + "…", "| after"]


def test_endless_line_takes_no_memory() -> None:
    lines = Lines()
    tracemalloc.start()
    for _ in range(200):
        assert lines.add(b"y" * LONG) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * LONG
    assert len(lines.rest()) == 1


@contextlib.contextmanager
def started(
    ca: CertificateAuthority, clients: Clients, runner: Runner, *, strategy: Strategy = "Source"
) -> Iterator[tuple[Cluster, Builds]]:
    """Start a build that the runner runs."""
    with Cluster(ca, runner) as cluster:
        cluster.add_user("jenkins", token=TOKEN.secret, rights=[edit(PROJECT)])
        cluster.add_build_config(
            PROJECT, CONFIG, strategy=strategy, triggers=[GenericTrigger(secret="s3cret", allow_env=True)]
        )
        hook = clients.hook(cluster.url)
        assert hook.trigger({"IMAGE_NAME": "web"}).name == FIRST_BUILD
        yield cluster, hook.builds


def test_api_that_is_away_is_waited_for(ca: CertificateAuthority, clients: Clients) -> None:
    said: list[str] = []
    with started(ca, clients, lambda run: None) as (cluster, builds):
        cluster.faults.unavailable(requests=4)  # more than are tried at once
        assert follow(builds, FIRST_BUILD, None, builds.api.http.deadline, said.append).has_succeeded
    assert "the build cannot be seen just now" in said[0]


def test_deadline_while_the_log_is_silent(ca: CertificateAuthority, clients: Clients) -> None:
    """The stream stays open meanwhile."""

    def wait(run: BuildRun) -> None:
        run.log("production has begun")
        run.wait_cancelled()

    said: list[str] = []
    with started(ca, clients, wait) as (_, builds):
        deadline = builds.api.http.deadline

        def say(line: str) -> None:
            said.append(line)
            deadline.leave(0.2)

        with pytest.raises(TimedOut):
            follow(builds, FIRST_BUILD, None, deadline, say)
    assert said == ["| production has begun"]


# Jenkins' log


def pipeline_build(url: str) -> Build:
    annotations = {"openshift.io/jenkins-log-url": url}
    return Build(
        {
            "metadata": {"name": FIRST_BUILD, "annotations": annotations},
            "spec": {"strategy": {"jenkinsPipelineStrategy": {}}},
            "status": {"phase": "Running"},
        }
    )


@pytest.mark.parametrize(
    ("jenkins", "url", "covered"),
    [
        ("https://jenkins.example.com", "https://jenkins.example.com/job/a/1/consoleText", True),
        ("https://jenkins.example.com/", "https://jenkins.example.com:443/job/a/1/consoleText", True),
        ("https://apps.example.com/jenkins", "https://apps.example.com/jenkins/job/a/1/consoleText", True),
        (None, "https://jenkins.example.com/job/a/1/consoleText", False),
        ("https://jenkins.example.com", "https://jenkins.example.com.attacker.example/job/a/1/consoleText", False),
        ("https://jenkins.example.com", "https://jenkins.example.com@attacker.example/job/a/1/consoleText", False),
        ("https://jenkins.example.com", "https://jenkins.example.com:8443/job/a/1/consoleText", False),
        ("https://jenkins.example.com", "http://jenkins.example.com/job/a/1/consoleText", False),
        ("http://jenkins.example.com", "http://jenkins.example.com/job/a/1/consoleText", False),
        ("https://apps.example.com/jenkins", "https://apps.example.com/jenkins-of-others/job/a/1/consoleText", False),
        ("https://apps.example.com/jenkins", "https://apps.example.com/jenkins/../others/1/consoleText", False),
        ("https://apps.example.com/jenkins", "https://apps.example.com/jenkins/%2e%2e/others/1/consoleText", False),
        ("https://jenkins.example.com", "//jenkins.example.com/job/a/1/consoleText", False),
        ("https://jenkins.example.com", "https://[/job/a/1/consoleText", False),
    ],
)
def test_token_goes_only_to_the_jenkins_that_is_named(
    clients: Clients, jenkins: str | None, url: str, covered: bool
) -> None:
    said: list[str] = []
    builds = clients.builds("https://api.example.com")
    log = log_of(builds, pipeline_build(url), jenkins, said.append)
    assert type(log) is (JenkinsLog if covered else LogElsewhere)
    assert said == ([] if covered else [f"the build's log is at {url}"])


def in_jenkins(jenkins: str, *phases: str) -> Script:
    """Return a script for a build that Jenkins runs."""
    annotations = {"openshift.io/jenkins-log-url": f"{jenkins}/job/a/1/consoleText"}
    return Script([*phases], strategy={"jenkinsPipelineStrategy": {}}, annotations=annotations)


def test_jenkins_that_is_away_does_not_matter(followed: Follow) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        jenkins = f"https://localhost:{closed.getsockname()[1]}"
        phase, [said] = followed(in_jenkins(jenkins, "Running", "Running", "Complete"), jenkins)
    assert phase == "Complete"
    assert f"{jenkins} could not be reached" in said


@pytest.mark.parametrize("headers", [{}, {"X-Text-Size": "all"}], ids=["a log-in page", "no number"])
def test_answer_that_is_no_log(ca: CertificateAuthority, followed: Follow, headers: dict[str, str]) -> None:
    with serve(ca, Script(answers=[[b"<html>Log in</html>\n"]], headers=headers)) as jenkins:
        phase, said = followed(in_jenkins(jenkins, "Running", "Complete"), jenkins)
    assert phase == "Complete"
    why = f"{jenkins}/job/a/1/logText/progressiveText answered 200"
    assert said == [f"(the build's log cannot be read just now: {why})"]


def test_whole_log_that_comes_again(ca: CertificateAuthority, followed: Follow) -> None:
    """Jenkins sends it for an offset beyond the end, as after a log that was cut."""
    with serve(ca, Script(answers=[[b"one\r\n"]], headers={"X-Text-Size": "4"})) as jenkins:
        assert followed(in_jenkins(jenkins, "Running", "Running", "Complete"), jenkins)[1] == ["| one"]


def test_log_is_asked_for_from_where_the_last_answer_ended(ca: CertificateAuthority, clients: Clients) -> None:
    """Offsets count the raw log: in the body, lines end with CRLF."""
    gate = Gate()

    def speak(run: BuildRun) -> None:
        run.log("zwei für alle")
        gate(run)
        run.log("three")

    said: list[str] = []
    with started(ca, clients, speak, strategy="JenkinsPipeline") as (cluster, builds):
        gate.wait_entered()
        log = log_of(builds, builds.get(FIRST_BUILD), cluster.url, said.append)
        assert log is not None
        log.forward(ended=False)
        assert said == ["| zwei für alle", "| production has begun"]
        gate.open()
        cluster.wait_for_phase(PROJECT, FIRST_BUILD, "Complete")
        for _ in range(2):
            log.forward(ended=True)
    assert said[2:] == ["| three", "| Finished: SUCCESS"]
