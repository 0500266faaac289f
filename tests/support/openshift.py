"""One project of a cluster, with all that acts in it by itself once objects are applied."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cluster import BuildRun, Cluster
from tests.support.cluster.answers import BUILD_CONFIGS, SECRETS
from tests.support.images import Image, make_image
from tests.support.openshift_jenkins import Jenkins
from tests.support.pod import Node
from tests.support.promoter import Outcome
from tests.support.rbac import grants, rights
from tests.support.registries import Registry, TokenAuth
from tests.support.registry_client import push
from tests.support.repository import ROOT
from tests.support.schemas import misfits
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

_OWN_REGISTRY = "image-registry.openshift-image-registry.svc:5000"
_SERVED = {"BuildConfig": BUILD_CONFIGS, "Secret": SECRETS}
_TOKEN_SECRET = "kubernetes.io/service-account-token"

Document = dict[str, Any]


class OpenShift:
    """A project: its objects by kind and name, the cluster's registry and API server, its Jenkins, its Jobs.

    What clusters do by themselves is done: Secrets of service accounts get tokens, BuildConfigs a first build if they
    ask for it, builds make images, and accounts have the rights that RoleBindings give them. `tokens` are all that were
    given out.

    Args:
        directory: its own.
        ca: whoever signed its certificates.
        name: the project's name.
        registry: the cluster's own.
        service: whose tokens the registry takes.

    """

    def __init__(
        self, directory: Path, ca: CertificateAuthority, name: str, registry: Registry, service: TokenService
    ) -> None:
        self.name, self.registry = name, registry
        self.objects: dict[tuple[str, str], Document] = {}
        self.images: dict[str, Image] = {}
        self.jobs: dict[str, Outcome] = {}
        self.tokens: list[str] = []
        self.api = Cluster(ca, self._run_build)
        self.api.add_project(name)
        self.jenkins = Jenkins(directory / "jenkins", name, self.objects, self._node)
        self._service = service
        self._nodes = (directory / f"node-{number}" for number in itertools.count())
        self._token_secrets: dict[str, str] = {}
        self._own_config_maps = {"kube-root-ca.crt": {"ca.crt": ca.certificate.read_text()}}

    def apply(self, documents: Iterable[Document]) -> list[str]:
        """Create or change objects, and return what became of each; ValueError for what no cluster takes."""
        became = {(found["kind"], found["metadata"]["name"]): self._put(found) for found in documents}
        self._give_tokens()
        for (kind, name), what in became.items():
            if kind == "BuildConfig" and what == "created" and _builds_at_once(self.objects[kind, name]):
                self.api.start_build(self.name, name)
        return [f"{kind}/{name} {what}" for (kind, name), what in became.items()]

    def data(self, kind: str, name: str) -> dict[str, str]:
        """Return what a Secret or ConfigMap holds; KeyError if there is none."""
        if kind == "ConfigMap":
            return self._own_config_maps.get(name) or dict(self.objects[kind, name]["data"])
        found = self.objects[kind, name]
        return {"token": self._token_secrets[name]} if found["type"] == _TOKEN_SECRET else dict(found["stringData"])

    def token_of_a_person(self) -> str:
        """Return a token of somebody with the role `admin`."""
        return self._mint("somebody", {self.name: "pull,push"})

    def run_job(self, name: str, cron_job: str) -> None:
        """Run a Job that is made of a CronJob to its end."""
        pod = self.objects["CronJob", cron_job]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        self.jobs[name] = self._node(pod).run(self.name, pod, container)

    def store(self, tag: str, image: Image) -> None:
        """Let a tag, `name:tag`, be an image."""
        name, _, version = tag.partition(":")
        push(image, self.registry, f"{self.name}/{name}", version)
        self.images[tag] = image
        self.objects.setdefault(("ImageStream", name), {"kind": "ImageStream", "metadata": {"name": name}})

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, with the Jobs that are made of it; KeyError if there is none."""
        del self.objects[kind, name]
        if kind in _SERVED:
            self.api.delete(_SERVED[kind], self.name, name)
        if kind == "CronJob":
            self.jobs.clear()

    def _put(self, document: Document) -> str:
        kind, metadata = document["kind"], document["metadata"]
        if metadata.setdefault("namespace", self.name) != self.name:
            raise ValueError(f"the cluster has no project {metadata['namespace']}")
        if wrong := misfits(document):
            raise ValueError(f"{kind}/{metadata['name']} is invalid: {wrong}")
        before = self.objects.get((kind, metadata["name"]))
        self.objects[kind, metadata["name"]] = document
        if before == document:
            return "unchanged"
        if kind in _SERVED:
            # The rig's API has no PUT of them: what is applied a second time has to be as it was.
            self.api.add(_SERVED[kind], self.name, document)
        return "configured" if before else "created"

    def _give_tokens(self) -> None:
        objects = list(self.objects.values())
        for secret in objects:
            name = secret["metadata"]["name"]
            if secret["kind"] == "Secret" and secret["type"] == _TOKEN_SECRET and name not in self._token_secrets:
                account = secret["metadata"]["annotations"]["kubernetes.io/service-account.name"]
                self._token_secrets[name] = token = self._token(account)
                user = f"system:serviceaccount:{self.name}:{account}"
                self.api.add_user(user, token=token, rights=rights(objects, f"{self.name}/{account}"))

    def _token(self, account: str) -> str:
        """Return a token of an account, with the rights that it has now."""
        if ("ServiceAccount", account) not in self.objects:
            raise KeyError(account)
        return self._mint(account, grants(list(self.objects.values()), f"{self.name}/{account}"))

    def _mint(self, name: str, granted: dict[str, str]) -> str:
        token = self._service.mint(f"system:serviceaccount:{self.name}:{name}", granted)
        self.tokens.append(token)
        return token

    def _node(self, pod: Document) -> Node:
        """Return a node for a pod; KeyError if its account or its image is not there."""
        for container in pod["containers"]:
            registry, project, tag = container["image"].split("/")
            if (registry, project) != (_OWN_REGISTRY, self.name) or tag not in self.images:
                raise KeyError(container["image"])
        account = pod["serviceAccountName"]
        tokens = {f"{self.name}/{account}": self._token(account)}
        return Node(next(self._nodes), list(self.objects.values()), tokens, self.api.ca)

    def _run_build(self, build: BuildRun) -> None:
        if build.is_pipeline:
            self.jenkins.run(build)
            return
        spec = self.objects["BuildConfig", build.config]["spec"]
        if not (ROOT / spec["strategy"]["dockerStrategy"]["dockerfilePath"]).is_file():
            raise RuntimeError("there is no such Containerfile")
        self.store(spec["output"]["to"]["name"], make_image(seed=f"built in {self.name}"))


def _builds_at_once(build_config: Document) -> bool:
    return {"type": "ConfigChange"} in build_config["spec"].get("triggers", [])


@contextmanager
def openshift(directory: Path, ca: CertificateAuthority, name: str) -> Iterator[OpenShift]:
    """Start a cluster with one project, and stop it again."""
    with TokenService(ca) as service, Registry(directory / "registry", ca, TokenAuth(service)) as registry:
        project = OpenShift(directory, ca, name, registry, service)
        with project.api:
            yield project
