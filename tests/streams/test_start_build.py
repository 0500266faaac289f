"""`promoter start-build`: a build is started and followed, and what it pushed is tagged only if it succeeded."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.streams.conftest import DIGESTS, TAGGER, TOKEN, Streams, image
from tests.support.cluster import BuildError, BuildRun, GenericTrigger, HookError, set_tags, view
from tests.support.cluster.access import Right
from tests.support.promoter import Outcome, in_little_time
from tests.support.waiting import wait_until

A, B = DIGESTS[:2]
OUTPUT = {"kind": "ImageStreamTag", "name": "web:latest"}
READY = "stage/web:prod-ready"
SECRET = "secret-of-the-webhook"

Step = Callable[[BuildRun], object]


def nothing(_run: BuildRun) -> None:
    """Be a step that does nothing."""


class Build:
    """The BuildConfig `web` of stage, whose builds push `digest` after a step of the test's own."""

    def __init__(self, streams: Streams) -> None:
        self.streams = streams
        self.cluster = streams.cluster
        self.digest: str | None = A
        self.step: Step = nothing
        self.runs: list[BuildRun] = []

    def add(self, name: str = "web", output: dict[str, str] | None = OUTPUT, **settings: Any) -> None:  # noqa: ANN401
        settings.setdefault("strategy", "Source")
        self.cluster.add_build_config("shop-stage", name, output=output, runner=self._run, **settings)

    def start(self, *flags: str, name: str = "stage/web") -> Outcome:
        return self.streams.run("start-build", name, *flags)

    def digests(self, tag: str = "prod-ready") -> list[str]:
        return self.streams.digests("shop-stage", "web", tag)

    @property
    def posts(self) -> list[str]:
        """The requests that started a build."""
        posts = [one.path for one in self.cluster.requests if one.method == "POST" and "/buildconfigs/" in one.path]
        return [path.rpartition("/")[2] for path in posts]

    def _run(self, run: BuildRun) -> None:
        self.runs.append(run)
        run.log("building")
        self.step(run)
        if self.digest:
            self.cluster.push("shop-stage", "web", "latest", self.digest)
            run.pushed = self.digest
        run.log("pushed")


@pytest.fixture
def build(streams: Streams) -> Build:
    """The BuildConfig, with an image that was built before."""
    made = Build(streams)
    made.add()
    streams.cluster.push("shop-stage", "web", "latest", B)
    return made


@pytest.mark.statement("P13")
def test_a_build_config_without_triggers_is_built_and_tagged(build: Build) -> None:
    outcome = build.start("--tag", READY, "--reason", "release 1")
    result = outcome.result
    assert (result["status"], result["digest"]) == ("built", A)
    assert result["build"] == {"name": "web-1", "phase": "Complete", "log": None}
    [tag] = result["tags"]
    assert (tag["status"], tag["destination"], tag["digest"]) == ("tagged", READY, A)
    assert build.digests() == [A]
    tags = build.cluster.image_stream("shop-stage", "web")["spec"]["tags"]
    assert tags[0]["annotations"]["image-promoter/reason"] == "release 1"
    said = outcome.stderr.splitlines()
    assert said[said.index("started the build shop-stage/web-1") :][1:3] == ["| building", "| pushed"]


@pytest.mark.statement("P13", "P14")
@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (RuntimeError("tests failed"), "ended as Failed: tests failed."),
        (HookError(), "ended as Failed: Build failed because of post commit hook."),
        (BuildError("no such image"), "ended as Error: no such image."),
    ],
    ids=["build", "hook", "start"],
)
def test_a_build_that_fails_is_reported_and_nothing_is_tagged(build: Build, failure: Exception, why: str) -> None:
    def fail(_run: BuildRun) -> None:
        raise failure

    build.step = fail
    outcome = build.start("--tag", READY)
    error = outcome.error
    assert (error["kind"], error["exit_code"]) == ("downstream-failed", 9)
    assert error["message"] == f"The build shop-stage/web-1 {why} Nothing was tagged."
    assert "oc logs --namespace shop-stage build/web-1" in error["remedy"]
    assert build.digests() == []
    assert build.digests("latest") == [B]


def test_a_build_that_is_cancelled_tags_nothing(build: Build) -> None:
    build.step = lambda run: build.cluster.cancel_build("shop-stage", run.name)
    error = build.start("--tag", READY).error
    assert error["exit_code"] == 9
    assert "ended as Cancelled: The build was cancelled by the user. Nothing was tagged." in error["message"]
    assert build.digests() == []


def test_without_a_tag_it_is_only_built(build: Build) -> None:
    result = build.start().result
    assert (result["status"], result["digest"], result["tags"]) == ("built", A, [])


def test_it_says_what_came_of_it(build: Build) -> None:
    outcome = build.streams.run("start-build", "stage/web", "--tag", READY, json_output=False)
    assert outcome.stdout.splitlines() == [
        "built: stage/web",
        "  build      web-1 (Complete)",
        f"  digest     {A}",
        f"tagged: {READY}",
        f"  digest     {A}",
        f"  source     {build.streams.registry.host}/shop-stage/web@{A}",
    ]


