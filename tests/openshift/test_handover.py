"""A promotion that is handed over to production's pipeline: real commands, real registries, a stub of the cluster."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openshift.client import MERGE_PATCH, Client, Document
from tests.openshift.conftest import COMMIT, CONFIG, FIRST_BUILD, PROJECT, Gate, Handover, Step, spelled
from tests.support import registry_client
from tests.support.cluster import SERVICE_UNAVAILABLE, Answer, BuildError, BuildRun, Cluster, GenericTrigger, view
from tests.support.faults import FaultyProxy
from tests.support.images import make_image
from tests.support.promoter import Outcome, in_little_time
from tests.support.shop import Side
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

BUILD_API = "/apis/build.openshift.io/v1"


def record_of(handover: Handover, reference: str) -> str:
    """Return the statement of a record that a result names."""
    shop = handover.shop
    host, _, rest = reference.partition("/")
    repository, _, digest = rest.partition("@")
    assert (host, repository) == (shop.prod.registry.host, shop.prod.repository)
    manifest = shop.prod.resolve(digest)
    assert manifest is not None
    [layer] = json.loads(manifest.content)["layers"]
    return shop.prod.registry.blob_file(layer["digest"]).read_text()


def requested(handover: Handover, path: str) -> list[str]:
    """Return the requests to the cluster with this in their path."""
    return [f"{request.method} {request.path}" for request in handover.cluster.requests if path in request.path]


# The whole flow


@pytest.mark.statement("F4", "F5", "F10", "F11")
def test_production_gets_the_parameters_and_promotes(handover: Handover) -> None:
    image, shop = handover.push(), handover.shop
    shop.promoter.environment["BUILD_TAG"] = "jenkins-shop-7"
    outcome = handover.promote("--promotion-id", "release-7")
    result = outcome.result
    [post] = [request for request in handover.cluster.requests if request.method == "POST"]
    secret = handover.secrets["webhook secret"]
    assert post.target == f"{BUILD_API}/namespaces/{PROJECT}/buildconfigs/{CONFIG}/webhooks/{secret}/generic"
    assert post.headers["Content-Type"] == "application/json"
    assert handover.posts == [
        {
            "IMAGE_NAME": shop.name,
            "NON_PROD_REGISTRY": shop.stage.registry.host,
            "PROD_REGISTRY": shop.prod.registry.host,
            "NON_PROD_PROJECT_NAME": "shop-dev",
            "PROD_PROJECT_NAME": "shop",
            "GIT_COMMIT": COMMIT,
            "IMAGE_DIGEST": image.digest,
            "PROMOTION_ID": "release-7",
            "REQUESTED_BY": "jenkins-shop-7",
        }
    ]
    assert shop.prod.digest(COMMIT) == image.digest
    assert (result["status"], result["digest"], result["verified"]) == ("promoted", image.digest, True)
    assert result["build"]["name"] == FIRST_BUILD
    assert result["build"]["phase"] == "Complete"
    assert json.loads(record_of(handover, result["record"]))["predicate"]["promotion_id"] == "release-7"
    assert "| copying 3 of 3 blobs" in outcome.stderr
    assert "| Finished: SUCCESS" in outcome.stderr


def test_second_run_finds_it_done(handover: Handover) -> None:
    handover.push()
    assert handover.promote().result["status"] == "promoted"
    again = handover.promote().result
    assert (again["status"], again["build"], len(handover.posts)) == ("unchanged", None, 1)


def test_what_is_not_sent_is_named(handover: Handover) -> None:
    handover.push()
    flags = ("--reason=a fix", "--requested-by=alice", "--mount-from=shop/base", "--git-commit=abc", "--force")
    outcome = handover.promote(*flags)
    names = "--reason, --mount-from, --force, --git-commit"
    assert f"not sent to production, whose pipeline decides for itself: {names}\n" in outcome.stderr
    assert handover.posts[0]["REQUESTED_BY"] == "alice"
    assert len(handover.posts[0]) == 9
    predicate = json.loads(record_of(handover, outcome.result["record"]))["predicate"]
    assert "reason" not in predicate
    assert predicate["requested_by"] == "alice"


def test_gates_are_asked_on_this_side_before_anything_is_sent(handover: Handover) -> None:
    image = handover.push()
    handover.shop.routes[0]["gates"] = {"approval": {"by": ["alice"]}}
    assert handover.promote().exit_code == 3
    assert handover.promote("--until-approval").result["status"] == "awaiting-approval"
    assert handover.posts == []
    outcome = handover.promote("--approval=alice: tested", f"--approved-digest={image.digest}")
    assert (outcome.result["status"], outcome.result["gates"]) == ("promoted", ["approved by alice: tested"])
    assert "decides for itself: --approval\n" in outcome.stderr
    assert "approved_by" not in json.loads(record_of(handover, outcome.result["record"]))["predicate"]


def test_nothing_is_named_where_all_is_sent(handover: Handover) -> None:
    handover.push()
    outcome = handover.promote("--promotion-id", "release-7", "--git-commit", COMMIT)
    assert outcome.exit_code == 0
    assert "not sent to production" not in outcome.stderr


def test_digest_that_no_record_of_ours_is_about(handover: Handover) -> None:
    image = handover.push()
    handover.pipeline.instead = lambda run: handover.shop.prod.push(image, COMMIT)
    outcome = handover.promote("--promotion-id", "release-7")
    assert (outcome.result["status"], outcome.result["verified"], outcome.result["record"]) == ("promoted", True, None)
    assert f"{handover.shop.prod}:{COMMIT} has the digest, but no record of promotion release-7" in outcome.stderr


@pytest.mark.parametrize("readable", [True, False])
def test_words_name_the_build_and_what_was_not_verified(handover: Handover, readable: bool) -> None:
    image, shop = handover.push(), handover.shop
    handover.pipeline.instead = lambda run: shop.prod.push(image, COMMIT)
    if not readable:
        shop.environments["production"]["credentials"] = "anonymous"
    shop.configure()
    outcome = shop.promoter.run("promote", shop.image(shop.stage, COMMIT), "production", json=False)
    assert f"  build      {FIRST_BUILD} (Complete)\n" in outcome.stdout
    assert ("  verified   no: " in outcome.stdout) is not readable


@pytest.mark.parametrize("source", [False, True], ids=["in Jenkins", "in a pod"])
def test_log_is_forwarded_while_production_works(handover: Handover, source: bool) -> None:
    gate = Gate()
    handover.push()
    if source:
        handover.use_config("in-a-pod", strategy="Source")
    handover.pipeline.before = gate
    with handover.start() as running:
        running.wait_until_said("| production has begun\n")
        assert handover.phase(f"{handover.webhook['build-config']}-1") == "Running"
        gate.open()
        outcome = running.outcome()
    assert outcome.exit_code == 0
    lines = outcome.stderr.splitlines()
    assert lines.count("| production has begun") == 1
    assert any(line.startswith("| copying 3 of 3 blobs") for line in lines)


def test_build_in_a_pod_of_a_git_source(handover: Handover) -> None:
    """The server answers with the Build and a warning, two JSON documents."""
    image = handover.push()
    handover.use_config("from-git", strategy="Source", git_ref="main")
    outcome = handover.promote()
    assert (outcome.result["build"]["name"], outcome.result["build"]["log"]) == ("from-git-1", None)
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert "| copying 3 of 3 blobs" in outcome.stderr


@pytest.mark.statement("F4")
def test_legacy_api(handover: Handover, ca: CertificateAuthority) -> None:
    image = handover.push()
    secret, token = handover.secrets["webhook secret"], handover.secrets["API token"]
    with Cluster(ca, handover.pipeline, legacy=True) as old:
        old.add_user("jenkins", token=token, rights=[view(PROJECT)])
        old.add_build_config(PROJECT, CONFIG, triggers=[GenericTrigger(secret=secret, allow_env=True)])
        handover.webhook.update({"api": old.url, "legacy-api": True})
        assert handover.promote().exit_code == 0
        assert {request.path.partition("/namespaces/")[0] for request in old.requests} == {"/oapi/v1"}
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_legacy_api_that_is_not_there(handover: Handover) -> None:
    handover.push()
    handover.webhook["legacy-api"] = True
    assert handover.promote().exit_code == 4
    assert handover.posts == []


@pytest.mark.statement("F11")
def test_between_two_projects_of_one_cluster(handover: Handover) -> None:
    """Both projects are in one registry: production mounts the blobs."""
    shop, production = handover.shop, handover.pipeline.shop
    inside = Side("production", shop.prod.registry, f"shop-dev/{shop.name}")
    image = make_image(seed=shop.name)
    inside.push(image, COMMIT)
    for configured in (shop, production):
        configured.environments["non-production"] = configured.environments["production"] | {"project": "shop-dev"}
    result = handover.promote().result
    assert shop.prod.digest(COMMIT) == image.digest == result["digest"]
    assert json.loads(handover.pipeline.outcomes[0].stdout)["blobs"]["mounted"] == 3


def test_nested_image_name(handover: Handover) -> None:
    shop = handover.shop
    nested = Side("non-production", shop.stage.registry, f"shop-dev/team/{shop.name}")
    image = make_image(seed=shop.name)
    nested.push(image, COMMIT)
    assert shop.run("promote", f"non-production/team/{shop.name}:{COMMIT}", "production").exit_code == 0
    [parameters] = handover.posts
    assert parameters["IMAGE_NAME"] == f"team/{shop.name}"
    assert (parameters["NON_PROD_PROJECT_NAME"], parameters["PROD_PROJECT_NAME"]) == ("shop-dev", "shop")
    found = registry_client.resolve(shop.prod.registry, f"shop/team/{shop.name}", COMMIT)
    assert found is not None
    assert found.digest == image.digest


# What is refused before anything is sent


def test_tag_that_is_taken(handover: Handover) -> None:
    handover.push()
    other = handover.shop.prod.push(make_image(seed="other"), COMMIT)
    assert handover.promote().exit_code == 3
    assert handover.cluster.requests == []
    assert handover.shop.prod.digest(COMMIT) == other


@pytest.mark.parametrize("readable", [True, False])
def test_dry_run_sends_nothing(handover: Handover, readable: bool) -> None:
    image = handover.push()
    if not readable:
        handover.shop.environments["production"]["credentials"] = "anonymous"
    result = handover.promote("--dry-run").result
    assert (result["status"], result["digest"]) == ("planned", image.digest)
    assert handover.cluster.requests == []


def test_secret_with_a_slash(handover: Handover) -> None:
    handover.push()
    handover.use_secret("hook/secret")
    outcome = handover.promote()
    assert outcome.exit_code == 2
    assert "env:WEBHOOK_SECRET has a slash" in outcome.error["message"]
    assert handover.cluster.requests == []
    handover.require_secrecy(outcome.stdout, outcome.stderr)


def test_other_name_at_the_destination(handover: Handover) -> None:
    handover.push()
    image = handover.shop.image(handover.shop.stage, COMMIT)
    outcome = handover.shop.run("promote", image, f"production/app-other:{COMMIT}")
    assert outcome.exit_code == 2
    assert "its pipeline takes one name" in outcome.error["message"]
    assert handover.cluster.requests == []


def test_environment_without_a_project(handover: Handover) -> None:
    shop = handover.shop
    del shop.environments["non-production"]["project"]
    shop.stage.push(make_image(), COMMIT)
    outcome = shop.run("promote", f"non-production/shop-dev/{shop.name}:{COMMIT}", "production")
    assert outcome.exit_code == 2
    assert "is in no project" in outcome.error["message"]
    assert handover.cluster.requests == []


def test_api_without_tls(handover: Handover) -> None:
    handover.push()
    handover.webhook["api"] = handover.webhook["api"].replace("https:", "http:")
    assert handover.promote().exit_code == 2
    assert handover.cluster.requests == []


# Production's failures


def test_production_refuses(handover: Handover) -> None:
    handover.push()
    handover.pipeline.shop.routes[0]["images"] = ["other"]
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert f"{PROJECT}/{FIRST_BUILD} ended as Failed" in outcome.error["message"]
    assert f"{handover.cluster.url}/jenkins/job/" in outcome.error["remedy"]
    assert "| refused: Production takes no image" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) is None


def fail(run: BuildRun) -> None:
    raise ValueError("no such tag")


def cannot_start(run: BuildRun) -> None:
    raise BuildError("no quota")


@pytest.mark.parametrize(
    ("step", "said"), [(fail, "ended as Failed: no such tag"), (cannot_start, "ended as Error: no quota")]
)
def test_build_fails(handover: Handover, step: Step, said: str) -> None:
    handover.push()
    handover.use_config("in-a-pod", strategy="Source")
    handover.pipeline.instead = step
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert said in outcome.error["message"]
    assert f"oc logs --namespace {PROJECT} build/in-a-pod-1" in outcome.error["remedy"]


def test_build_is_cancelled(handover: Handover) -> None:
    cluster = handover.cluster
    client = Client(cluster.url, cluster.ca, PROJECT, handover.secrets["API token"])

    def cancel(run: BuildRun) -> None:
        client.call("PATCH", client.path("builds", run.name), {"status": {"cancelled": True}}, MERGE_PATCH)

    handover.push()
    handover.pipeline.instead = cancel
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert "ended as Cancelled" in outcome.error["message"]


def test_another_digest_stands_there_afterwards(handover: Handover) -> None:
    handover.push()
    handover.pipeline.instead = lambda run: handover.shop.prod.push(make_image(seed="another"), COMMIT)
    outcome = handover.promote()
    assert outcome.exit_code == 7
    assert FIRST_BUILD in outcome.error["message"]


def test_nothing_stands_there_afterwards(handover: Handover) -> None:
    handover.push()
    handover.pipeline.instead = lambda run: None
    outcome = handover.promote("--promotion-id", "release-7")
    assert outcome.exit_code == 7
    assert "is not there, not sha256:" in outcome.error["message"]
    assert "--promotion-id release-7 " in outcome.error["remedy"]


def test_force_is_for_production_to_say(handover: Handover) -> None:
    image = handover.push()
    other = handover.shop.prod.push(make_image(seed="other"), COMMIT)
    assert handover.promote("--force").exit_code == 9
    assert "force" not in str(handover.posts).lower()
    assert handover.shop.prod.digest(COMMIT) == other
    handover.pipeline.flags = ("--force",)
    assert handover.promote("--force").exit_code == 0
    assert handover.shop.prod.digest(COMMIT) == image.digest


# Never twice


def test_time_out_and_a_second_run_that_follows(handover: Handover) -> None:
    image, gate = handover.push(), Gate()
    handover.pipeline.before = gate
    late = in_little_time(
        lambda seconds: handover.promote("--promotion-id=release-7", f"--timeout={seconds}s"),
        lambda _: handover.posts != [],
    )
    assert late.exit_code == 8
    assert FIRST_BUILD in late.error["message"]
    assert "--promotion-id release-7" in late.error["remedy"]
    assert handover.phase() == "Running"
    gate.open()
    assert handover.promote("--promotion-id", "release-7").result["build"]["name"] == FIRST_BUILD
    assert len(handover.posts) == 1
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_somebody_else_follows_what_is_handed_over(handover: Handover) -> None:
    handover.push()
    handover.pipeline.instead = fail
    for name in ("alice", "bob"):
        outcome = handover.promote("--promotion-id", "release-7", "--requested-by", name)
        assert outcome.exit_code == 9
    assert len(handover.posts) == 1


def test_failed_promotion_is_not_tried_again_under_its_id(handover: Handover) -> None:
    handover.push()
    handover.pipeline.instead = fail
    assert [handover.promote("--promotion-id", "release-7").exit_code for _ in range(2)] == [9, 9]
    assert len(handover.posts) == 1


def test_promotion_id_of_another_image(handover: Handover) -> None:
    image = handover.push()
    handover.pipeline.instead = lambda run: handover.shop.prod.push(image, COMMIT)
    assert handover.promote("--promotion-id", "release-7").exit_code == 0
    handover.push(seed=1, tag="1.1")
    outcome = handover.promote("--promotion-id", "release-7", tag="1.1")
    assert outcome.exit_code == 2
    assert (
        f"the build {PROJECT}/{FIRST_BUILD} already, with another GIT_COMMIT, IMAGE_DIGEST" in outcome.error["message"]
    )
    assert len(handover.posts) == 1


def test_connection_lost_after_the_build_was_made(handover: Handover) -> None:
    image = handover.push()
    handover.cluster.faults.next_webhook(drop=True)
    outcome = handover.promote()
    assert outcome.result["build"]["name"] == FIRST_BUILD
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert len(handover.posts) == 1


def test_answer_that_does_not_tell(handover: Handover) -> None:
    handover.push()
    handover.cluster.faults.next_webhook(answer=Answer(502, b"<html>Bad Gateway</html>", "text/html"))
    outcome = handover.promote("--promotion-id", "release-7")
    assert outcome.exit_code == 6
    assert "No build has our promotion ID" in outcome.error["message"]
    assert "--promotion-id release-7" in outcome.error["remedy"]
    assert len(handover.posts) == 1


def test_connection_lost_and_builds_not_to_be_listed(handover: Handover) -> None:
    handover.push()
    handover.cluster.add_user("developer", token="no-rights")
    handover.use_token("no-rights")
    handover.cluster.faults.next_webhook(drop=True)
    outcome = handover.promote()
    assert outcome.exit_code == 6
    assert "whether it started a build cannot be seen" in outcome.error["message"]
    identity = handover.posts[0]["PROMOTION_ID"]
    assert f"Look for PROMOTION_ID {identity} in production's Jenkins" in outcome.error["remedy"]
    assert f"--promotion-id {identity} " in outcome.error["remedy"]
    assert len(handover.posts) == 1


def test_connection_lost_and_the_api_is_away(handover: Handover) -> None:
    def away(build: Document) -> Document:
        handover.cluster.faults.unavailable(requests=6)  # as often as a request is tried
        return build

    image = handover.push()
    handover.shop.promoter.hurry()
    handover.cluster.faults.next_webhook(edit=away, drop=True)
    outcome = handover.promote()
    assert outcome.result["build"]["name"] == FIRST_BUILD
    assert "(cannot be looked at just now: " in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert len(handover.posts) == 1


def test_given_id_and_builds_not_to_be_listed(handover: Handover) -> None:
    handover.push()
    handover.cluster.add_user("developer", token="no-rights")
    handover.use_token("no-rights")
    outcome = handover.promote("--promotion-id", "release-7")
    assert outcome.exit_code == 5
    assert f"Bind the role `view` in {PROJECT}" in outcome.error["remedy"]
    assert handover.posts == []


# Rights and secrets


@pytest.mark.parametrize("config", [CONFIG, "missing"])
def test_wrong_secret_and_missing_build_config_are_answered_alike(handover: Handover, config: str) -> None:
    handover.push()
    if config == CONFIG:
        handover.use_secret("another secret")
    handover.webhook["build-config"] = config
    outcome = handover.promote()
    assert outcome.exit_code == 5
    assert f"{PROJECT}/{config} did not accept the secret from env:WEBHOOK_SECRET" in outcome.error["message"]
    assert handover.cluster.builds(PROJECT) == []
    handover.require_secrecy(outcome.stdout, outcome.stderr)


def test_unknown_token(handover: Handover) -> None:
    handover.push()
    handover.use_token("unknown-token")
    outcome = handover.promote()
    assert outcome.exit_code == 5
    assert f"The token from {handover.webhook['credentials']} is not accepted" in outcome.error["remedy"]
    assert handover.posts == []


def test_anonymous_call_without_the_binding(handover: Handover) -> None:
    handover.push()
    del handover.webhook["credentials"]
    outcome = handover.promote()
    assert outcome.exit_code == 5
    assert "system:webhook to system:unauthenticated" in outcome.error["remedy"]
    assert handover.cluster.builds(PROJECT) == []


def test_anonymous_call_waits_for_the_digest(handover: Handover) -> None:
    image = handover.push()
    del handover.webhook["credentials"]
    handover.cluster.allow_anonymous_webhooks(PROJECT)
    outcome = handover.promote()
    result = outcome.result
    assert (result["status"], result["build"]["name"], result["build"]["phase"]) == ("promoted", FIRST_BUILD, "unknown")
    assert result["verified"]
    assert result["promotion_id"] in record_of(handover, result["record"])
    assert handover.shop.prod.digest(COMMIT) == image.digest
    assert len(handover.posts) == 1


def test_anonymous_call_and_the_digest_does_not_come(handover: Handover) -> None:
    handover.push()
    del handover.webhook["credentials"]
    handover.cluster.allow_anonymous_webhooks(PROJECT)
    handover.pipeline.instead = fail
    outcome = in_little_time(
        lambda seconds: handover.promote(f"--timeout={seconds}s"),
        lambda outcome: "waiting for sha256:" in outcome.error["message"],
    )
    assert outcome.exit_code == 8


def test_destination_that_may_not_be_looked_at(handover: Handover) -> None:
    image = handover.push()
    handover.shop.environments["production"]["credentials"] = "anonymous"
    outcome = handover.promote()
    result = outcome.result
    assert (result["status"], result["verified"], result["record"]) == ("promoted", False, None)
    assert "may not be looked at from here" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_neither_build_nor_destination_may_be_looked_at(handover: Handover) -> None:
    handover.push()
    del handover.webhook["credentials"]
    handover.cluster.allow_anonymous_webhooks(PROJECT)
    handover.shop.environments["production"]["credentials"] = "anonymous"
    outcome = handover.promote()
    assert outcome.exit_code == 5
    assert f"--promotion-id {handover.posts[0]['PROMOTION_ID']} " in outcome.error["remedy"]


def test_secret_with_special_characters(handover: Handover) -> None:
    secret = "schlüssel %41+b=c?d#e&f<g"
    image = handover.push()
    handover.use_secret(secret)
    handover.use_config("special")
    handover.pipeline.instead = lambda run: handover.shop.prod.push(image, COMMIT)
    outcome = handover.promote("--verbose")
    assert outcome.exit_code == 0
    handover.require_secrecy(outcome.stdout, outcome.stderr)


@pytest.mark.statement("F7")
def test_no_secret_is_ever_seen(handover: Handover, tmp_path: Path) -> None:
    handover.push()
    gate, result = Gate(), tmp_path / "result.json"
    handover.pipeline.before = gate
    handover.pipeline.flags = ("--verbose",)
    with handover.start("--verbose", "--result", str(result)) as running:
        gate.wait_entered()
        arguments = " ".join([*running.arguments, *(word for child in running.children() for word in child.arguments)])
        gate.open()
        outcome = running.outcome()
    builds = json.dumps(handover.cluster.builds(PROJECT), ensure_ascii=False)
    record = record_of(handover, outcome.result["record"])
    answered = f"{handover.cluster.requests}"
    handover.require_secrecy(arguments, outcome.stdout, outcome.stderr, result.read_text(), builds, record)
    del handover.secrets["webhook secret"]  # which is part of the URL
    handover.require_secrecy(answered)


@pytest.mark.statement("F7")
def test_no_secret_in_what_goes_wrong(handover: Handover) -> None:
    """Production says all that it should not, and the server answers with the secret in an error."""
    handover.push()
    secrets = handover.secrets

    def log_secrets(run: BuildRun) -> None:
        for form in (form for secret in secrets.values() for form in spelled(secret)):
            run.log(f"production says {form}.")

    handover.pipeline.instead = log_secrets
    failed = handover.promote("--verbose")
    assert failed.exit_code == 7
    assert "| production says ****.\n" in failed.stderr
    hook = f"unexpected hook subpath /{secrets['webhook secret']}".encode()
    handover.cluster.faults.next_webhook(answer=Answer(400, hook, "text/plain"))
    refused = handover.promote("--verbose")
    assert refused.exit_code == 6
    assert "unexpected hook subpath /****" in refused.error["message"]
    handover.require_secrecy(failed.stdout, failed.stderr, refused.stdout, refused.stderr)


def test_log_elsewhere_is_named_and_gets_no_token(handover: Handover) -> None:
    handover.push()
    handover.webhook["jenkins"] = "https://jenkins.example.com"
    outcome = handover.promote()
    assert outcome.exit_code == 0
    assert requested(handover, "/jenkins/") == []
    assert f"the build's log is at {handover.cluster.url}/jenkins/job/" in outcome.stderr
    assert "| " not in outcome.stderr


# Answers that are no start of our build


def status_only() -> Answer:
    said = 'skipping build. Branch reference from "main" does not match configuration'
    return Answer(200, json.dumps({"kind": "Status", "status": "Success", "message": said, "code": 200}).encode())


def test_status_in_place_of_a_build(handover: Handover) -> None:
    handover.push()
    handover.cluster.faults.next_webhook(answer=status_only())
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert "started no build: skipping build." in outcome.error["message"]


def test_build_of_another_build_config(handover: Handover) -> None:
    def foreign(build: Document) -> Document:
        build["status"]["config"]["name"] = "another"
        return build

    handover.push()
    handover.cluster.faults.next_webhook(edit=foreign)
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert f"answered with a build of {PROJECT}/another" in outcome.error["message"]


def test_build_without_our_parameters_is_cancelled(handover: Handover) -> None:
    handover.push()
    secret = handover.secrets["webhook secret"]
    handover.use_config("deaf", triggers=[GenericTrigger(secret=secret, allow_env=False)])
    handover.pipeline.instead = Gate()
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert f"{PROJECT}/deaf-1 started without our IMAGE_NAME, " in outcome.error["message"]
    assert "it was cancelled" in outcome.error["message"]
    assert "allowEnv: true" in outcome.error["remedy"]
    assert handover.phase("deaf-1") == "Cancelled"


def test_build_without_our_parameters_that_may_not_be_cancelled(handover: Handover) -> None:
    handover.push()
    handover.cluster.add_user("viewer", token="viewer", rights=[view(PROJECT)])
    handover.use_token("viewer")
    handover.use_config("deaf", triggers=[GenericTrigger(secret=handover.secrets["webhook secret"], allow_env=False)])
    handover.pipeline.instead = lambda run: None
    outcome = handover.promote()
    assert outcome.exit_code == 9
    assert "it could not be cancelled" in outcome.error["message"]


def test_paused_build_config(handover: Handover) -> None:
    handover.push()
    handover.use_config("paused", paused=True)
    outcome = handover.promote()
    assert outcome.exit_code == 6
    assert "BuildConfig is paused" in outcome.error["message"]
    assert len(handover.posts) == 1


# The cluster is away


def test_api_is_down(handover: Handover) -> None:
    handover.push()
    handover.shop.promoter.hurry()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        handover.webhook["api"] = api = f"https://localhost:{closed.getsockname()[1]}"
        outcome = handover.promote()
    assert outcome.exit_code == 6
    assert f"{api} could not be reached" in outcome.error["message"]


def test_api_is_away_for_a_moment(handover: Handover) -> None:
    image = handover.push()
    handover.cluster.faults.next_webhook(answer=SERVICE_UNAVAILABLE, times=2)
    assert handover.promote().exit_code == 0
    assert len(handover.posts) == 3
    assert [build["metadata"]["name"] for build in handover.cluster.builds(PROJECT)] == [FIRST_BUILD]
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_api_is_away_while_the_build_is_followed(handover: Handover) -> None:
    image = handover.push()
    handover.pipeline.before = lambda run: handover.cluster.faults.unavailable(requests=3)
    assert handover.promote().exit_code == 0
    assert handover.shop.prod.digest(COMMIT) == image.digest


def test_build_vanishes_while_it_is_followed(handover: Handover) -> None:
    image, gate = handover.push(), Gate()
    handover.pipeline.before = gate
    with handover.start() as running:
        gate.wait_entered()
        handover.cluster.faults.vanish(PROJECT, FIRST_BUILD)
        gate.open()
        outcome = running.outcome()
    assert outcome.result["build"]["phase"] == "unknown"
    assert "the build cannot be followed" in outcome.stderr
    assert handover.shop.prod.digest(COMMIT) == image.digest


@pytest.fixture
def before_production(handover: Handover, ca: CertificateAuthority) -> Iterator[FaultyProxy]:
    """A proxy that both sides take for production's registry."""
    with FaultyProxy(handover.shop.prod.registry, ca) as proxy:
        for shop in (handover.shop, handover.pipeline.shop):
            shop.environments["production"]["registry"] = proxy.host
        yield proxy


