"""The controllers that roll images out: image triggers, Deployments, DeploymentConfigs.

The observations have none of them. They follow Kubernetes (pkg/controller/deployment) and openshift-controller-manager
(pkg/image/trigger, pkg/apps): an image is written into a template only if it is another one, and each new template
makes a ReplicaSet, or a ReplicationController with a deployer pod.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from .answers import (
    DEPLOYMENT_CONFIGS,
    DEPLOYMENTS,
    IMAGE_STREAMS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    ApiError,
    Document,
    Kind,
)
from .image_tags import events_of
from .objects import Objects, timestamp

PHASE = "openshift.io/deployment.phase"
_TRIGGERS = "image.openshift.io/triggers"
_LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Fate:
    """What keeps the pods of an image from starting, as a container's `state.waiting` has it."""

    reason: str
    message: str


class Rollouts:
    """Rolls out what tags trigger. One thread does so whenever something has changed.

    While `held`, no pod starts, and no rollout is late. How the pods of a digest fare is told before they are made.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._thread = threading.Thread(target=self._work, name="rollouts")
        self._errors: list[BaseException] = []
        self._stopping = False
        self._held = False
        self._fates: dict[str, Fate] = {}
        self._image_ids: dict[str, str] = {}
        self._begun: dict[tuple[str, str], float] = {}
        self._by_hand: set[tuple[str, str]] = set()
        self._overdue_soon = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the work; raises what went wrong in it."""
        self._set(_stopping=True)
        self._thread.join()
        if self._errors:
            raise BaseExceptionGroup("rollouts of the stub failed", self._errors)

    def hold(self) -> None:
        """Let no pod start until `release`."""
        self._set(_held=True)

    def release(self) -> None:
        self._set(_held=False)

    def spoil(self, digest: str, reason: str = "ImagePullBackOff", message: str = "Back-off pulling image") -> None:
        """Let the pods of an image never start."""
        self._fates[digest] = Fate(reason, message)

    def run_as(self, digest: str, image_id: str) -> None:
        """Let the runtime say that the pods of an image run this."""
        self._image_ids[digest] = image_id

    def begin(self, project: str, name: str) -> None:
        """Take the tag's image although the trigger is paused, as `oc rollout latest` or `oc set image` does."""
        with self._objects.changed:
            self._by_hand.add((project, name))
            self._objects.changed.notify_all()

    def image_ids(self, project: str, name: str) -> list[str]:
        """Return what the pods of a workload run."""
        pods = [pod for pod in self._objects.all(PODS, project) if pod["metadata"]["labels"].get("app") == name]
        return [status["imageID"] for pod in pods for status in pod["status"]["containerStatuses"]]

    def _set(self, **values: bool) -> None:
        with self._objects.changed:
            vars(self).update(values)
            self._objects.changed.notify_all()

    def _work(self) -> None:
        with self._objects.changed:
            while not self._stopping:
                self._overdue_soon = False
                try:
                    while self._reconcile():
                        continue
                except Exception as error:  # noqa: BLE001 - raised by `stop`
                    self._errors.append(error)
                    return
                self._objects.changed.wait(_LOOK_AGAIN_SECONDS if self._overdue_soon else None)

    def _reconcile(self) -> bool:
        """Take all workloads a step further; tell whether anything changed."""
        steps = [
            step(project, document)
            for project in self._objects.projects
            for kind, step in ((DEPLOYMENTS, self._deployment), (DEPLOYMENT_CONFIGS, self._config))
            for document in self._objects.all(kind, project)
            if document["spec"].get("template")
        ]
        return any(steps)

    # Deployments

    def _deployment(self, project: str, document: Document) -> bool:
        name, template = document["metadata"]["name"], document["spec"]["template"]
        if self._follow(DEPLOYMENTS, document, _watched_by_deployment(document)):
            return True
        if document["spec"].get("paused") or not all(_images(template).values()):
            return self._edit(DEPLOYMENTS, document, _observe)
        revision_name = f"{name}-{hashlib.sha256(json.dumps(template).encode()).hexdigest()[:10]}"
        is_known = self._has(REPLICA_SETS, project, revision_name)
        if not is_known:
            self._objects.create(REPLICA_SETS, project, _revision(document, revision_name, {}))
        generation = (revision_name, str(document["metadata"]["generation"]))
        if generation not in self._begun:
            self._begun[generation] = time.monotonic()
        newest = self._objects.get(REPLICA_SETS, project, revision_name)
        ready = self._fill(newest, document["spec"]["replicas"])
        old = [one for one in self._owned(REPLICA_SETS, document) if one["metadata"]["name"] != revision_name]
        if ready:
            for one in old:
                self._fill(one, 0)
        is_late = not ready and self._is_late(generation, document["spec"].get("progressDeadlineSeconds", 600))
        condition = _deployment_condition(revision_name, ready=ready, is_late=is_late, is_known=is_known)
        return self._tell(DEPLOYMENTS, document, newest, old, condition)

    # DeploymentConfigs

    def _config(self, project: str, document: Document) -> bool:
        name = document["metadata"]["name"]
        followed = self._follow(DEPLOYMENT_CONFIGS, document, _watched_by_config(document))
        if followed or not all(_images(document["spec"]["template"]).values()):
            return followed
        latest = document.get("status", {}).get("latestVersion", 0)
        newest = self._find(REPLICATION_CONTROLLERS, project, f"{name}-{latest}")
        if newest is None or newest["spec"]["template"]["spec"] != document["spec"]["template"]["spec"]:
            return self._new_version(document, latest + 1)
        return self._deploy(document, newest)

    def _new_version(self, document: Document, version: int) -> bool:
        project, name = document["metadata"]["namespace"], document["metadata"]["name"]
        revision = _revision(document, f"{name}-{version}", {PHASE: "New"})
        stored = self._objects.create(REPLICATION_CONTROLLERS, project, revision)
        self._begun[stored["metadata"]["name"], ""] = time.monotonic()
        deployer = _pod(stored, f"{name}-{version}-deploy")
        deployer["metadata"]["labels"] = {"openshift.io/deployer-pod-for.name": f"{name}-{version}"}
        self._objects.create(PODS, project, deployer)

        def change(config: Document) -> None:
            _observe(config)
            config["status"]["latestVersion"] = version

        return self._edit(DEPLOYMENT_CONFIGS, document, change)

    def _deploy(self, document: Document, newest: Document) -> bool:
        name = newest["metadata"]["name"]
        phase = newest["metadata"]["annotations"][PHASE]
        old = [one for one in self._owned(REPLICATION_CONTROLLERS, document) if one["metadata"]["name"] != name]
        condition = None
        if phase == "Complete":
            self._fill(newest, document["spec"]["replicas"])
        elif phase != "Failed":
            timeout = document["spec"]["strategy"]["rollingParams"]["timeoutSeconds"]
            ready = self._fill(newest, document["spec"]["replicas"])
            if ready:
                for one in old:
                    self._fill(one, 0)
                condition = (
                    "True",
                    "NewReplicationControllerAvailable",
                    f'replication controller "{name}" successfully rolled out',
                )
            elif self._is_late((name, ""), timeout):
                self._fill(newest, 0)
                condition = (
                    "False",
                    "ProgressDeadlineExceeded",
                    f'replication controller "{name}" has failed progressing',
                )
            reached = "Complete" if ready else "Failed" if condition else "Running"
            self._edit(REPLICATION_CONTROLLERS, newest, partial(_set_phase, phase=reached))
        return self._tell(DEPLOYMENT_CONFIGS, document, newest, old, condition)

    # Pods

    def _fill(self, revision: Document, replicas: int) -> bool:
        """Let a revision have so many pods, started if they can be; tell whether all are ready."""
        project = revision["metadata"]["namespace"]
        pods = self._pods_of(revision)
        for pod in pods[replicas:]:
            self._objects.delete(PODS, project, pod["metadata"]["name"])
        for number in range(len(pods), replicas):
            self._objects.create(PODS, project, _pod(revision, f"{revision['metadata']['name']}-{number}"))
        for pod in self._pods_of(revision):
            self._edit(PODS, pod, self._start)
        return all(_is_ready(pod) for pod in self._pods_of(revision))

    def _start(self, pod: Document) -> None:
        if self._held or _is_ready(pod):
            return
        statuses = []
        for container in pod["spec"]["containers"]:
            image = container["image"]
            digest = image.partition("@")[2]
            fate = self._fates.get(digest)
            status: Document = {"name": container["name"], "image": image, "ready": fate is None, "imageID": ""}
            if fate:
                status["state"] = {"waiting": {"reason": fate.reason, "message": fate.message}}
            else:
                status |= {"state": {"running": {}}, "imageID": self._image_ids.get(digest, image)}
            statuses.append(status)
        pod["status"] = {"phase": "Running" if all(one["ready"] for one in statuses) else "Pending"}
        pod["status"]["containerStatuses"] = statuses

    def _pods_of(self, revision: Document) -> list[Document]:
        deployers = "openshift.io/deployer-pod-for.name"
        return [pod for pod in self._owned(PODS, revision) if deployers not in pod["metadata"]["labels"]]

    # What they have in common

    def _follow(self, kind: Kind, document: Document, watched: list[Watched]) -> bool:
        """Write what the tags are into the template, if it is something else."""
        begun = (document["metadata"]["namespace"], document["metadata"]["name"])
        followed = [one for one in watched if one.is_automatic or begun in self._by_hand]
        self._by_hand.discard(begun)
        images = {one.container: image for one in followed if (image := self._tagged(document, one))}

        def change(workload: Document) -> None:
            for container in workload["spec"]["template"]["spec"]["containers"]:
                container["image"] = images.get(container["name"], container["image"])
            if workload != document:
                workload["metadata"]["generation"] += 1

        return self._edit(kind, document, change)

    def _tagged(self, document: Document, watched: Watched) -> str | None:
        project = watched.origin.get("namespace") or document["metadata"]["namespace"]
        name, _, tag = watched.origin["name"].partition(":")
        stream = self._find(IMAGE_STREAMS, project, name)
        events = events_of(stream, tag) if stream else []
        return str(events[0]["dockerImageReference"]) if events else None

    def _is_late(self, begun: tuple[str, str], seconds: float) -> bool:
        self._overdue_soon = True
        return not self._held and time.monotonic() - self._begun[begun] > seconds

    def _tell(
        self,
        kind: Kind,
        document: Document,
        newest: Document,
        old: list[Document],
        condition: tuple[str, str, str] | None,
    ) -> bool:
        """Write the status of a workload."""
        updated = self._pods_of(newest)
        everything = [*updated, *(pod for one in old for pod in self._pods_of(one))]

        def change(workload: Document) -> None:
            _observe(workload)
            workload["status"] |= {
                "replicas": len(everything),
                "updatedReplicas": len(updated),
                "availableReplicas": sum(map(_is_ready, everything)),
            }
            if condition:
                _set_condition(workload["status"], *condition)

        return self._edit(kind, document, change)

    def _edit(self, kind: Kind, document: Document, change: Callable[[Document], None]) -> bool:
        """Change an object, unless that would change nothing."""
        project, name = document["metadata"]["namespace"], document["metadata"]["name"]
        before = self._objects.get(kind, project, name)
        after = copy.deepcopy(before)
        change(after)
        if after == before:
            return False
        self._objects.edit(kind, project, name, change)
        return True

    def _owned(self, kind: Kind, owner: Document) -> list[Document]:
        uid, project = owner["metadata"]["uid"], owner["metadata"]["namespace"]
        return [
            one
            for one in self._objects.all(kind, project)
            if any(reference["uid"] == uid for reference in one["metadata"].get("ownerReferences", ()))
        ]

    def _has(self, kind: Kind, project: str, name: str) -> bool:
        return self._find(kind, project, name) is not None

    def _find(self, kind: Kind, project: str, name: str) -> Document | None:
        try:
            return self._objects.get(kind, project, name)
        except ApiError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return None


