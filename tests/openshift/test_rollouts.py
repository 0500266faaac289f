"""What a promoted tag triggers is waited for, judged by what its pods run, and rolled back if it fails."""

from __future__ import annotations

import base64
import json
import signal
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from promoter.credentials.sources import Credential
from promoter.http.deadline import Deadline
from promoter.model.workload import WorkloadName
from promoter.openshift.rollouts import Follower, RunningImage, Watcher
from promoter.openshift.workloads import Workloads
from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.openshift.conftest import Clients, secret_forms
from tests.support.cluster import Cluster, edit, set_tags, view
from tests.support.cluster.access import Right
from tests.support.cluster.answers import (
    DEPLOYMENT_CONFIGS,
    DEPLOYMENTS,
    PODS,
    REPLICATION_CONTROLLERS,
    Document,
)
from tests.support.cluster.integrated_registry import integrate
from tests.support.cluster.workloads import deployment, deployment_config
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image, referrers_tag
from tests.support.promoter import Outcome, Running, in_little_time
from tests.support.shop import Shop, make
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

ACCOUNT = "system:serviceaccount:shop:promoter"
KINDS = ("deployment", "dc")
BOTH = pytest.mark.parametrize("kind", KINDS)


class Live:
    """Production in a cluster whose integrated registry it is. The route is the shop's first, with a `rollout`.

    `stream` is the image stream, `live` the tag that is promoted to.
    """

    def __init__(self, shop: Shop, cluster: Cluster, proxy: FaultyProxy) -> None:
        self.shop = shop
        self.cluster = cluster
        self.proxy = proxy
        self.stream = shop.name
        self.token = f"sha256~{uuid.uuid4().hex}"
        self.rollout: dict[str, Any] = {"timeout": "60s"}
        shop.routes.append({"from": "non-production", "to": "production", "rollout": self.rollout})
        (shop.promoter.directory / "api-token").write_text(self.token)
        api = {"api": cluster.url, "ca": str(cluster.ca), "credentials": "file:api-token"}
        shop.environments["production"]["cluster"] = api
        shop.environments["non-production"]["cluster"] = {**api, "project": "shop-test"}
        self.allow(view("shop"), set_tags("shop"), edit("shop-test"))

    def allow(self, *rights: Right) -> None:
        """Let the promoter's account do this in the cluster, and nothing else."""
        self.cluster.add_user(ACCOUNT, token=self.token, rights=rights)

    def add(self, kind: str, name: str = "web", tag: str = "live", project: str = "shop", **settings: Any) -> None:  # noqa: ANN401
        """Add a workload that watches a tag of the stream, with a deadline of a second for its rollouts."""
        watched = [{"name": f"{self.stream}:{tag}"}]
        if kind == "dc":
            strategy = {"type": "Rolling", "rollingParams": {"timeoutSeconds": 1}}
            settings = {"strategy": strategy, **settings}
            self.cluster.add(DEPLOYMENT_CONFIGS, project, deployment_config(name, watched, **settings))
        else:
            settings = {"progressDeadlineSeconds": 1, **settings}
            self.cluster.add(DEPLOYMENTS, project, deployment(name, watched, **settings))

    def workload(self, kind: str, name: str = "web", project: str = "shop") -> Document:
        """Return a workload as the API has it."""
        return self.cluster.get(DEPLOYMENT_CONFIGS if kind == "dc" else DEPLOYMENTS, project, name)

    def push(self, version: object = 1, tag: str = "1.0") -> Image:
        """Put an image into non-production."""
        image = make_image(seed=f"{self.stream} {version}")
        self.shop.stage.push(image, tag)
        return image

    def promote(self, *flags: str) -> Outcome:
        """Promote the tag 1.0 to `live`."""
        return self.shop.run("promote", *self._arguments(), *flags)

    def start(self, *flags: str) -> Running:
        """Start promoting; to be used in a `with`."""
        self.shop.configure()
        return self.shop.promoter.start("promote", *self._arguments(), *flags)

    def promoted(self, version: object = 1) -> Image:
        """Promote a first image, and have it rolled out."""
        image = self.push(version)
        self.promote("--force").result  # noqa: B018 - asserts that it succeeded
        return image

    def runs(self, image: Image, name: str = "web") -> bool:
        """Tell whether all pods of a workload run an image."""
        ids = self.cluster.rollouts.image_ids("shop", name)
        return bool(ids) and all(one.endswith(image.digest) for one in ids)

    @property
    def digest(self) -> str | None:
        """What `live` is."""
        return self.shop.prod.digest("live")

    def _arguments(self) -> tuple[str, str]:
        return self.shop.image(self.shop.stage), self.shop.image(self.shop.prod, "live")