@pytest.mark.parametrize("followed", [True, False], ids=["build followed", "build not seen"])
def test_destination_is_away_for_a_moment(handover: Handover, before_production: FaultyProxy, followed: bool) -> None:
    def step(run: BuildRun) -> None:
        handover.shop.prod.push(image, COMMIT)
        before_production.when("HEAD", f"/manifests/{COMMIT}", times=2).answer(501)
        before_production.when("GET", "/manifests/sha256-", times=1).answer(501)

    image = handover.push()
    handover.pipeline.instead = step
    if not followed:
        del handover.webhook["credentials"]
        handover.cluster.allow_anonymous_webhooks(PROJECT)
    outcome = handover.promote()
    assert (outcome.result["status"], outcome.result["verified"]) == ("promoted", True)
    assert outcome.stderr.count("(cannot be looked at just now: ") == 3


def test_destination_stays_away(handover: Handover, before_production: FaultyProxy) -> None:
    def step(run: BuildRun) -> None:
        before_production.when(path=f"/manifests/{run.parameters['GIT_COMMIT']}$").answer(501)

    def promote(seconds: int) -> Outcome:
        tag = f"1.{seconds}"
        handover.push(tag=tag)
        return handover.promote("--promotion-id", f"release-{tag}", f"--timeout={seconds}s", tag=tag)

    handover.pipeline.instead = step
    outcome = in_little_time(promote, lambda outcome: "waiting for sha256:" in outcome.error["message"])
    assert outcome.exit_code == 8
    assert "--promotion-id release-1." in outcome.error["remedy"]


def test_sigterm_ends_the_following_and_not_the_build(handover: Handover) -> None:
    image, gate = handover.push(), Gate()
    handover.pipeline.before = gate
    with handover.start() as running:
        gate.wait_entered()
        wait_until(lambda: requested(handover, "/jenkins/") != [], "the build to be followed")
        running.send(signal.SIGTERM)
        outcome = running.outcome()
    assert outcome.exit_code == 143
    identity = handover.posts[0]["PROMOTION_ID"]
    what = f"(the build {PROJECT}/{FIRST_BUILD}) may go on."
    further = f"{what} To follow it further, run this again with --promotion-id {identity} "
    assert further in outcome.stderr
    assert further in outcome.error["remedy"]
    assert handover.phase() == "Running"
    gate.open()
    handover.cluster.wait_for_phase(PROJECT, FIRST_BUILD, "Complete")
    assert handover.shop.prod.digest(COMMIT) == image.digest