@dataclass(frozen=True)
class Watched:
    """What a container's image follows."""

    origin: dict[str, Any]
    container: str
    is_automatic: bool


def _watched_by_deployment(document: Document) -> list[Watched]:
    """Read the annotation; one that is malformed is none."""
    try:
        entries = json.loads(document["metadata"].get("annotations", {}).get(_TRIGGERS, "[]"))
        return [
            Watched(entry["from"], entry["fieldPath"].split('"')[1], not entry.get("paused"))
            for entry in entries
            if entry["from"]["kind"] == "ImageStreamTag"
        ]
    except (ValueError, LookupError, TypeError):
        return []


def _watched_by_config(document: Document) -> list[Watched]:
    changes = [
        trigger["imageChangeParams"] for trigger in document["spec"]["triggers"] if trigger["type"] == "ImageChange"
    ]
    return [
        Watched(change["from"], container, change["automatic"])
        for change in changes
        for container in change["containerNames"]
    ]


def _images(template: Document) -> dict[str, str]:
    return {container["name"]: container["image"] for container in template["spec"]["containers"]}


def _observe(workload: Document) -> None:
    workload.setdefault("status", {})["observedGeneration"] = workload["metadata"]["generation"]


def _set_phase(revision: Document, phase: str) -> None:
    revision["metadata"]["annotations"][PHASE] = phase