@pytest.fixture
def cluster(ca: CertificateAuthority) -> Iterator[Cluster]:
    """Production's cluster."""
    with Cluster(ca) as made:
        made.add_project("shop")
        made.add_project("shop-test")
        yield made


@pytest.fixture
def live(shop: Shop, cluster: Cluster, ca: CertificateAuthority) -> Iterator[Live]:
    """Production, with nothing in it."""
    with FaultyProxy(shop.prod.registry, ca) as proxy:
        integrate(proxy, cluster)
        shop.environments["production"]["registry"] = proxy.host
        yield Live(shop, cluster, proxy)


# What is triggered is waited for


@BOTH
@pytest.mark.statement("R3")
def test_an_image_change_trigger_deploys_what_was_promoted(live: Live, kind: str) -> None:
    live.add(kind, replicas=2)
    image = live.push()
    result = live.promote().result
    assert (result["status"], result["digest"]) == ("promoted", image.digest)
    assert result["rollout"] == {"deployments": [f"{kind}/web"], "pods": 2}
    assert live.runs(image)


@BOTH
def test_it_says_what_is_rolled_out(live: Live, kind: str) -> None:
    live.add(kind)
    live.push()
    live.shop.configure()
    with live.shop.promoter.start("promote", *live._arguments(), json=False) as running:
        outcome = running.outcome()
    assert f"  rolled out {kind}/web (1 running)" in outcome.stdout.splitlines()
    assert f"{kind}/web: 1 of 1 pods run it" in outcome.stderr.splitlines()


@BOTH
def test_it_returns_only_once_the_pods_run_the_digest(live: Live, kind: str) -> None:
    live.add(kind)
    first = live.promoted()
    live.cluster.rollouts.hold()
    second = live.push(2)
    with live.start("--force") as running:
        live.shop.prod.wait_for(second.digest, "live")
        wait_until(lambda: len(live.cluster.rollouts.image_ids("shop", "web")) > 1, "the second pod")
        assert live.runs(first) is False
        live.cluster.rollouts.release()
        assert running.outcome().result["rollout"]["pods"] == 1
    assert live.runs(second)


def test_the_flag_asks_for_it_where_the_route_does_not(live: Live) -> None:
    live.shop.routes.clear()
    live.add("deployment")
    image = live.push()
    assert live.promote("--roll-out").result["rollout"] == {"deployments": ["deployment/web"], "pods": 1}
    assert live.runs(image)


def test_all_that_watch_the_tag_are_waited_for(live: Live) -> None:
    live.add("deployment")
    live.add("dc", "api")
    live.add("dc", "other", tag="else")
    image = live.push()
    assert live.promote().result["rollout"] == {"deployments": ["deployment/web", "dc/api"], "pods": 2}
    assert live.runs(image)
    assert live.runs(image, "api")


def test_only_those_that_are_named_are_waited_for(live: Live) -> None:
    live.add("deployment")
    live.add("dc", "api")
    live.rollout["deployments"] = ["dc/api"]
    live.push()
    assert live.promote().result["rollout"] == {"deployments": ["dc/api"], "pods": 1}
    assert not [request for request in live.cluster.requests if request.path.endswith("/deployments")]