def test_several_tags_in_several_projects(build: Build) -> None:
    result = build.start("--tag", READY, "--tag", "prod/web:1").result
    assert [tag["destination"] for tag in result["tags"]] == [READY, "prod/web:1"]
    assert build.streams.digests("shop", "web", "1") == [A]


def test_parameters_arrive(build: Build) -> None:
    assert build.start("--parameter", "VERSION=1.2", "--parameter", "OPTS=-a=b ").exit_code == 0
    assert build.runs[0].parameters == {"VERSION": "1.2", "OPTS": "-a=b "}


def test_a_dry_run_starts_nothing(build: Build) -> None:
    result = build.start("--tag", READY, "--dry-run").result
    assert (result["status"], result["build"], result["tags"]) == ("planned", None, [])
    assert build.posts == []


def test_an_answer_that_gets_lost_starts_no_second_build(build: Build) -> None:
    build.cluster.faults.lose_started(1)
    assert build.start("--tag", READY).result["build"]["name"] == "web-1"
    assert len(build.runs) == 1


def test_an_api_that_is_away_for_a_moment_is_waited_for(build: Build) -> None:
    build.cluster.faults.unavailable(3)
    build.streams.promoter.hurry()
    assert build.start("--tag", READY).result["digest"] == A


def test_a_build_that_somebody_else_starts_meanwhile_is_not_taken_for_ours(build: Build) -> None:
    build.digest = None
    build.cluster.faults.before_build(lambda: build.cluster.start_build("shop-stage", "web"))
    assert build.start().result["build"]["name"] == "web-2"
    assert len(build.runs) == 2


def test_what_another_build_pushes_meanwhile_is_not_tagged(build: Build) -> None:
    build.cluster.faults.before_tag(lambda: build.cluster.push("shop-stage", "web", "latest", DIGESTS[2]))
    assert build.start("--tag", READY).result["digest"] == A
    assert (build.digests(), build.digests("latest")[0]) == ([A], DIGESTS[2])


# By its webhook


def test_it_can_be_started_by_its_webhook(build: Build) -> None:
    build.add("hooked", triggers=[GenericTrigger(secret=SECRET, allow_env=True)])
    build.streams.promoter.environment["HOOK"] = SECRET
    flags = ("--webhook-secret", "env:HOOK", "--parameter", "VERSION=1.2")
    outcome = build.start("--tag", READY, *flags, name="stage/hooked")
    assert outcome.result["tags"][0]["digest"] == A
    assert build.runs[0].parameters == {"VERSION": "1.2"}
    assert build.posts == ["generic"]
    assert SECRET not in outcome.stdout + outcome.stderr


def test_a_wrong_webhook_secret_starts_nothing(build: Build) -> None:
    build.add("hooked", triggers=[GenericTrigger(secret=SECRET)])
    build.streams.promoter.environment["HOOK"] = "another"
    error = build.start("--tag", READY, "--webhook-secret", "env:HOOK", name="stage/hooked").error
    assert (error["exit_code"], build.runs) == (5, [])
    assert "did not accept the secret from env:HOOK" in error["message"]


# Where it pushes to


def test_it_may_push_to_another_project_of_the_cluster(build: Build) -> None:
    build.add("release", output={**OUTPUT, "namespace": "shop"})
    build.step = lambda _run: build.cluster.push("shop", "web", "latest", A)
    result = build.start("--tag", "prod/web:1", name="stage/release").result
    assert result["tags"][0]["source"] == f"{build.streams.registry.host}/shop/web@{A}"


def test_a_project_that_is_no_environment_is_named(build: Build) -> None:
    build.add("release", output={**OUTPUT, "namespace": "elsewhere"})
    error = build.start("--tag", READY, name="stage/release").error
    assert error["exit_code"] == 2
    assert "push to project elsewhere, which is no environment" in error["message"]
    assert build.posts == []


def test_it_may_push_to_another_registry(build: Build) -> None:
    made = image("built elsewhere")
    build.add("outside", output={"kind": "DockerImage", "name": build.streams.push(made, "1")})
    build.digest = made.digest
    result = build.start("--tag", READY, name="stage/outside").result
    assert result["tags"][0]["source"] == f"{build.streams.registry.host}/{build.streams.repository}@{made.digest}"
    assert build.digests() == [made.digest]


def test_the_clusters_own_registry_may_be_named_as_the_cluster_knows_it(build: Build) -> None:
    internal = "image-registry.openshift-image-registry.svc:5000/shop-stage/web:latest"
    build.add("inside", output={"kind": "DockerImage", "name": internal})
    result = build.start("--tag", READY, name="stage/inside").result
    assert result["tags"][0]["source"] == f"{build.streams.registry.host}/shop-stage/web@{A}"


