"""What is rendered is all that two clusters need: its accounts, rights, Secrets, configurations and pods bring an image
into production; and with a binding less, a denial names what is missing.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.manifests.conftest import Document, Renderer, one, read
from tests.support import registry_client
from tests.support.cluster import BuildRun, Cluster
from tests.support.cluster.answers import BUILD_CONFIGS, DEPLOYMENT_CONFIGS, DEPLOYMENTS, IMAGE_STREAMS, SECRETS
from tests.support.cluster.integrated_registry import integrate
from tests.support.cluster.workloads import deployment, deployment_config
from tests.support.faults import FaultyProxy
from tests.support.images import Image, make_image
from tests.support.pod import Node, hook_container
from tests.support.promoter import Outcome
from tests.support.rbac import grants, rights
from tests.support.registries import Registry, TokenAuth
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

PULLER = "shop-dev/across-project-image-puller"
READER = "shop-ci/image-promoter"
PUSHER = "shop-pipelines/image-promoter"
TRIGGER = "shop-pipelines/promotion-trigger"
WEBHOOK_SECRET = "made up for both sides"
COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"


@pytest.fixture(scope="module")
def production_tokens(ca: CertificateAuthority) -> Iterator[TokenService]:
    """The token endpoint of the production cluster."""
    with TokenService(ca) as service:
        yield service


@pytest.fixture(scope="module")
def production_registry(
    tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority, production_tokens: TokenService
) -> Iterator[Registry]:
    """A registry that takes the tokens of `production_tokens`."""
    with Registry(tmp_path_factory.mktemp("production"), ca, TokenAuth(production_tokens)) as registry:
        yield registry


class TwoRenderedClusters:
    """Two clusters, to which what is rendered has been applied, but for the bindings that are taken out first.

    Args:
        renderer: renders it; its configuration gets the clusters' addresses.
        registries: non-production's and production's.
        tokens: their token endpoints.
        ca: whoever signed their certificates.
        without: names of the bindings to leave out.

    """

    def __init__(
        self,
        renderer: Renderer,
        registries: tuple[Registry, Registry],
        tokens: tuple[TokenService, TokenService],
        ca: CertificateAuthority,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.name = f"app-{secrets.token_hex(6)}"
        self.non_production, self.production = registries
        self._renderer, self._tokens, self._without = renderer, tokens, without
        self.cluster = Cluster(ca, self._run_pipeline)
        self.log: list[str] = []
        self._configure()

    def apply(self) -> None:
        """Render both sides, as somebody who installs it does, and apply them."""
        bare = {side: self._bound(self._renderer.objects(side)) for side in ("non-production", "production")}
        accounts = {PULLER: bare["non-production"], READER: bare["non-production"]}
        accounts |= {PUSHER: bare["production"], TRIGGER: bare["production"]}
        self.tokens = {account: self._mint(account, objects) for account, objects in accounts.items()}
        there = self._render("non-production", self.tokens[TRIGGER])
        here = self._render("production", self.tokens[PULLER])
        here_pod, there_pod = (
            self._renderer.objects(side, "--format", "pod")[0] for side in ("production", "non-production")
        )
        self.objects = there
        self.agents = {"production": here_pod["spec"], "non-production": there_pod["spec"]}
        directory = self._renderer.promoter.directory
        self._find_the_api(here)
        self._here = here
        self._production_node = Node(directory / "production-node", here, self.tokens, self.cluster.ca)
        self.node = Node(directory / "non-production-node", there, self.tokens, self.cluster.ca)
        project = TRIGGER.partition("/")[0]
        self.cluster.add_project(project)
        for account in (TRIGGER, PUSHER):
            user = f"system:serviceaccount:{account.replace('/', ':')}"
            self.cluster.add_user(user, token=self.tokens[account], rights=rights(here, account))
        self.rights = rights(here, PUSHER)
        self.cluster.add(SECRETS, project, one(here, "Secret", "production-pipeline-webhook-secret-key"))
        self.cluster.add(BUILD_CONFIGS, project, one(here, "BuildConfig", "production-pipeline"))

    def push(self) -> Image:
        """Put an image into non-production, as a build does."""
        image = make_image(seed=self.name)
        registry_client.push(image, self.non_production, f"shop-dev/{self.name}", COMMIT)
        return image

    def promoted(self) -> str | None:
        """Return what stands in production."""
        found = registry_client.resolve(self.production, f"shop/{self.name}", COMMIT)
        return found.digest if found else None

    def promote(self) -> Outcome:
        """Promote from an agent of non-production."""
        [container] = self.agents["non-production"]["containers"]
        with_secret = {"name": "PRODUCTION_PIPELINE_WEBHOOK_SECRET", "value": WEBHOOK_SECRET}
        container = {**container, "env": [*container["env"], with_secret]}
        config = "/etc/promoter/promotion.yaml"
        command = ("promoter", "promote", f"non-production/{self.name}:{COMMIT}", "production", "--config", config)
        return self.node.run(
            "shop-ci", self.agents["non-production"], container, *command, "--timeout", "50s", "--json"
        )

    def examine(self) -> Outcome:
        """Run the doctor that is rendered for production."""
        pod = one(self._here, "CronJob", "image-promoter-doctor")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        return self._production_node.run("shop-pipelines", pod, container, *container["command"], "--json")

    def _configure(self) -> None:
        configuration = self._renderer.configuration
        sides = {"non-production": self.non_production, "production": self.production}
        for name, registry in sides.items():
            configuration["environments"][name]["registry"] = registry.host
        configuration["routes"][0] |= {"images": [self.name], "watch": [f"{self.name}:stable"]}
        self._renderer.webhook["api"] = self.cluster.url
        del self._renderer.webhook["jenkins"]
        self._renderer.install["agent"]["proxy"] = ""
        self._renderer.install["verification"] |= {"image": self.name, "tag": COMMIT}

    def _bound(self, objects: list[Document]) -> list[Document]:
        return [found for found in objects if (found["kind"], found["metadata"]["name"]) not in self._left_out()]

    def _left_out(self) -> set[tuple[str, str]]:
        return {("RoleBinding", name) for name in self._without}

    def _mint(self, account: str, objects: list[Document]) -> str:
        project, _, name = account.partition("/")
        service = self._tokens[0 if account in (PULLER, READER) else 1]
        return service.mint(f"system:serviceaccount:{project}:{name}", grants(objects, account))

    def _render(self, side: str, token: str) -> list[Document]:
        return self._bound(read(self._renderer.with_secrets(side, token, WEBHOOK_SECRET)))

    def _find_the_api(self, objects: list[Document]) -> None:
        """Let the name that pods have for the API server lead to the cluster, as its DNS does."""
        configuration = one(objects, "ConfigMap", "promotion-configuration")["data"]
        text = configuration["promotion.yaml"]
        configuration["promotion.yaml"] = text.replace("https://kubernetes.default.svc", self.cluster.url)

    def _run_pipeline(self, build: BuildRun) -> None:
        """Do what the pipeline does, in its agent."""
        [config] = re.findall(r"productionPipeline\(config: '(.+)'\)", build.jenkinsfile)
        flags = [part for name, value in build.parameters.items() for part in (_flag(name), value)]
        agent = self.agents["production"]
        [container] = agent["containers"]
        command = ("promoter", "receive", *flags, "--config", config)
        outcome = self._production_node.run("shop-pipelines", agent, container, *command)
        for line in f"{outcome.stderr}{outcome.stdout}".splitlines():
            build.log(line)
            self.log.append(line)
        if outcome.exit_code:
            raise RuntimeError(f"promoter receive ended with {outcome.exit_code}")


def _flag(parameter: str) -> str:
    return "--" + parameter.lower().replace("_", "-")


@pytest.fixture
def without() -> frozenset[str]:
    """Names of the bindings that are left out; a test that leaves one out is given it as a parameter."""
    return frozenset()


@pytest.fixture
def clusters(
    *,
    renderer: Renderer,
    ca: CertificateAuthority,
    non_production: Registry,
    production_registry: Registry,
    token_service: TokenService,
    production_tokens: TokenService,
    without: frozenset[str],
) -> Iterator[TwoRenderedClusters]:
    """Two clusters; what is rendered is applied by the test, which may change the configuration first."""
    registries, tokens = (non_production, production_registry), (token_service, production_tokens)
    clusters = TwoRenderedClusters(renderer, registries, tokens, ca, without)
    with clusters.cluster:
        yield clusters


@pytest.fixture
def rolled_out(
    clusters: TwoRenderedClusters, renderer: Renderer, ca: CertificateAuthority
) -> Iterator[TwoRenderedClusters]:
    """The same, where production's registry is its cluster's own, and what a promotion triggers is waited for.

    A Deployment `web` and a DeploymentConfig `api` watch what is promoted.
    """
    with FaultyProxy(clusters.production, ca) as proxy:
        integrate(proxy, clusters.cluster)
        production = renderer.configuration["environments"]["production"]
        production |= {"registry": proxy.host, "cluster": {"api": "https://api.example.com:6443"}}
        renderer.install["rollout"] = {"timeout": "20s"}
        watched = [{"name": f"{clusters.name}:{COMMIT}"}]
        clusters.cluster.add(DEPLOYMENTS, "shop", deployment("web", watched))
        clusters.cluster.add(DEPLOYMENT_CONFIGS, "shop", deployment_config("api", watched))
        yield clusters


def used_rights(cluster: Cluster, project: str) -> set[tuple[str, str]]:
    """Return the verbs and resources that a cluster was asked for in a project."""
    found = set()
    for request in cluster.requests:
        _, _, path = request.path.partition(f"/namespaces/{project}/")
        resource, _, name = path.partition("/")
        verb = {"GET": "get" if name else "list", "PUT": "update", "POST": "create"}[request.method]
        found |= {(verb, resource)} if resource else set()
    return found


@pytest.mark.statement("F1", "F2", "F3", "F9")
def test_what_is_rendered_is_enough(clusters: TwoRenderedClusters) -> None:
    clusters.apply()
    image = clusters.push()
    outcome = clusters.promote()
    assert outcome.result["status"] == "promoted", outcome.stderr
    assert (outcome.result["verified"], clusters.promoted()) == (True, image.digest)
    assert not [token for token in clusters.tokens.values() if token in outcome.stdout + outcome.stderr]
    assert WEBHOOK_SECRET not in outcome.stdout + outcome.stderr + "\n".join(clusters.log)


@pytest.mark.statement("P17")
@pytest.mark.parametrize(
    ("without", "role", "account", "project"),
    [
        ({f"{PULLER.partition('/')[2]}-system-image-puller"}, "system:image-puller", PULLER, "shop-dev"),
        ({f"{READER.partition('/')[2]}-system-image-puller"}, "system:image-puller", READER, "shop-dev"),
        ({f"{PUSHER.partition('/')[2]}-system-image-pusher"}, "system:image-pusher", PUSHER, "shop"),
    ],
    ids=["puller", "reader", "pusher"],
)
def test_without_a_binding_the_denial_names_it(
    clusters: TwoRenderedClusters, without: set[str], role: str, account: str, project: str
) -> None:
    clusters.apply()
    clusters.push()
    outcome = clusters.promote()
    user = account.replace("/", ":")
    said = outcome.stderr + "\n".join(clusters.log)
    assert outcome.error["kind"] == ("not-permitted" if account == READER else "downstream-failed")
    assert f"oc policy add-role-to-user {role} system:serviceaccount:{user} --namespace {project}" in said
    assert clusters.promoted() is None


@pytest.mark.statement("P17")
@pytest.mark.parametrize("without", [{"promotion-trigger-follow-builds"}])
def test_without_the_right_to_follow_the_destination_decides(clusters: TwoRenderedClusters, without: set[str]) -> None:
    clusters.apply()
    image = clusters.push()
    outcome = clusters.promote()
    assert outcome.result["build"]["phase"] == "unknown"
    assert 'cannot get resource "builds"' in outcome.stderr
    assert clusters.promoted() == image.digest


@pytest.mark.statement("P17")
@pytest.mark.parametrize("without", [{"promotion-trigger-system-image-puller"}])
def test_without_the_right_to_look_nothing_is_confirmed(clusters: TwoRenderedClusters, without: set[str]) -> None:
    clusters.apply()
    image = clusters.push()
    outcome = clusters.promote()
    assert (outcome.result["status"], outcome.result["verified"]) == ("promoted", False)
    assert clusters.promoted() == image.digest


@pytest.mark.statement("P17")
@pytest.mark.parametrize("named", [[], ["deployment/web"], ["dc/api"], ["deployment/web", "dc/api"]])
def test_a_rollout_takes_the_rendered_rights_and_all_of_them(
    rolled_out: TwoRenderedClusters, renderer: Renderer, named: list[str]
) -> None:
    renderer.install["rollout"]["deployments"] = named
    rolled_out.apply()
    image = rolled_out.push()
    outcome = rolled_out.promote()
    assert outcome.result["status"] == "promoted", "\n".join(rolled_out.log)
    assert rolled_out.promoted() == image.digest
    waited_for = {text.partition("/")[2] for text in named} or {"web", "api"}
    for name in waited_for:
        ids = rolled_out.cluster.rollouts.image_ids("shop", name)
        assert ids
        assert all(one.endswith(image.digest) for one in ids)
    granted = {
        (verb, resource)
        for right in rolled_out.rights
        for verb in right.verbs
        for resource in right.resources
        if right.project == "shop"
    }
    of_the_registry = {("get", "imagestreams/layers"), ("update", "imagestreams/layers"), ("create", "imagestreams")}
    assert used_rights(rolled_out.cluster, "shop") == granted - of_the_registry


def test_the_rendered_doctor_misses_no_right(rolled_out: TwoRenderedClusters) -> None:
    rolled_out.apply()
    rolled_out.push()
    outcome = rolled_out.examine()
    allowed = "update imagestreams/layers, get deployments, list replicasets"
    assert [found for found in outcome.result["findings"] if allowed in found["message"]]
    assert [found for found in outcome.result["findings"] if found["status"] == "failed"] == []


@pytest.mark.statement("P17")
@pytest.mark.parametrize(
    ("without", "denial"),
    [
        ({"image-promoter-set-stream-tags"}, 'cannot get resource "imagestreams"'),
        ({"image-promoter-follow-rollouts"}, 'cannot list resource "deployments"'),
    ],
    ids=["stream-tags", "rollouts"],
)
def test_without_a_binding_in_the_cluster_nothing_is_copied(
    rolled_out: TwoRenderedClusters, without: set[str], denial: str
) -> None:
    rolled_out.apply()
    rolled_out.push()
    outcome = rolled_out.promote()
    assert outcome.error["kind"] == "downstream-failed"
    assert denial in "\n".join(rolled_out.log)
    assert rolled_out.promoted() is None


@pytest.mark.statement("P7", "P8")
@pytest.mark.parametrize("run_by", ["Job", "DeploymentConfig"])
@pytest.mark.parametrize("passes", [True, False])
def test_a_verification_promotes_or_refuses(
    clusters: TwoRenderedClusters, renderer: Renderer, run_by: str, passes: bool, tmp_path: Path
) -> None:
    verified = tmp_path / "verified"
    renderer.install["verification"] |= {
        "run-by": run_by,
        "command": f'echo "it is $((40 + 2))" > {verified} && {str(passes).lower()}',
    }
    clusters.apply()
    image = clusters.push()
    found = one(clusters.objects, run_by, "web-verification")
    pod = found["spec"]["template"]["spec"]
    containers = pod.get("initContainers", []) + pod["containers"] if run_by == "Job" else [hook_container(found)]
    # As a kubelet does: the next container only if this one has ended well.
    outcomes = []
    for container in containers:
        outcomes.append(clusters.node.run("shop-ci", pod, container))
        if outcomes[-1].exit_code:
            break
    assert verified.read_text() == "it is 42\n"
    assert (outcomes[-1].exit_code == 0) is passes, outcomes[-1].stderr
    assert clusters.promoted() == (image.digest if passes else None)
    assert bool(clusters.log) is passes
    used = yaml.safe_dump([container["command"] for container in containers])
    assert not re.search(r"\boc\b", used)
    assert shutil.which("oc") is None


@pytest.mark.statement("W5")
def test_the_rendered_image_stream_picks_up_what_has_changed(clusters: TwoRenderedClusters, renderer: Renderer) -> None:
    registry, cluster = clusters.non_production, clusters.cluster
    renderer.install["import"]["from"] = f"{registry.host}/shop-dev/{clusters.name}:1.1"
    cluster.add_registry(registry)
    cluster.add(IMAGE_STREAMS, "shop", one(renderer.objects("production"), "ImageStream", "hello"))
    images = [make_image(seed=f"{clusters.name} {turn}") for turn in ("old", "new")]
    for image in images:
        registry_client.push(image, registry, f"shop-dev/{clusters.name}", "1.1")
        cluster.imports.run_scheduled()
    [tag] = cluster.image_stream("shop", "hello")["status"]["tags"]
    assert tag["tag"] == "latest"
    assert [item["image"] for item in tag["items"]] == [image.digest for image in reversed(images)]
