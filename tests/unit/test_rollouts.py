"""How a rollout is asked for in the configuration, what a workload watches, and what its status means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from promoter.errors import WrongUsage
from promoter.model.reading import read_configuration
from promoter.model.rollout import Rollout
from promoter.model.workload import WorkloadName
from promoter.openshift.rollouts import RunningImage, Watcher, judge
from promoter.openshift.triggers import triggers_of
from promoter.openshift.workloads import Workload

ENDS = {
    "dev": {"registry": "dev.example.com", "project": "shop-dev"},
    "prod": {"registry": "prod.example.com", "project": "shop", "cluster": {"api": "https://api.example.com:6443"}},
}
OLD, NEW, CONFIG = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE = RunningImage(NEW, frozenset({NEW, CONFIG}))
FROM = {"kind": "ImageStreamTag", "name": "web:live"}
TIMED_OUT = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}


def read(rollout: dict[str, Any], **route: object) -> Rollout | None:
    """Read a configuration whose only route has this rollout."""
    given = {"environments": ENDS, "routes": [{"from": "dev", "to": "prod", "rollout": rollout, **route}]}
    return read_configuration(json.dumps(given), "promotion.yaml").routes[0].rollout


def template(image: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "image": f"registry/shop/web@{image}"}]}}


def workload(kind: str = "deployment", annotations: object = None, **fields: object) -> Workload:
    metadata = {"name": "web", "uid": "1", "generation": 2, "annotations": annotations}
    return Workload(WorkloadName(kind, "web"), {"metadata": metadata, **fields})


def pod(image: str = NEW, runs: str | None = None) -> dict[str, Any]:
    spec = template(image)["spec"]
    status = {"containerStatuses": [{"name": "main", "imageID": runs or spec["containers"][0]["image"]}]}
    return {"metadata": {"name": "web-1"}, "spec": spec, "status": status}


def rolled_out(**status: object) -> Workload:
    """Return a Deployment whose only pod runs the image, with another status as far as one is given."""
    settled = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    done = workload(spec={"replicas": 1, "template": template(NEW)}, status=settled | status)
    return done._replace(pods=(pod(),))


def watcher(before: Workload | None = None) -> Watcher:
    return Watcher(before or workload(), frozenset({"main"}))


@pytest.mark.parametrize(("replicas", "count"), [(None, 1), (0, 0), (3, 3)])
def test_replicas_that_are_null_are_left_to_the_cluster(replicas: int | None, count: int) -> None:
    assert workload(spec={"replicas": replicas}).replicas == count


def test_a_status_of_nulls_is_about_no_generation() -> None:
    config = workload("dc", status={"observedGeneration": None, "latestVersion": None})
    first = {"metadata": {"name": "web-0"}}
    assert not config.is_observed
    assert config._replace(revisions=(first,)).newest_revision == first
    unnumbered = Workload(config.name, {"metadata": {"name": "web", "generation": None}})
    assert unnumbered.is_observed


# Configuration


def test_every_key() -> None:
    rollout = read({"deployments": ["deployment/web", "dc/api"], "timeout": "5m", "roll-back": False})
    assert rollout == Rollout(deployments=("deployment/web", "dc/api"), timeout="5m", roll_back=False)


def test_all_keys_may_be_left_out() -> None:
    assert read({}) == Rollout(deployments=(), timeout="15m", roll_back=True)


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        ({"deployments": ["web"]}, "'web' is no workload"),
        ({"deployments": ["deployment/Web"]}, "'deployment/Web' is no workload"),
        ({"timeout": "soon"}, "'soon' is not a duration"),
        ({"rollback": False}, "did you mean roll-back?"),
    ],
)
def test_what_does_not_fit_is_refused(rollout: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        read(rollout)
    assert words in caught.value.message


def test_a_route_to_no_cluster_is_refused() -> None:
    with pytest.raises(WrongUsage) as caught:
        read({}, **{"from": "prod", "to": "dev"})
    assert caught.value.message == "The route from prod to dev has a `rollout`, but dev names no cluster."


def test_a_route_that_hands_over_is_refused() -> None:
    webhook = {"api": "https://api.example.com:6443", "secret": "env:HOOK"}
    with pytest.raises(WrongUsage) as caught:
        read({}, through="webhook", webhook=webhook)
    assert "hands over to production's pipeline" in caught.value.message


# Triggers


def watched(annotation: str, **spec: object) -> list[tuple[str, str, bool]]:
    containers = [{"name": "side"}, {"name": "main"}]
    known = {"template": {"spec": {"containers": containers}}, **spec}
    found = workload(annotations={"image.openshift.io/triggers": annotation}, spec=known)
    return [(str(one.tag), one.container, one.is_automatic) for one in triggers_of(found, "shop")]


@pytest.mark.parametrize(
    ("path", "container"),
    [
        ('spec.template.spec.containers[?(@.name=="main")].image', "main"),
        ("spec.template.spec.containers[?(@.name=='main')].image", "main"),
        ('spec.template.spec.initContainers[?(@.name=="init")].image', "init"),
        ("spec.template.spec.containers[1].image", "main"),
    ],
)
def test_a_deployment_watches_a_tag_for_a_container(path: str, container: str) -> None:
    assert watched(json.dumps([{"from": FROM, "fieldPath": path}])) == [("shop/web:live", container, True)]


@pytest.mark.parametrize(
    "annotation",
    [
        "no JSON",
        "{}",
        "[1]",
        "[{}]",
        json.dumps([{"from": FROM, "fieldPath": "spec.replicas"}]),
        json.dumps([{"from": FROM, "fieldPath": "spec.template.spec.containers[7].image"}]),
        json.dumps([{"from": {**FROM, "kind": "DockerImage"}, "fieldPath": "spec.template.spec.containers[0].image"}]),
    ],
)
def test_what_the_cluster_does_not_understand_watches_nothing(annotation: str) -> None:
    assert watched(annotation) == []


@pytest.mark.parametrize("paused", [True, "true"])
def test_a_paused_trigger_is_not_automatic(paused: object) -> None:
    entry = {"from": FROM, "fieldPath": "spec.template.spec.containers[0].image", "paused": paused}
    assert watched(json.dumps([entry])) == [("shop/web:live", "side", False)]


def test_a_trigger_of_a_paused_deployment_is_not_automatic() -> None:
    entry = {"from": FROM, "fieldPath": "spec.template.spec.containers[0].image", "paused": "false"}
    assert watched(json.dumps([entry])) == [("shop/web:live", "side", True)]
    assert watched(json.dumps([entry]), paused=True) == [("shop/web:live", "side", False)]


def test_a_config_watches_tags_of_other_projects_too() -> None:
    changes = [
        {"from": {**FROM, "namespace": "base"}, "containerNames": ["main", "side"], "automatic": True},
        {"from": FROM, "containerNames": ["main"]},
    ]
    triggers = [{"type": "ConfigChange"}, *({"type": "ImageChange", "imageChangeParams": one} for one in changes)]
    found = triggers_of(workload("dc", spec={"triggers": triggers}), "shop")
    assert [(str(one.tag), one.container, one.is_automatic) for one in found] == [
        ("base/web:live", "main", True),
        ("base/web:live", "side", True),
        ("shop/web:live", "main", False),
    ]


# Judging


def test_it_is_done() -> None:
    progress = judge(rolled_out(), watcher(), IMAGE)
    assert (progress.is_started, progress.is_done, progress.pods, progress.failure) == (True, True, 1, None)


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"updatedReplicas": 0},
        {"replicas": 2},
        {"availableReplicas": 0},
    ],
)
def test_the_status_has_to_be_new_and_settled(status: dict[str, int]) -> None:
    assert not judge(rolled_out(**status), watcher(), IMAGE).is_done


@pytest.mark.parametrize("pods", [(), (pod(OLD),), (pod(), pod(OLD)), (pod(runs=OLD),), (pod(runs="1234"),)])
def test_the_pods_have_to_run_it(pods: tuple[dict[str, Any], ...]) -> None:
    assert not judge(rolled_out()._replace(pods=pods), watcher(), IMAGE).is_done


def test_all_containers_that_watch_have_to_run_it() -> None:
    both = Watcher(workload(), frozenset({"main", "side"}))
    assert not judge(rolled_out(), both, IMAGE).is_done


def test_a_template_of_another_image_is_not_started() -> None:
    other = rolled_out()
    other.fields["spec"]["template"] = template(OLD)
    progress = judge(other, watcher(), IMAGE)
    assert (progress.is_started, progress.is_done, str(progress)) == (False, False, "its trigger has not fired")


def test_a_condition_that_was_there_before_is_no_failure() -> None:
    failed = rolled_out(conditions=[TIMED_OUT], availableReplicas=0)
    assert judge(failed, watcher(), IMAGE).failure == "timed out"
    assert judge(failed, watcher(before=failed), IMAGE).failure is None
    assert judge(rolled_out(conditions=[TIMED_OUT], observedGeneration=1), watcher(), IMAGE).failure is None


def test_a_quota_is_told() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods"}
    assert judge(rolled_out(conditions=[refused]), watcher(), IMAGE).problems == ("exceeded quota: pods",)


def test_a_pod_that_is_not_scheduled_is_told() -> None:
    lonely = pod()
    why = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    lonely["status"] = {"conditions": [why]}
    problems = judge(rolled_out()._replace(pods=(lonely,)), watcher(), IMAGE).problems
    assert problems == ("pod web-1 is not scheduled: 0/3 nodes are available",)


def test_a_container_that_ended_is_told_with_its_exit_code() -> None:
    crashing = pod()
    crashing["status"]["containerStatuses"][0] |= {
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 1}},
    }
    problems = judge(rolled_out()._replace(pods=(crashing,)), watcher(), IMAGE).problems
    assert problems == ("pod web-1, container main: CrashLoopBackOff: back-off 10s: exit code 1",)


def test_what_is_wrong_with_pods_of_before_is_not_told() -> None:
    old = pod(OLD)
    old["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert judge(rolled_out()._replace(pods=(old,)), watcher(), IMAGE).problems == ()


@pytest.mark.parametrize(
    ("latest", "image", "phase", "is_done", "has_failed"),
    [
        (2, NEW, "Complete", True, False),
        (2, NEW, "Running", False, False),
        (2, NEW, "Failed", False, True),
        (2, OLD, "Failed", False, False),
        (3, NEW, "Failed", False, False),
    ],
)
def test_a_config_is_where_its_latest_version_is(
    latest: int, image: str, phase: str, *, is_done: bool, has_failed: bool
) -> None:
    settled = {**rolled_out().status, "latestVersion": latest}
    metadata = {"name": "web-2", "annotations": {"openshift.io/deployment.phase": phase}}
    revision = {"metadata": metadata, "spec": {"template": template(image)}}
    found = workload("dc", spec=rolled_out().spec, status=settled)._replace(revisions=(revision,), pods=(pod(),))
    progress = judge(found, watcher(), IMAGE)
    assert (progress.is_done, progress.failure is not None) == (is_done, has_failed)