def test_without_pods_there_is_nothing_to_wait_for(live: Live) -> None:
    live.add("deployment", replicas=0)
    live.push()
    assert live.promote().result["rollout"] == {"deployments": ["deployment/web"], "pods": 0}


@pytest.mark.parametrize("spelling", ["docker-pullable://localhost/web@{digest}", "{config}", "{config_hex}"])
def test_however_a_runtime_spells_the_image(live: Live, spelling: str) -> None:
    live.add("deployment")
    image = live.push()
    config = image.blobs[0].digest
    hexadecimal = config.removeprefix("sha256:")
    written = spelling.format(digest=image.digest, config=config, config_hex=hexadecimal)
    live.cluster.rollouts.run_as(image.digest, written)
    assert live.promote().result["rollout"]["pods"] == 1


@pytest.mark.parametrize("kind", ["oci index", "docker index"])
def test_a_platform_of_an_index_is_the_image(live: Live, kind: str) -> None:
    live.add("deployment")
    index = make(kind, live.stream)
    live.shop.stage.push(index)
    live.cluster.rollouts.run_as(index.digest, f"registry/shop/web@{index.children[0].digest}")
    assert live.promote().result["rollout"]["pods"] == 1


def test_an_api_that_is_away_meanwhile_is_waited_for(live: Live, clients: Clients) -> None:
    live.add("deployment")
    image = live.promoted()
    said: list[str] = []
    api = clients.api(live.cluster.url, Credential("file:api-token", "openshift", live.token))
    workloads = Workloads(api, "shop")
    follower = Follower(workloads, RunningImage(image.digest, frozenset({image.digest})), said.append)
    watcher = Watcher(workloads.get(WorkloadName("deployment", "web")), frozenset({"main"}))
    live.cluster.faults.unavailable(4)
    follower.follow([watcher], Deadline(20))
    assert said[0].startswith("(deployment/web cannot be seen just now: ")
    assert said[1:] == ["deployment/web: 1 of 1 pods run it"]


def test_production_rolls_out_what_it_receives(live: Live) -> None:
    live.add("deployment", tag="1.0")
    image = live.push()
    result = live.shop.run("receive", "--image-name", live.stream, "--git-commit", "1.0").result
    assert result["rollout"] == {"deployments": ["deployment/web"], "pods": 1}
    assert live.runs(image)


# Only a changed digest redeploys


@BOTH
@pytest.mark.statement("P12")
def test_only_a_changed_digest_redeploys(live: Live, kind: str) -> None:
    live.add(kind)
    first = live.promoted()
    before = live.workload(kind)

    again = live.promote().result

    assert (again["status"], again["rollout"]["pods"]) == ("unchanged", 1)
    assert live.workload(kind) == before
    assert live.runs(first)
    second = live.promoted(2)
    assert live.workload(kind)["metadata"]["generation"] > before["metadata"]["generation"]
    assert live.runs(second)


@BOTH
def test_a_rollout_that_is_under_way_is_followed_by_the_next_run(live: Live, kind: str) -> None:
    live.add(kind)
    image = live.push()
    live.cluster.rollouts.hold()
    with live.start() as running:
        wait_until(lambda: bool(live.cluster.rollouts.image_ids("shop", "web")), "the pod")
        running.send(signal.SIGTERM)
        outcome = running.outcome()
    assert outcome.exit_code == 143
    assert "Run this again" in outcome.error["remedy"]
    assert live.digest == image.digest
    with live.start() as running:
        live.cluster.rollouts.release()
        result = running.outcome().result
    assert (result["status"], result["rollout"]["pods"]) == ("unchanged", 1)


# Nothing that is triggered


def test_nothing_watches_the_tag(live: Live) -> None:
    image = live.push()
    outcome = live.promote()
    assert (outcome.result["status"], outcome.result["rollout"]) == ("promoted", None)
    assert f"no rollout is waited for: no trigger follows shop/{live.stream}:live at once" in outcome.stderr
    assert live.digest == image.digest


