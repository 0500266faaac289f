"""A promotion that is handed over to a Jenkins job: real commands, real registries, a stub of the controller."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.jenkins.conftest import JOB, LEAST, PARAMETERS, USER, Gate, JobHandover, Step
from tests.openshift.conftest import COMMIT, spelled
from tests.support.images import make_image
from tests.support.jenkins import BuildRun, GenericTrigger, Permission
from tests.support.jenkins.jobs import Definition
from tests.support.promoter import in_little_time
from tests.support.waiting import wait_until

FIRST = f"{JOB} #1"


def end_as(result: str) -> Step:
    """Return a step that has its build end as this."""

    def step(run: BuildRun) -> None:
        run.result = result

    return step


def fail(run: BuildRun) -> None:
    raise ValueError("no such tag")


def has_asked(handover: JobHandover, path: str, before: int = 0) -> bool:
    """Tell whether the controller was asked for this, the first so many requests left aside."""
    return any(path in request.target for request in handover.jenkins.requests[before:])


# The whole flow


@pytest.mark.statement("F5")
def test_production_gets_the_parameters_and_promotes(handover: JobHandover) -> None:
    image, shop = handover.push(), handover.shop
    outcome = handover.promote("--promotion-id", "release-7", "--requested-by", "alice")
    result = outcome.result
    assert handover.posts == ["/jenkins/job/team/job/production-pipeline/buildWithParameters?delay=0sec"]
    assert handover.given() == {
        "IMAGE_NAME": shop.name,
        "NON_PROD_REGISTRY": shop.stage.registry.host,
        "PROD_REGISTRY": shop.prod.registry.host,
        "NON_PROD_PROJECT_NAME": "shop-dev",
        "PROD_PROJECT_NAME": "shop",
        "GIT_COMMIT": COMMIT,
        "IMAGE_DIGEST": image.digest,
        "PROMOTION_ID": "release-7",
        "REQUESTED_BY": "alice",
    }
    assert shop.prod.digest(COMMIT) == image.digest
    assert (result["status"], result["digest"], result["verified"]) == ("promoted", image.digest, True)
    log = f"{handover.jenkins.url}/job/team/job/production-pipeline/1/console"
    assert result["build"] == {"name": FIRST, "phase": "SUCCESS", "log": log}
    assert result["record"]
    assert "| copying 3 of 3 blobs" in outcome.stderr
    assert outcome.stderr.count("| Finished: SUCCESS\n") == 1


def test_second_run_finds_it_done(handover: JobHandover) -> None:
    handover.push()
    assert handover.promote().result["status"] == "promoted"
    again = handover.promote().result
    assert (again["status"], again["build"], len(handover.posts)) == ("unchanged", None, 1)


def test_log_is_forwarded_while_production_works(handover: JobHandover) -> None:
    gate = Gate()
    handover.push()
    handover.job.before = gate
    with handover.start() as running:
        running.wait_until_said("| production has begun\n")
        assert not handover.jenkins.builds(JOB)[0].has_ended
        gate.open()
        outcome = running.outcome()
    assert outcome.exit_code == 0
    assert outcome.stderr.splitlines().count("| production has begun") == 1


def test_job_of_a_multibranch_project(handover: JobHandover) -> None:
    """[A8] The branch feature/x is the job feature%2Fx, and its % is escaped once more in the URL."""
    image = handover.push()
    handover.section["name"] = "shop/feature%2Fx"
    handover.jenkins.add_job("shop/feature%2Fx", handover.job, parameters=PARAMETERS)
    assert handover.promote().result["build"]["name"] == "shop/feature%2Fx #1"
    assert handover.posts == ["/jenkins/job/shop/job/feature%252Fx/buildWithParameters?delay=0sec"]
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_password_with_a_crumb(handover: JobHandover) -> None:
    image = handover.push()
    handover.log_in(USER, "a password")
    outcome = handover.promote()
    assert outcome.exit_code == 0, outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest
    handover.require_secrecy(outcome.stdout, outcome.stderr)


def test_job_that_is_busy(handover: JobHandover) -> None:
    image, gate = handover.push(), Gate()
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS, concurrent=False)
    handover.job.before = gate
    handover.push(seed=1, tag="1.1")
    with handover.start() as first:
        gate.wait_entered()
        with handover.shop.promoter.start(
            "promote", handover.shop.image(handover.shop.stage, "1.1"), "production"
        ) as second:
            wait_until(lambda: len(handover.jenkins.queue.waiting()) == 1, "a second one in the queue")
            gate.open()
            outcome = second.outcome()
        assert first.outcome().exit_code == 0
    assert outcome.result["build"]["name"] == f"{JOB} #2"
    assert "waits: Build #1 is already in progress" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest


# What is refused before anything is started


def refused(handover: JobHandover, *flags: str) -> dict[str, str]:
    """Return the error of a promotion that starts nothing."""
    outcome = handover.promote(*flags)
    assert handover.posts == []
    assert handover.shop.prod.digest(COMMIT) is None
    error: dict[str, str] = outcome.error
    return error


def test_dry_run_sends_nothing(handover: JobHandover) -> None:
    image = handover.push()
    result = handover.promote("--dry-run").result
    assert (result["status"], result["digest"]) == ("planned", image.digest)
    assert handover.jenkins.requests == []


def test_unknown_job(handover: JobHandover) -> None:
    handover.push()
    handover.section["name"] = "team/production"
    error = refused(handover)
    assert (error["kind"], "There is no job team/production at" in error["message"]) == ("not-found", True)


def test_job_that_is_not_shown(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.add_user("stranger", token="the stranger's token", permissions=[Permission.READ])
    handover.log_in("stranger", "the stranger's token")
    error = refused(handover)
    assert (error["kind"], "Job/Read" in error["remedy"]) == ("not-found", True)


def test_folder_in_place_of_a_job(handover: JobHandover) -> None:
    handover.push()
    handover.section["name"] = "team"
    error = refused(handover)
    assert (error["kind"], "is no job, but a folder" in error["message"]) == ("wrong-usage", True)


def test_url_without_the_prefix(handover: JobHandover) -> None:
    handover.push()
    handover.section["url"] = handover.jenkins.url.removesuffix("/jenkins")
    error = refused(handover)
    assert (error["kind"], "There is no Jenkins at" in error["message"]) == ("not-found", True)


@pytest.mark.parametrize(
    "url", ["http://jenkins.example.com", "jenkins.example.com", "https://a:b@jenkins.example.com"]
)
def test_url_that_is_unsafe_or_none(handover: JobHandover, url: str) -> None:
    handover.push()
    handover.section["url"] = url
    error = refused(handover)
    assert (error["kind"], "a:b" in str(error)) == ("wrong-usage", False)


def test_nobody_at_home(handover: JobHandover) -> None:
    handover.push()
    handover.shop.promoter.hurry()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        handover.section["url"] = f"https://localhost:{closed.getsockname()[1]}"
        assert refused(handover)["kind"] == "unreachable"


def test_wrong_token(handover: JobHandover) -> None:
    handover.push()
    handover.log_in(USER, "another token")
    error = refused(handover)
    assert (error["kind"], "env:JENKINS_TOKEN" in error["remedy"]) == ("not-permitted", True)


def test_no_credentials(handover: JobHandover) -> None:
    handover.push()
    del handover.section["credentials"]
    error = refused(handover)
    assert (error["kind"], "`user` and `credentials`" in error["remedy"]) == ("not-permitted", True)


def test_missing_permission_is_named(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.add_user("reader", token="the reader's token", permissions=LEAST - {Permission.JOB_BUILD})
    handover.log_in("reader", "the reader's token")
    outcome = handover.promote()
    assert outcome.exit_code == 5
    assert f"does not let reader build {JOB}: Job/Build is missing" in outcome.error["message"]
    assert handover.jenkins.builds(JOB) == []


def test_disabled_job(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS, disabled=True)
    error = refused(handover)
    assert (error["kind"], "is disabled" in error["message"]) == ("refused", True)


def test_job_without_a_parameter(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS[:6])
    error = refused(handover)
    assert error["kind"] == "wrong-usage"
    assert "does not take IMAGE_DIGEST, PROMOTION_ID: Jenkins would drop them." in error["message"]


def test_job_that_does_not_take_who_asks(handover: JobHandover) -> None:
    image = handover.push()
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS[:-1])
    assert handover.promote("--requested-by", "alice").result["status"] == "promoted"
    assert list(handover.given()) == list(PARAMETERS[:-1])
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_job_that_is_not_parameterised_yet(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.add_job(JOB, handover.job)
    error = refused(handover)
    assert error["kind"] == "wrong-usage"
    assert "It takes none at all." in error["message"]
    assert "once it has run" in error["remedy"]


@pytest.mark.parametrize(
    ("definition", "kind", "said"),
    [
        (Definition("PROD_PROJECT_NAME", "Choice", "a", ("a", "b")), "refused", "a, b as PROD_PROJECT_NAME, not shop"),
        (
            Definition("PROD_PROJECT_NAME", "Boolean", "false"),
            "wrong-usage",
            "takes PROD_PROJECT_NAME as true or false",
        ),
    ],
)
def test_value_that_a_parameter_does_not_take(
    handover: JobHandover, definition: Definition, kind: str, said: str
) -> None:
    handover.push()
    others = [name for name in PARAMETERS if name != definition.name]
    handover.jenkins.add_job(JOB, handover.job, parameters=[*others, definition])
    error = refused(handover)
    assert (error["kind"], said in error["message"]) == (kind, True)


def test_value_that_is_a_choice(handover: JobHandover) -> None:
    image = handover.push()
    choice = Definition("PROD_PROJECT_NAME", "Choice", "other", ("other", "shop"))
    others = [name for name in PARAMETERS if name != choice.name]
    handover.jenkins.add_job(JOB, handover.job, parameters=[*others, choice, "OF_ITS_OWN"])
    assert handover.promote().exit_code == 0
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_watched_tag(handover: JobHandover) -> None:
    image, shop = handover.push(tag="stable"), handover.shop
    shop.routes[0]["watch"] = [f"{shop.name}:stable"]
    assert [tag["status"] for tag in shop.run("watch").result["tags"]] == ["promoted"]
    assert shop.run("watch").result["tags"] == []
    assert (shop.prod.digest("stable"), len(handover.posts)) == (image.digest, 1)


# How it ends


@pytest.mark.parametrize("result", ["UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"])
def test_build_that_does_not_succeed(handover: JobHandover, result: str) -> None:
    handover.push()
    handover.job.instead = end_as(result)
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert f"{FIRST} ended as {result}." in outcome.error["message"]
    assert f"{handover.jenkins.url}/job/team/job/production-pipeline/1/console" in outcome.error["remedy"]
    assert f"| Finished: {result}\n" in outcome.stderr


def test_production_refuses(handover: JobHandover) -> None:
    handover.push()
    handover.job.pipeline.shop.routes[0]["images"] = ["other"]
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert "| refused: Production takes no image" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) is None


def test_cancelled_in_the_queue(handover: JobHandover) -> None:
    handover.push()
    handover.jenkins.queue.hold()
    with handover.start() as running:
        wait_until(lambda: len(handover.jenkins.queue.waiting()) == 1, "something in the queue")
        [item] = handover.jenkins.queue.waiting()
        handover.jenkins.queue.cancel(item.number)
        outcome = running.outcome()
    assert outcome.exit_code == 9
    assert f"queue item {item.number} of {JOB}, was cancelled in the queue before it began" in outcome.error["message"]
    assert handover.jenkins.builds(JOB) == []


@pytest.mark.parametrize("brought", [False, True])
def test_build_that_vanishes(handover: JobHandover, brought: bool) -> None:
    image = handover.push()

    def vanish(run: BuildRun) -> None:
        if brought:
            handover.shop.prod.push(image, COMMIT)
        handover.jenkins.delete_build(JOB, run.number)

    handover.job.instead = vanish
    outcome = handover.promote()
    if brought:
        assert (outcome.result["build"]["phase"], outcome.result["verified"]) == ("vanished", True)
    else:
        assert outcome.exit_code == 9
        assert f"{FIRST} vanished before it was seen to end" in outcome.error["message"]


def test_another_digest_stands_there_afterwards(handover: JobHandover) -> None:
    handover.push()
    handover.job.instead = lambda run: handover.shop.prod.push(make_image(seed="another"), COMMIT)
    outcome = handover.promote()
    assert outcome.exit_code == 7
    assert FIRST in outcome.error["message"]


def test_destination_that_may_not_be_looked_at(handover: JobHandover) -> None:
    image = handover.push()
    handover.shop.environments["production"]["credentials"] = "anonymous"
    result = handover.promote().result
    assert (result["status"], result["verified"]) == ("promoted", False)
    assert handover.shop.prod.digest(COMMIT) == image.digest


# Never twice


def test_time_out_and_a_second_run_that_follows(handover: JobHandover) -> None:
    image, gate = handover.push(), Gate()
    handover.job.before = gate
    late = in_little_time(
        lambda seconds: handover.promote("--promotion-id=release-7", f"--timeout={seconds}s"),
        lambda _: handover.jenkins.builds(JOB) != [],
    )
    assert late.exit_code == 8
    assert FIRST in late.error["message"]
    assert "--promotion-id release-7" in late.error["remedy"]
    gate.open()
    assert handover.promote("--promotion-id", "release-7").result["build"]["name"] == FIRST
    assert len(handover.posts) == 1
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_second_run_finds_the_first_in_the_queue(handover: JobHandover) -> None:
    image = handover.push()
    handover.jenkins.queue.hold()
    late = in_little_time(
        lambda seconds: handover.promote("--promotion-id=release-7", f"--timeout={seconds}s"),
        lambda _: handover.posts != [],
    )
    assert late.exit_code == 8
    before = len(handover.jenkins.requests)
    with handover.start("--promotion-id", "release-7") as running:
        wait_until(lambda: has_asked(handover, "/queue/item/", before), "the item to be followed")
        handover.jenkins.queue.release()
        assert running.outcome().exit_code == 0
    assert len(handover.posts) == 1
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_failed_promotion_is_not_tried_again_under_its_id(handover: JobHandover) -> None:
    handover.push()
    handover.job.instead = fail
    assert [handover.promote("--promotion-id", "release-7").exit_code for _ in range(2)] == [9, 9]
    assert len(handover.posts) == 1


def test_somebody_else_follows_what_is_handed_over(handover: JobHandover) -> None:
    image = handover.push()
    handover.job.instead = lambda run: None
    for name, code in (("alice", 7), ("bob", 0)):
        outcome = handover.promote("--promotion-id", "release-7", "--requested-by", name)
        assert outcome.exit_code == code
        handover.shop.prod.push(image, COMMIT)
    assert len(handover.posts) == 1


def test_promotion_id_of_another_image(handover: JobHandover) -> None:
    image = handover.push()
    handover.job.instead = lambda run: handover.shop.prod.push(image, COMMIT)
    assert handover.promote("--promotion-id", "release-7").exit_code == 0
    handover.push(seed=1, tag="1.1")
    outcome = handover.promote("--promotion-id", "release-7", tag="1.1")
    assert outcome.exit_code == 2
    assert f"is {FIRST} already, with another GIT_COMMIT, IMAGE_DIGEST" in outcome.error["message"]
    assert len(handover.posts) == 1


def test_answer_that_gets_lost(handover: JobHandover) -> None:
    image = handover.push()
    handover.jenkins.lose_answer()
    outcome = handover.promote()
    assert outcome.result["build"]["name"] == FIRST
    assert "gave no answer. Looking for a build with our promotion ID" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert len(handover.posts) == 1


def test_sigterm_ends_the_following_and_not_the_build(handover: JobHandover) -> None:
    image, gate = handover.push(), Gate()
    handover.job.before = gate
    with handover.start() as running:
        gate.wait_entered()
        wait_until(lambda: has_asked(handover, "/progressiveText"), "the build to be followed")
        running.send(signal.SIGTERM)
        outcome = running.outcome()
    assert outcome.exit_code == 143
    identity = handover.given()["PROMOTION_ID"]
    assert (
        f"({FIRST}) may go on. To follow it further, run this again with --promotion-id {identity} " in outcome.stderr
    )
    gate.open()
    wait_until(lambda: handover.jenkins.builds(JOB)[0].has_ended, "the build to end")
    assert handover.shop.prod.digest(COMMIT) == image.digest


# The controller is restarted


WINDOW = ("refused", "refused", "503", "503", "401", "403", "503", "401")


def test_restart_while_the_build_is_followed(handover: JobHandover) -> None:
    handover.shop.promoter.hurry()
    image, gate = handover.push(), Gate()
    handover.job.before = gate
    with handover.start() as running:
        gate.wait_entered()
        wait_until(lambda: has_asked(handover, "/progressiveText"), "the build to be followed")
        handover.jenkins.restart(*WINDOW)
        gate.open()
        outcome = running.outcome()
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stderr.count("| production has begun\n") == 1
    assert outcome.stderr.count("| Finished: SUCCESS\n") == 1
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_restart_that_forgets_the_queue_item(handover: JobHandover) -> None:
    """[A4] An item that has left answers 404 at once after a restart: its build knows its number."""
    handover.shop.promoter.hurry()
    image = handover.push()
    handover.jenkins.queue.hold()
    with handover.start() as running:
        wait_until(lambda: len(handover.jenkins.queue.waiting()) == 1, "something in the queue")
        handover.jenkins.restart(*WINDOW)
        handover.jenkins.queue.release()
        wait_until(lambda: len(handover.jenkins.builds(JOB)) == 1, "the build")
        handover.jenkins.queue.forget()
        outcome = running.outcome()
    assert outcome.result["build"]["name"] == FIRST
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert len(handover.posts) == 1


def test_restart_while_it_is_triggered(handover: JobHandover) -> None:
    handover.shop.promoter.hurry()
    image = handover.push()
    handover.jenkins.before_post(lambda: handover.jenkins.restart("503", "401", "503"))
    outcome = handover.promote()
    assert outcome.exit_code == 0, outcome.stderr
    assert len(handover.jenkins.builds(JOB)) == 1
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_500_while_it_is_triggered(handover: JobHandover) -> None:
    """[A10] One 500 on a POST: whether it was taken is not known, so it is looked for, and not asked for again."""
    handover.push()
    handover.jenkins.before_post(lambda: handover.jenkins.restart("500"))
    outcome = handover.promote("--promotion-id", "release-7")
    assert outcome.exit_code == 6
    assert "No build has our promotion ID" in outcome.error["message"]
    assert "--promotion-id release-7" in outcome.error["remedy"]
    assert len(handover.posts) == 1


def test_login_page_while_it_is_triggered(handover: JobHandover) -> None:
    """An answer that will be the same next time is the last one."""
    handover.push()
    handover.jenkins.before_post(lambda: handover.jenkins.show("redirect"))
    outcome = handover.promote("--timeout", "30s")
    assert outcome.exit_code == 6
    assert "leads elsewhere when asked to build" in outcome.error["message"]
    assert len(handover.posts) == 1


# The generic webhook

HOOK = "hook-token-7f3a"


@pytest.fixture
def hook(handover: JobHandover) -> JobHandover:
    """A handover through the generic webhook."""
    handover.use_webhook(HOOK)
    handover.jenkins.add_job(JOB, handover.job, parameters=PARAMETERS, trigger=GenericTrigger(HOOK))
    return handover


def test_generic_webhook(hook: JobHandover) -> None:
    image = hook.push()
    outcome = hook.promote()
    result = outcome.result
    assert hook.posts == ["/jenkins/generic-webhook-trigger/invoke"]
    assert (result["build"]["name"], result["build"]["phase"]) == (FIRST, "SUCCESS")
    assert hook.shop.prod.digest(COMMIT) == image.digest
    assert "| Finished: SUCCESS\n" in outcome.stderr
    hook.require_secrecy(outcome.stdout, outcome.stderr, str(hook.jenkins.requests))


def test_generic_webhook_without_credentials_waits_for_the_digest(hook: JobHandover) -> None:
    image = hook.push()
    del hook.section["credentials"]
    result = hook.promote().result
    assert (result["build"]["phase"], result["verified"]) == ("unknown", True)
    assert hook.shop.prod.digest(COMMIT) == image.digest


def test_generic_webhook_that_loses_who_asks(hook: JobHandover) -> None:
    hook.push()
    trigger = GenericTrigger(HOOK, variables=PARAMETERS[:-1])
    hook.jenkins.add_job(JOB, lambda run: None, parameters=PARAMETERS, trigger=trigger)
    outcome = hook.promote()
    assert outcome.exit_code == 9
    assert "started without our REQUESTED_BY; " in outcome.error["message"]


def test_generic_webhook_of_a_pipeline_that_cannot_be_seen_need_not_take_who_asks(hook: JobHandover) -> None:
    image = hook.push()
    trigger = GenericTrigger(HOOK, variables=PARAMETERS[:-1])
    hook.jenkins.add_job(JOB, hook.job, parameters=PARAMETERS[:-1], trigger=trigger)
    del hook.section["credentials"]
    assert hook.promote().result["status"] == "promoted"
    assert hook.shop.prod.digest(COMMIT) == image.digest


def test_generic_webhook_without_credentials_and_an_id_of_ones_own(hook: JobHandover) -> None:
    hook.push()
    del hook.section["credentials"]
    error = refused(hook, "--promotion-id", "release-7")
    assert (error["kind"], "`credentials` that may read the job" in error["remedy"]) == ("not-permitted", True)


def test_generic_webhook_with_the_wrong_token(hook: JobHandover) -> None:
    hook.push()
    hook.shop.promoter.environment["HOOK_TOKEN"] = "another token"
    outcome = hook.promote()
    assert outcome.exit_code == 5
    assert "No job at" in outcome.error["message"]
    assert "has the token from env:HOOK_TOKEN" in outcome.error["message"]


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        (
            {"trigger": GenericTrigger(HOOK, variables=PARAMETERS[:6])},
            9,
            "without our IMAGE_DIGEST, PROMOTION_ID, REQUESTED_BY; ",
        ),
        ({"trigger": GenericTrigger(HOOK, expression="never")}, 3, "started nothing: its filter does not match"),
        ({"trigger": GenericTrigger(HOOK), "disabled": True}, 3, "is disabled"),
    ],
)
def test_generic_webhook_that_starts_nothing_of_use(
    hook: JobHandover, settings: dict[str, Any], code: int, said: str
) -> None:
    hook.push()
    hook.jenkins.add_job(JOB, lambda run: None, parameters=PARAMETERS, **settings)
    outcome = hook.promote()
    assert outcome.exit_code == code
    assert said in outcome.error["message"]
    assert hook.shop.prod.digest(COMMIT) is None


def test_generic_webhook_of_another_job(hook: JobHandover) -> None:
    hook.push()
    hook.jenkins.add_job(JOB, hook.job, parameters=PARAMETERS)
    hook.jenkins.add_job("team/other", trigger=GenericTrigger(HOOK))
    outcome = hook.promote()
    assert outcome.exit_code == 9
    assert f"belongs to team/other, not to {JOB}" in outcome.error["message"]


@pytest.mark.parametrize("lost", [False, True], ids=["silent", "lost"])
def test_generic_webhook_whose_answer_does_not_tell(hook: JobHandover, lost: bool) -> None:
    image = hook.push()
    if lost:
        hook.jenkins.lose_answer()
    else:
        hook.jenkins.add_job(JOB, hook.job, parameters=PARAMETERS, trigger=GenericTrigger(HOOK, silent=True))
    assert hook.promote().result["build"]["name"] == FIRST
    assert len(hook.posts) == 1
    assert hook.shop.prod.digest(COMMIT) == image.digest


# Secrets


@pytest.mark.statement("F7")
def test_no_secret_is_ever_seen(handover: JobHandover, tmp_path: Path) -> None:
    handover.push()
    gate, result = Gate(), tmp_path / "result.json"

    def log_secrets(run: BuildRun) -> None:
        for form in (form for secret in handover.secrets.values() for form in spelled(secret)):
            run.log(f"production says {form}.")
        gate(run)

    handover.job.before = log_secrets
    with handover.start("--verbose", "--result", str(result)) as running:
        gate.wait_entered()
        arguments = " ".join([*running.arguments, *(word for child in running.children() for word in child.arguments)])
        gate.open()
        outcome = running.outcome()
    assert "| production says ****.\n" in outcome.stderr
    asked = json.dumps([f"{one.method} {one.target} {one.headers} {one.body!r}" for one in handover.jenkins.requests])
    handover.require_secrecy(arguments, outcome.stdout, outcome.stderr, result.read_text(), asked)
