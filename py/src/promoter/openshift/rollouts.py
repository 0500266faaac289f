"""Rollouts: whether the pods of workloads run an image, and waiting until they do.

A rollout is over when the status is about the newest generation and all replicas are updated and available, as
`kubectl rollout status` judges it, and for a DeploymentConfig its newest ReplicationController is annotated
`openshift.io/deployment.phase: Complete`. It has failed when a Deployment's condition Progressing has the reason
ProgressDeadlineExceeded (apps/v1), or when that phase is Failed.

What a pod really runs is in `status.containerStatuses[].imageID`. The runtime puts there the digest that the image was
pulled by, or that of its platform, or, as CRI-O of OpenShift 4.15 does, the digest of the image's config.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from promoter.errors import DownstreamFailed, TimedOut, Unreachable
from promoter.http.deadline import Deadline
from promoter.model.workload import CONFIG, WorkloadName
from promoter.openshift.api import Object
from promoter.openshift.waiting import Waiting
from promoter.openshift.workloads import Workload, Workloads, pod_template

_HEX = re.compile(r"[a-f0-9]{64}$")
_PHASE = "openshift.io/deployment.phase"
_COMPLETE = "Complete"
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
_SHOWN_PROBLEMS = 3
Say = Callable[[str], None]


class RunningImage(NamedTuple):
    """An image, as pods name what they run.

    Args:
        digest: its digest.
        names: all digests that a runtime may name it by: its own, those of its platforms, and those of their configs.

    """

    digest: str
    names: frozenset[str]

    def is_named_by(self, text: str) -> bool:
        """Tell whether an image ID, or a reference by digest, means this image."""
        found = _HEX.search(text)
        return found is not None and f"sha256:{found[0]}" in self.names


class Watcher(NamedTuple):
    """A workload that is to run an image.

    Args:
        before: the workload as it was before the tag moved.
        containers: the containers that are to run the image.

    """

    before: Workload
    containers: frozenset[str]

    @property
    def name(self) -> WorkloadName:
        """The workload's name."""
        return self.before.name


class Progress(NamedTuple):
    """How far a rollout is.

    Args:
        is_started: whether the workload is to run the image: it has been triggered.
        is_done: whether all its pods run it.
        pods: how many of them do.
        wanted: how many shall.
        failure: why they will not by themselves, if that is known.
        problems: what keeps them from it.

    """

    is_started: bool
    is_done: bool
    pods: int
    wanted: int
    failure: str | None
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in words."""
        started = f"{self.pods} of {self.wanted} pods run it" if self.is_started else "its trigger has not fired"
        return "; ".join([started, *self.problems[:_SHOWN_PROBLEMS]])


def judge(workload: Workload, watcher: Watcher, image: RunningImage) -> Progress:
    """Tell how far a workload is, whose pods are known."""
    is_started = _is_to_run(pod_template(workload.fields), watcher, image)
    running = [pod for pod in workload.pods if _runs(pod, watcher, image)]
    phase = _phase(workload, watcher, image)
    is_done = len(running) == len(workload.pods) >= workload.replicas and phase == _COMPLETE and _is_settled(workload)
    return Progress(
        is_started=is_started,
        is_done=is_started and is_done,
        pods=len(running),
        wanted=workload.replicas,
        failure=_failure(workload, watcher, phase) if is_started else None,
        problems=tuple(_problems(workload, watcher, image)),
    )


def _is_settled(workload: Workload) -> bool:
    updated, present, available = (
        int(workload.status.get(name) or 0) for name in ("updatedReplicas", "replicas", "availableReplicas")
    )
    return workload.is_observed and updated >= workload.replicas and present <= updated <= available


def _is_to_run(pod: Object, watcher: Watcher, image: RunningImage) -> bool:
    """Tell whether a pod's `spec` names the image, which triggers write by digest."""
    containers = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    named = {one.get("name") for one in containers if image.is_named_by(str(one.get("image")))}
    return watcher.containers <= named


def _runs(pod: Object, watcher: Watcher, image: RunningImage) -> bool:
    running = {one.get("name") for one in _containers(pod) if image.is_named_by(str(one.get("imageID")))}
    return watcher.containers <= running


def _containers(pod: Object) -> Iterator[Object]:
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _phase(workload: Workload, watcher: Watcher, image: RunningImage) -> str:
    """Return the phase of a DeploymentConfig's rollout; a Deployment's has none, its status says all."""
    if workload.name.kind != CONFIG:
        return _COMPLETE
    revision = workload.newest_revision
    if revision is None or not _is_to_run(pod_template(revision), watcher, image):
        return "New"
    return str((revision["metadata"].get("annotations") or {}).get(_PHASE))