@pytest.mark.statement("P15")
def test_a_trigger_on_another_tag_of_the_stream_is_named(live: Live) -> None:
    live.add("deployment", tag="prod-ready")
    live.push()
    outcome = live.promote()
    assert outcome.result["rollout"] is None
    assert f"deployment/web watches shop/{live.stream}:prod-ready" in outcome.stderr


@BOTH
@pytest.mark.statement("P11")
def test_a_person_starts_the_rollout(live: Live, kind: str) -> None:
    live.add(kind, paused=True)
    image = live.push()
    outcome = live.promote()
    assert (outcome.result["status"], outcome.result["rollout"]) == ("promoted", None)
    assert f"{kind}/web watches shop/{live.stream}:live, but is paused: a person starts" in outcome.stderr
    assert live.cluster.rollouts.image_ids("shop", "web") == []
    live.cluster.rollouts.begin("shop", "web")
    wait_until(lambda: live.runs(image), "the rollout")


@pytest.mark.statement("P10")
def test_jenkins_verifies_and_a_person_starts_the_import(live: Live) -> None:
    live.add("deployment")
    production = live.shop.environments["production"]
    releases = {**production, "registry": live.shop.prod.registry.host, "project": "releases"}
    live.shop.environments["releases"] = {key: releases[key] for key in releases if key != "cluster"}
    live.cluster.add_registry(live.shop.prod.registry)
    live.allow(edit("shop"))
    image = live.push()

    promoted = live.shop.run("promote", live.shop.image(live.shop.stage), "releases").result

    assert (promoted["status"], promoted["verified"]) == ("promoted", True)
    assert live.cluster.image_streams("shop") == []
    imported = live.shop.run("import", f"releases/{live.stream}:1.0", f"production/{live.stream}:live").result
    assert imported["digest"] == image.digest
    wait_until(lambda: live.runs(image), "the rollout")


def test_what_is_named_must_watch_the_tag(live: Live) -> None:
    live.add("deployment", tag="prod-ready")
    live.rollout["deployments"] = ["deployment/web"]
    live.push()
    error = live.promote().error
    assert error["exit_code"] == 2
    assert error["message"].endswith(f"does not trigger it: it watches shop/{live.stream}:prod-ready.")
    assert live.digest is None


def test_what_is_named_must_be_there(live: Live) -> None:
    live.rollout["deployments"] = ["dc/nowhere"]
    live.push()
    error = live.promote().error
    assert (error["kind"], error["exit_code"]) == ("not-found", 4)
    assert "nowhere" in error["message"]
    assert live.digest is None


# Failures


@BOTH
def test_a_failed_rollout_is_rolled_back(live: Live, kind: str) -> None:
    live.add(kind)
    first = live.promoted()
    second = live.push(2)
    live.cluster.rollouts.spoil(second.digest)
    error = live.promote("--force", "--reason", "a try").error
    assert (error["kind"], error["exit_code"]) == ("downstream-failed", 9)
    assert f"{kind}/web in project shop does not run {second.digest}: " in error["message"]
    assert "container main: ImagePullBackOff: Back-off pulling image" in error["message"]
    assert error["message"].endswith(f"live was rolled back to {first.digest}.")
    assert live.digest == first.digest
    wait_until(lambda: live.runs(first), "the rollout of what it was before")
    entry = live.shop.history("live")[0]
    assert (entry["action"], entry["digest"], entry["previous_digest"]) == ("rolled-back", first.digest, second.digest)
    assert entry["reason"].startswith(f"rollout failed: {kind}/web in project shop does not run {second.digest}")


def test_the_reason_of_the_cluster_is_told(live: Live) -> None:
    live.add("deployment")
    live.promoted()
    live.cluster.rollouts.spoil(live.push(2).digest, "CrashLoopBackOff", "back-off restarting failed container")
    message = live.promote("--force").error["message"]
    assert "has timed out progressing" in message
    assert "CrashLoopBackOff: back-off restarting failed container" in message