def _set_condition(status: Document, state: str, reason: str, message: str) -> None:
    conditions = [one for one in status.get("conditions", ()) if one["type"] == "Progressing"]
    told = {"type": "Progressing", "status": state, "reason": reason, "message": message}
    if not any(told.items() <= one.items() for one in conditions):
        status["conditions"] = [{**told, "lastUpdateTime": timestamp()}]


def _deployment_condition(name: str, *, ready: bool, is_late: bool, is_known: bool) -> tuple[str, str, str] | None:
    """A ReplicaSet that was there already leaves the condition as it is until there is progress."""
    if ready:
        return "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'
    if is_late:
        return "False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'
    return None if is_known else ("True", "NewReplicaSetCreated", f'Created new replica set "{name}"')


def _revision(owner: Document, name: str, annotations: dict[str, str]) -> Document:
    """Return a ReplicaSet, or a ReplicationController, to POST."""
    template, of = copy.deepcopy(owner["spec"]["template"]), owner["metadata"]["name"]
    labels = dict(template["metadata"]["labels"])
    if owner["kind"] == DEPLOYMENT_CONFIGS.name:
        labels["openshift.io/deployment-config.name"] = of
        template["metadata"]["labels"] |= {"deploymentconfig": of, "deployment": name}
    metadata = {"name": name, "labels": labels, "annotations": annotations, "ownerReferences": [_reference(owner)]}
    return {"metadata": metadata, "spec": {"template": template}}


def _pod(revision: Document, name: str) -> Document:
    """Return a pod to POST, which has not started."""
    template = copy.deepcopy(revision["spec"]["template"])
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    statuses = [
        {"name": one["name"], "image": one["image"], "ready": False, "imageID": "", "state": waiting}
        for one in template["spec"]["containers"]
    ]
    labels = template["metadata"]["labels"]
    return {
        "metadata": {"name": name, "labels": labels, "ownerReferences": [_reference(revision)]},
        "spec": template["spec"],
        "status": {"phase": "Pending", "containerStatuses": statuses},
    }


def _reference(owner: Document) -> Document:
    about = {key: owner["metadata"][key] for key in ("name", "uid")}
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True, **about}


def _is_ready(pod: Document) -> bool:
    return all(status["ready"] for status in pod["status"]["containerStatuses"])