def test_what_says_no_digest_is_not_tagged(build: Build) -> None:
    build.digest = None
    error = build.start("--tag", READY).error
    assert error["exit_code"] == 9
    assert "web-1 succeeded, but does not say what it pushed. Nothing was tagged." in error["message"]
    assert build.digests() == []


# Before a build is started


def test_a_tag_that_is_taken_is_refused_unless_forced(build: Build) -> None:
    build.cluster.push("shop-stage", "web", "prod-ready", B)
    error = build.start("--tag", READY).error
    assert (error["exit_code"], error["message"]) == (3, f"{READY} is taken: it is {B}.")
    assert build.posts == []
    assert build.start("--tag", READY, "--force").result["tags"][0]["previous_digest"] == B
    assert build.digests() == [A, B]


def test_without_the_right_to_tag_nothing_is_started(build: Build) -> None:
    instantiate = Right("shop-stage", frozenset({"create"}), frozenset({"buildconfigs/instantiate"}))
    build.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop-stage"), instantiate])
    error = build.start("--tag", READY).error
    assert error["exit_code"] == 5
    assert f"may not update imagestreamtags in project shop-stage, so {READY} cannot be set" in error["message"]
    assert build.posts == []


def test_a_missing_right_to_start_is_named(build: Build) -> None:
    build.cluster.add_user(TAGGER, token=TOKEN, rights=[view("shop-stage"), set_tags("shop-stage")])
    error = build.start("--tag", READY).error
    assert error["exit_code"] == 5
    assert 'cannot create resource "buildconfigs/instantiate"' in error["message"]
    assert f"oc policy add-role-to-user edit {TAGGER} --namespace shop-stage" in error["remedy"]


def test_a_paused_build_config_says_so(build: Build) -> None:
    build.add("resting", paused=True)
    error = build.start(name="stage/resting").error
    assert error["exit_code"] == 2
    assert "BuildConfig is paused" in error["message"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (("stage/none",), 4, "There is no BuildConfig none in project shop-stage."),
        (("web",), 2, "'web' is no BuildConfig"),
        (("stage/web:1",), 2, "'stage/web:1' is no BuildConfig"),
        (("nowhere/web",), 2, "no environment 'nowhere'"),
        (("bare/web",), 2, "environment bare names no cluster"),
        (("stage/web", "--parameter", "VERSION"), 2, "'VERSION' is given no value"),
        (("stage/web", "--parameter", "A B=1"), 2, "a valid environment variable name"),
        (("stage/web", "--tag", "stage/web"), 2, "'stage/web' is no tag of an image stream"),
        (("stage/web", "--tag", "quay.io/team/web:1"), 2, "is in no environment"),
        (("stage/quiet", "--tag", READY), 2, "push no image, so there is nothing to tag"),
        (("stage/web", "--webhook-secret", "env:NONE"), 5, "NONE"),
    ],
)
def test_what_cannot_be_is_named(build: Build, arguments: tuple[str, ...], exit_code: int, message: str) -> None:
    build.add("quiet", output=None)
    build.streams.environments["bare"] = {"registry": "registry.example.com"}
    error = build.streams.run("start-build", *arguments).error
    assert (error["exit_code"], message in error["message"]) == (exit_code, True), error
    assert build.runs == []


# When it is not seen to end


def wait_cancelled(run: BuildRun) -> None:
    run.wait_cancelled()
    raise RuntimeError("stopped by the test")


def test_a_build_that_takes_too_long_goes_on(build: Build) -> None:
    build.step = wait_cancelled
    error = in_little_time(
        lambda seconds: build.start("--tag", READY, f"--timeout={seconds}s"), lambda _: build.runs != []
    ).error
    assert (error["kind"], error["exit_code"]) == ("timed-out", 8)
    assert "The build shop-stage/web-1 goes on; nothing was tagged." in error["message"]
    assert "oc cancel-build web-1 --namespace shop-stage" in error["remedy"]


def test_an_interruption_says_that_the_build_goes_on(build: Build) -> None:
    build.step = wait_cancelled
    with build.streams.start("start-build", "stage/web", "--tag", READY) as running:
        wait_until(lambda: bool(build.runs), "the build to run")
        running.send(signal.SIGTERM)
        error = running.outcome().error
    assert error["exit_code"] == 143
    assert "The build shop-stage/web-1 goes on; nothing was tagged." in error["remedy"]


def test_a_tag_that_is_taken_meanwhile_is_not_overwritten(build: Build) -> None:
    build.step = lambda _run: build.cluster.push("shop-stage", "web", "prod-ready", B)
    error = build.start("--tag", READY).error
    assert error["exit_code"] == 3
    assert f"The build web-1 succeeded and pushed stage/web@{A}, but: {READY} is taken" in error["message"]
    assert error["remedy"].endswith(f"Then run `promoter tag stage/web@{A} {READY}`.")
    assert build.digests() == [B]