@BOTH
def test_a_failure_of_before_is_none_of_the_next_rollout(live: Live, kind: str) -> None:
    live.add(kind)
    first = live.promoted()
    live.cluster.rollouts.spoil(live.push(2).digest)
    assert live.promote("--force").exit_code == 9
    third = live.push(3)
    assert live.promote("--force").result["rollout"]["pods"] == 1
    assert live.runs(third)
    live.push(1)
    assert live.promote("--force").result["rollout"]["pods"] == 1
    assert live.runs(first)


@BOTH
def test_pods_that_run_something_else_are_no_success(live: Live, kind: str) -> None:
    live.add(kind)
    first = live.promoted()
    second = live.push(2)
    live.cluster.rollouts.run_as(second.digest, f"registry/shop/web@{first.digest}")
    live.rollout["timeout"] = "1s"
    error = live.promote("--force").error
    assert error["exit_code"] == 9
    assert f"{kind}/web had not got there after 1 s" in error["message"]
    assert f"runs registry/shop/web@{first.digest}" in error["message"]
    assert live.digest == first.digest


def test_the_command_has_less_time_than_the_rollout(live: Live) -> None:
    live.add("deployment", progressDeadlineSeconds=600)
    first = live.promoted()
    live.cluster.rollouts.hold()
    live.push(2)
    in_little_time(
        lambda seconds: live.promote("--force", f"--timeout={seconds}s"), lambda outcome: outcome.exit_code == 9
    )
    assert live.digest == first.digest


def test_a_first_digest_stays(live: Live) -> None:
    live.add("deployment")
    image = live.push()
    live.cluster.rollouts.spoil(image.digest)
    error = live.promote().error
    assert error["exit_code"] == 9
    assert error["message"].endswith(f"live stays {image.digest}, since it was nothing before.")
    assert live.digest == image.digest
    again = live.promote().error
    assert again["exit_code"] == 9
    assert again["message"].endswith(f"live stays {image.digest}, which it was before this run.")


def test_the_route_may_say_to_leave_it(live: Live) -> None:
    live.add("deployment")
    live.promoted()
    live.rollout["roll-back"] = False
    second = live.push(2)
    live.cluster.rollouts.spoil(second.digest)
    error = live.promote("--force").error
    assert error["message"].endswith("the route says `roll-back: false`.")
    assert live.digest == second.digest


def test_a_tag_that_was_moved_meanwhile_is_left_alone(live: Live) -> None:
    live.add("deployment")
    live.promoted()
    second, third = live.push(2), make_image(seed=f"{live.stream} 3")
    live.cluster.rollouts.spoil(second.digest)
    live.cluster.rollouts.hold()
    with live.start("--force") as running:
        live.shop.prod.wait_for(second.digest, "live")
        live.shop.prod.push(third, "live")
        live.cluster.rollouts.release()
        error = running.outcome().error
    assert error["exit_code"] == 9
    assert "could not be rolled back" in error["message"]
    assert live.digest == third.digest


# Before anything is changed


@pytest.mark.parametrize(
    ("missing", "resource"),
    [
        ("deployments", "list deployments"),
        ("deploymentconfigs", "list deploymentconfigs"),
        ("replicasets", "list replicasets"),
        ("pods", "list pods"),
    ],
)
def test_a_missing_right_is_named_and_nothing_is_changed(live: Live, missing: str, resource: str) -> None:
    live.add("deployment")
    allowed = view("shop").resources - {missing}
    live.allow(Right("shop", frozenset({"get", "list"}), frozenset(allowed)))
    live.push()
    error = live.promote().error
    verb, _, plural = resource.partition(" ")
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert f'cannot {verb} resource "{plural}"' in error["message"]
    assert error["remedy"].startswith("Bind the role view ")
    assert f"`oc policy add-role-to-user view {ACCOUNT} --namespace shop`" in error["remedy"]
    assert live.digest is None