def _failure(workload: Workload, watcher: Watcher, phase: str) -> str | None:
    """Say why a rollout failed. A Deployment has the condition of an earlier one until it makes progress."""
    condition = workload.condition("Progressing")
    if phase == "Failed":
        return f"the rollout {workload.name.name}-{workload.status.get('latestVersion')} failed"
    is_new = workload.is_observed and condition != watcher.before.condition("Progressing")
    if condition.get("reason") == "ProgressDeadlineExceeded" and is_new:
        return str(condition.get("message"))
    return None


def _problems(workload: Workload, watcher: Watcher, image: RunningImage) -> Iterator[str]:
    """Say what is wrong with the pods that are to run the image, or why there are none."""
    refused = workload.condition("ReplicaFailure")
    if refused.get("status") == "True":
        yield str(refused.get("message"))
    for pod in workload.pods:
        if _is_to_run(pod.get("spec") or {}, watcher, image):
            yield from _problems_of(pod, watcher, image)


def _problems_of(pod: Object, watcher: Watcher, image: RunningImage) -> Iterator[str]:
    name = pod["metadata"]["name"]
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield f"pod {name} is not scheduled: {condition.get('message')}"
    for container in _containers(pod):
        found = str(container.get("imageID") or "")
        where = f"pod {name}, container {container.get('name')}"
        if why := _why_not_running(container):
            yield f"{where}: {why}"
        elif found and container.get("name") in watcher.containers and not image.is_named_by(found):
            yield f"{where} runs {found}"


def _why_not_running(container: Object) -> str | None:
    """Say why a container waits, unless it is just being started, with what it ended with before if it did."""
    waiting = (container.get("state") or {}).get("waiting") or {}
    if not waiting or waiting.get("reason") in _STARTING:
        return None
    ended = (container.get("lastState") or {}).get("terminated") or {}
    code = f"exit code {ended['exitCode']}" if "exitCode" in ended else ""
    return ": ".join(str(part) for part in (waiting.get("reason"), waiting.get("message"), code) if part)


class Follower:
    """Waits until workloads run an image.

    Args:
        workloads: where they are.
        image: the image.
        say: takes lines for people.

    """

    def __init__(self, workloads: Workloads, image: RunningImage, say: Say) -> None:
        self._workloads = workloads
        self._image = image
        self._say = say
        self._said: dict[WorkloadName, str] = {}
        self._problems: dict[WorkloadName, tuple[str, ...]] = {}
        self._pods: dict[WorkloadName, int] = {}

    @property
    def pods(self) -> int:
        """How many pods ran the image when they were looked at last."""
        return sum(self._pods.values())

    def look(self, watcher: Watcher) -> Progress:
        """Look how far a workload is, and say so if that is news.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be looked at.

        """
        progress = judge(self._workloads.with_pods(watcher.name), watcher, self._image)
        if self._said.get(watcher.name) != str(progress):
            self._said[watcher.name] = str(progress)
            self._say(f"{watcher.name}: {progress}")
        self._pods[watcher.name] = progress.pods
        if progress.problems:  # the pods that had them are gone once a DeploymentConfig's rollout has failed
            self._problems[watcher.name] = progress.problems
        return progress

    def follow(self, watchers: Iterable[Watcher], deadline: Deadline) -> None:
        """Wait until all pods of all workloads run the image. While the API is away, it is waited for.

        Raises:
            DownstreamFailed: a rollout failed, or was not over in time.
            NotFound, NotPermitted: a workload cannot be seen, or no longer.

        """
        left = list(watchers)
        waiting = Waiting(deadline, f"waiting until the pods run {self._image.digest}")
        try:
            while left := [watcher for watcher in left if not self._is_done(watcher)]:
                waiting.pause()
        except TimedOut as failure:
            late = ", ".join(str(watcher.name) for watcher in left)
            raise self._failed(left[0].name, f"{late} had not got there after {deadline.seconds:.0f} s") from failure

    def _is_done(self, watcher: Watcher) -> bool:
        try:
            progress = self.look(watcher)
        except Unreachable as failure:
            self._say(f"({watcher.name} cannot be seen just now: {failure.message})")
            return False
        if progress.failure:
            raise self._failed(watcher.name, progress.failure)
        return progress.is_done

    def _failed(self, name: WorkloadName, why: str) -> DownstreamFailed:
        said = "; ".join(part.rstrip(".") for part in (why, *self._problems.get(name, ())[:_SHOWN_PROBLEMS]))
        return DownstreamFailed(
            f"{name} in project {self._workloads.project} does not run {self._image.digest}: {said}.",
            f"Mend the cause (`oc describe {name} --namespace {self._workloads.project}` tells more), "
            "then promote again.",
        )