def test_a_dry_run_says_what_would_be_waited_for(live: Live) -> None:
    live.add("deployment")
    live.push()
    outcome = live.promote("--dry-run")
    assert outcome.result["status"] == "planned"
    assert f"shop/{live.stream}:live triggers deployment/web, which would be waited for" in outcome.stderr
    assert live.digest is None


def test_an_environment_without_a_cluster(live: Live) -> None:
    live.shop.routes.clear()
    del live.shop.environments["production"]["cluster"]
    live.push()
    error = live.promote("--roll-out").error
    assert error["exit_code"] == 2
    assert "names no cluster" in error["message"]


def test_a_full_reference_has_no_cluster(live: Live) -> None:
    live.push()
    host = live.shop.prod.registry.host
    auth = base64.b64encode(f"{PRODUCTION_USER}:{PRODUCTION_PASSWORD}".encode()).decode()
    (live.shop.promoter.directory / "auth.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    access = ("--destination-ca", str(live.cluster.ca), "--destination-credentials", "authfile:auth.json")
    image = live.shop.image(live.shop.stage)
    error = live.shop.run("promote", image, f"{live.shop.prod}:live", "--roll-out", *access).error
    assert error["exit_code"] == 2
    assert "is in no environment" in error["message"]
    assert live.digest is None


def test_a_route_that_hands_over_does_not_roll_out(live: Live) -> None:
    webhook = {"api": live.cluster.url, "project": "shop", "build-config": "promote", "secret": "env:HOOK"}
    live.shop.routes[:] = [{"from": "non-production", "to": "production", "through": "webhook", "webhook": webhook}]
    live.push()
    error = live.promote("--roll-out").error
    assert error["exit_code"] == 2
    assert "hands over to production's pipeline" in error["message"]


# Scaling down what was there to test


@BOTH
@pytest.mark.statement("P24")
def test_the_test_deployment_is_scaled_down_once_the_image_is_verified(live: Live, kind: str) -> None:
    live.add("deployment")
    image = live.push()
    live.cluster.push("shop-test", live.stream, "live", image.digest)
    live.add(kind, "web-test", project="shop-test")
    wait_until(lambda: live.cluster.rollouts.image_ids("shop-test", "web-test") != [], "the test deployment")
    result = live.promote("--scale-down", f"{kind}/web-test").result
    assert (result["status"], result["scaled_down"]) == ("promoted", [f"{kind}/web-test"])
    wait_until(lambda: live.cluster.rollouts.image_ids("shop-test", "web-test") == [], "the test deployment's end")
    assert live.workload(kind, "web-test", "shop-test")["spec"]["replicas"] == 0


@pytest.mark.statement("P24")
def test_what_was_not_rolled_out_is_not_scaled_down(live: Live) -> None:
    live.add("deployment")
    live.add("deployment", "web-test", project="shop-test")
    live.promoted()
    live.cluster.rollouts.spoil(live.push(2).digest)
    assert live.promote("--force", "--scale-down", "deployment/web-test").exit_code == 9
    assert live.workload("deployment", "web-test", "shop-test")["spec"]["replicas"] == 1


def test_it_is_scaled_down_in_the_next_run_too(live: Live) -> None:
    live.promoted()
    live.add("dc", "web-test", project="shop-test")
    result = live.promote("--scale-down", "dc/web-test").result
    assert (result["status"], result["scaled_down"]) == ("unchanged", ["dc/web-test"])


def test_a_dry_run_scales_nothing_down(live: Live) -> None:
    live.add("dc", "web-test", project="shop-test")
    live.push()
    assert live.promote("--dry-run", "--scale-down", "dc/web-test").result["scaled_down"] == []
    assert live.workload("dc", "web-test", "shop-test")["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("kind", "plural", "group"),
    [("deployment", "deployments", "apps"), ("dc", "deploymentconfigs", "apps.openshift.io")],
)
def test_without_the_right_to_scale_nothing_is_promoted(live: Live, kind: str, plural: str, group: str) -> None:
    live.add(kind, "web-test", project="shop-test")
    live.allow(view("shop"), Right("shop-test", frozenset({"get"}), frozenset({f"{plural}/scale"})))
    live.push()
    error = live.promote("--scale-down", f"{kind}/web-test").error
    assert (error["kind"], error["exit_code"]) == ("not-permitted", 5)
    assert f"may not patch {plural}/scale in project shop-test, so {kind}/web-test cannot be" in error["message"]
    review = next(one for one in live.cluster.requests if one.path.endswith("/selfsubjectaccessreviews"))
    assert json.loads(review.body)["spec"]["resourceAttributes"]["group"] == group
    assert "Bind the role edit there: `oc policy add-role-to-user edit" in error["remedy"]
    assert live.digest is None


def test_a_right_that_is_taken_away_meanwhile_leaves_the_promotion(live: Live) -> None:
    live.add("deployment")
    live.add("deployment", "web-test", project="shop-test")
    image = live.push()
    live.cluster.rollouts.hold()
    with live.start("--scale-down", "deployment/web-test") as running:
        live.shop.prod.wait_for(image.digest, "live")
        live.allow(view("shop"), set_tags("shop"))
        live.cluster.rollouts.release()
        error = running.outcome().error
    assert error["exit_code"] == 5
    assert "live is promoted, but deployment/web-test could not be scaled down: " in error["message"]
    assert f"`oc policy add-role-to-user edit {ACCOUNT} --namespace shop-test`" in error["remedy"]
    live.allow(view("shop"), set_tags("shop"), edit("shop-test"))
    assert live.promote("--scale-down", "deployment/web-test").result["scaled_down"] == ["deployment/web-test"]


@pytest.mark.parametrize("name", ["web-test", "pod/web-test", "deployment/", "dc/Web", "deployment/a/b"])
def test_what_is_no_workload_is_refused(live: Live, name: str) -> None:
    live.push()
    error = live.promote("--scale-down", name).error
    assert (error["exit_code"], error["message"]) == (2, f"{name!r} is no workload.")
    assert live.digest is None


def test_what_is_not_there_cannot_be_scaled_down(live: Live) -> None:
    live.push()
    error = live.promote("--scale-down", "deployment/nowhere").error
    assert error["exit_code"] == 4
    assert live.digest is None


# Secrets


def test_no_token_is_ever_shown(live: Live) -> None:
    live.add("deployment")
    image = live.push()
    live.cluster.rollouts.spoil(image.digest, "ErrImagePull", f"denied: {live.token}")
    outcome = live.promote("--verbose")
    assert outcome.exit_code == 9
    assert not [form for form in secret_forms(live.token) if form in outcome.stdout + outcome.stderr]


# Deployer pods are none of the application's


def test_a_deployer_pod_is_no_pod_of_the_application(live: Live) -> None:
    live.add("dc")
    live.push()
    assert live.promote().result["rollout"]["pods"] == 1
    assert live.cluster.get(PODS, "shop", "web-1-deploy")
    revision = live.cluster.get(REPLICATION_CONTROLLERS, "shop", "web-1")
    assert revision["metadata"]["annotations"]["openshift.io/deployment.phase"] == "Complete"


def test_a_signal_while_a_failed_rollout_is_taken_back_comes_too_late(live: Live) -> None:
    live.add("deployment")
    first = live.promoted()
    live.cluster.rollouts.spoil(live.push(2).digest)
    hold = live.proxy.when("GET", f"/manifests/{referrers_tag(first)}$", times=1).hold()  # the rollback's record

    with live.start("--force") as running:
        hold.wait_until_reached()
        running.send(signal.SIGTERM)
        hold.release()
        outcome = running.outcome()

    assert outcome.exit_code == 9
    assert "was rolled back" in outcome.error["message"]
    assert live.digest == first.digest
