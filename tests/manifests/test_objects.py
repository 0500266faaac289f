"""What the rendered objects say: the names and rights that both clusters rely on."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
import yaml

from promoter.model.gates import Approval, Gates
from promoter.model.reading import read_configuration
from promoter.model.rollout import Rollout
from tests.manifests.conftest import SIDES, TOKEN, WEBHOOK_SECRET, Document, Renderer, one, read
from tests.support.cluster.answers import (
    DEPLOYMENT_CONFIGS,
    DEPLOYMENTS,
    IMAGE_STREAMS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    Kind,
)
from tests.support.repository import ROOT

PLUGIN = "org.csanchez.jenkins.plugins.kubernetes"
TOKENS = "/run/secrets/kubernetes.io"


def text(element: ET.Element, path: str) -> str:
    """Return the text of the only element at a path."""
    [found] = element.findall(path)
    return found.text or ""


def pod_template(objects: list[Document]) -> ET.Element:
    """Return the pod template that Jenkins makes of the ConfigMap."""
    config_map = one(objects, "ConfigMap", "jenkins-agent-skopeo")
    assert config_map["metadata"]["labels"]["role"] == "jenkins-slave"
    return ET.fromstring(config_map["data"]["skopeo"])


def resources_of(container: ET.Element) -> Document:
    """Return a container's resources as a pod has them."""
    return {
        bound: {name: text(container, f"resource{tag}{name.capitalize()}") for name in ("cpu", "memory")}
        for bound, tag in (("requests", "Request"), ("limits", "Limit"))
    }


def mounts_of(pod: Document) -> dict[str, str]:
    """Return what is mounted by path."""
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    names = {mount["mountPath"]: volumes[mount["name"]] for mount in pod["spec"]["containers"][0]["volumeMounts"]}
    return {path: (v.get("secret") or {}).get("secretName") or v["configMap"]["name"] for path, v in names.items()}


@pytest.mark.statement("F1")
def test_non_production_lets_production_pull(renderer: Renderer) -> None:
    objects = renderer.objects("non-production")
    account = one(objects, "ServiceAccount", "across-project-image-puller")
    binding = one(objects, "RoleBinding", "across-project-image-puller-system-image-puller")
    secret = one(objects, "Secret", "across-project-image-puller-token")
    assert {found["metadata"]["namespace"] for found in (account, binding, secret)} == {"shop-dev"}
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "system:image-puller",
    }
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "across-project-image-puller", "namespace": "shop-dev"}
    ]
    assert secret["type"] == "kubernetes.io/service-account-token"
    assert secret["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "across-project-image-puller"}
    assert "oc create token across-project-image-puller --namespace shop-dev" in renderer.text("non-production")


@pytest.mark.statement("F2")
def test_the_token_becomes_a_secret_for_production_alone(renderer: Renderer) -> None:
    file = renderer.with_secrets("production")
    secret = one(read(file), "Secret", "non-production-cluster-token")
    assert (secret["metadata"]["namespace"], secret["stringData"]) == ("shop-pipelines", {"token": TOKEN})
    assert file.stat().st_mode & 0o777 == 0o600
    there = read(renderer.with_secrets("non-production"))
    assert "non-production-cluster-token" not in [found["metadata"]["name"] for found in there]


def test_a_secret_that_is_left_out_is_explained(renderer: Renderer) -> None:
    production, non_production = (renderer.text(side) for side in reversed(SIDES))
    assert "oc extract secret/across-project-image-puller-token --namespace shop-dev --keys token" in production
    assert "promoter manifests --side production --token-from file:token" in production
    assert "oc extract secret/promotion-trigger-token --namespace shop-pipelines --keys token" in non_production
    assert "promoter manifests --side non-production --webhook-secret-from file:webhook-secret" in non_production


@pytest.mark.statement("F3")
def test_the_webhook_secret_has_both_forms(renderer: Renderer) -> None:
    there = one(read(renderer.with_secrets("non-production")), "Secret", "production-pipeline-webhook-secret-text")
    here = one(read(renderer.with_secrets("production")), "Secret", "production-pipeline-webhook-secret-key")
    assert there["metadata"]["labels"]["credential.sync.jenkins.openshift.io"] == "true"
    assert there["metadata"]["annotations"] == {
        "jenkins.openshift.io/secret.name": "production-pipeline-webhook-secret-text"
    }
    # The key that Jenkins' sync plugin makes a secret text of; the plugin looks into Secrets of type Opaque alone.
    assert (there["type"], there["stringData"]) == ("Opaque", {"secrettext": WEBHOOK_SECRET})
    assert here["stringData"] == {"WebHookSecretKey": WEBHOOK_SECRET}
    assert (there["metadata"]["namespace"], here["metadata"]["namespace"]) == ("shop-ci", "shop-pipelines")


@pytest.mark.statement("F8")
@pytest.mark.parametrize("side", SIDES)
def test_the_agent_image_is_built_on_the_cluster(renderer: Renderer, side: str) -> None:
    renderer.install["agent"]["base"] = "registry.example.com/base/agent:1"
    objects = renderer.objects(side)
    stream = one(objects, "ImageStream", "image-promoter-agent")
    spec = one(objects, "BuildConfig", "image-promoter-agent")["spec"]
    assert spec["output"]["to"] == {"kind": "ImageStreamTag", "name": f"{stream['metadata']['name']}:latest"}
    assert spec["source"] == {
        "type": "Git",
        "git": {"uri": "https://git.example.com/image-promoter.git", "ref": "v1"},
        "sourceSecret": {"name": "git"},
    }
    docker = spec["strategy"]["dockerStrategy"]
    containerfile = (ROOT / docker["dockerfilePath"]).read_text()
    arguments = {argument["name"]: argument["value"] for argument in docker["buildArgs"]}
    assert arguments["BASE"] == "registry.example.com/base/agent:1"
    assert all(re.search(rf"^ARG {name}\b", containerfile, re.MULTILINE) for name in arguments)


def test_the_base_image_is_the_containerfiles_own_if_left_out(renderer: Renderer) -> None:
    spec = one(renderer.objects("production"), "BuildConfig", "image-promoter-agent")["spec"]
    base = next(a["value"] for a in spec["strategy"]["dockerStrategy"]["buildArgs"] if a["name"] == "BASE")
    assert f"ARG BASE={base}\n" in (ROOT / "agent-image/Containerfile").read_text()


@pytest.mark.statement("F9")
@pytest.mark.parametrize(
    ("side", "project", "secret", "directory"),
    [
        ("production", "shop-pipelines", "non-production-cluster-token", f"{TOKENS}/non-production-cluster-token"),
        # Where the configuration already reads it.
        ("non-production", "shop-ci", "production-cluster-token", "/run/secrets/production-puller"),
    ],
)
def test_the_agent_is_declared_to_jenkins(
    renderer: Renderer, side: str, project: str, secret: str, directory: str
) -> None:
    template = pod_template(renderer.objects(side))
    [pod] = renderer.objects(side, "--format", "pod")
    assert (template.tag, text(template, "label"), text(template, "name")) == (
        f"{PLUGIN}.PodTemplate",
        "skopeo",
        "skopeo",
    )
    [container], [pod_container] = template.findall("containers/*"), pod["spec"]["containers"]
    image = f"image-registry.openshift-image-registry.svc:5000/{project}/image-promoter-agent:latest"
    assert (text(container, "name"), text(container, "image")) == ("jnlp", image)
    assert (pod_container["name"], pod_container["image"]) == ("jnlp", image)
    bounds = {"cpu": "500m", "memory": "2Gi"}
    assert resources_of(container) == pod_container["resources"] == {"requests": bounds, "limits": bounds}
    environment = {text(one, "key"): text(one, "value") for one in container.findall("envVars/*")}
    assert environment == {entry["name"]: entry["value"] for entry in pod_container["env"]}
    assert environment["HTTPS_PROXY"] == "http://proxy.example.com:3128"
    mounts = {
        text(one, "mountPath"): next(child.text for child in one if child.tag.endswith("Name"))
        for one in template.findall("volumes/*")
    }
    assert mounts == mounts_of(pod) == {directory: secret, "/etc/promoter": "promotion-configuration"}
    assert text(template, "serviceAccount") == pod["spec"]["serviceAccountName"] == "image-promoter"
    labels = yaml.safe_load(text(template, "yaml"))["metadata"]["labels"]
    policy = one(renderer.objects(side), "NetworkPolicy", "image-promoter-agent")
    assert labels == pod["metadata"]["labels"] == policy["spec"]["podSelector"]["matchLabels"]


def test_the_pipeline_takes_its_parameters(renderer: Renderer) -> None:
    spec = one(renderer.objects("production"), "BuildConfig", "production-pipeline")["spec"]
    [trigger] = spec["triggers"]
    assert trigger["generic"] == {
        "allowEnv": True,
        "secretReference": {"name": "production-pipeline-webhook-secret-key"},
    }
    named = [entry["name"] for entry in spec["strategy"]["jenkinsPipelineStrategy"]["env"]]
    pipeline = (ROOT / "vars/productionPipeline.groovy").read_text()
    assert named == re.findall(r"string\(name: '(\w+)'", pipeline)


def test_production_connects_to_both_registries_and_the_proxy(renderer: Renderer) -> None:
    policies = {side: one(renderer.objects(side), "NetworkPolicy", "image-promoter-agent")["spec"] for side in SIDES}
    assert policies["non-production"]["policyTypes"] == ["Ingress"]
    assert "ingress" not in policies["production"]
    ports = {port["port"] for rule in policies["production"]["egress"] for port in rule["ports"]}
    assert {443, 8443, 3128, 53, 8080} <= ports


@pytest.mark.parametrize("side", SIDES)
def test_every_binding_says_what_breaks_without_it(renderer: Renderer, side: str) -> None:
    documents = renderer.text(side).split("---\n")
    bindings = [document for document in documents if "\nkind: RoleBinding\n" in document]
    assert bindings
    assert all(document.startswith("# Without it") or "\n# Without it" in document for document in bindings)


def grants(objects: list[Document]) -> Iterator[tuple[str, str, str]]:
    """Name each account with what it is bound to, and where."""
    for binding in objects:
        if binding["kind"] == "RoleBinding":
            [subject] = binding["subjects"]
            where = binding["metadata"]["namespace"]
            yield f"{subject['namespace']}/{subject['name']}", binding["roleRef"]["name"], where


@pytest.mark.statement("P17")
def test_nobody_gets_more_than_this(renderer: Renderer) -> None:
    production = renderer.objects("production")
    assert set(grants(renderer.objects("non-production"))) == {
        ("shop-dev/across-project-image-puller", "system:image-puller", "shop-dev"),
        ("shop-ci/image-promoter", "system:image-puller", "shop-dev"),
    }
    assert set(grants(production)) == {
        ("shop-pipelines/image-promoter", "system:image-pusher", "shop"),
        ("shop-pipelines/image-promoter", "image-promoter-create-image-streams", "shop"),
        ("shop-pipelines/promotion-trigger", "system:webhook", "shop-pipelines"),
        ("shop-pipelines/promotion-trigger", "promotion-trigger-follow-builds", "shop-pipelines"),
        ("shop-pipelines/promotion-trigger", "system:image-puller", "shop"),
    }
    rules = {
        (role["metadata"]["name"], *rule["resources"], *rule.get("resourceNames", []), *rule["verbs"])
        for role in production
        if role["kind"] == "Role"
        for rule in role["rules"]
    }
    assert rules == {
        ("image-promoter-create-image-streams", "imagestreams", "create"),
        ("promotion-trigger-follow-builds", "builds", "get", "list"),
        ("promotion-trigger-follow-builds", "builds/log", "get"),
        ("promotion-trigger-follow-builds", "buildconfigs", "production-pipeline", "get"),
        ("promotion-trigger-follow-builds", "jenkins", "view"),
    }


def test_the_right_to_look_for_the_pipeline_is_given_only_where_it_is_needed(renderer: Renderer) -> None:
    del renderer.webhook["build-config"]
    role = one(renderer.objects("production"), "Role", "promotion-trigger-follow-builds")
    assert {"apiGroups": ["build.openshift.io"], "resources": ["buildconfigs"], "verbs": ["list"]} in role["rules"]


def test_the_cron_job_looks_once_each_time(renderer: Renderer) -> None:
    job = one(renderer.objects("production"), "CronJob", "image-promoter-watch")["spec"]
    [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert (job["schedule"], job["concurrencyPolicy"]) == ("*/5 * * * *", "Forbid")
    assert container["command"] == ["promoter", "watch", "--config", "/etc/promoter/promotion.yaml"]
    configuration = one(renderer.objects("production"), "ConfigMap", "promotion-configuration")["data"]
    [route] = yaml.safe_load(configuration["promotion.yaml"])["routes"]
    assert (route["watch"], route["images"]) == (["web:stable"], ["web", "api-*"])


def test_what_is_not_configured_is_not_rendered(renderer: Renderer) -> None:
    for name in ("watch", "verification", "import"):
        del renderer.install[name]
    objects = [found for side in SIDES for found in renderer.objects(side)]
    assert {found["kind"] for found in objects}.isdisjoint({"Job", "DeploymentConfig", "Service"})
    assert {found["metadata"]["name"] for found in objects if found["kind"] == "CronJob"} == {"image-promoter-doctor"}


def test_where_production_copies_by_itself_non_production_has_the_puller_alone(renderer: Renderer) -> None:
    renderer.configuration["routes"] = [{"from": "non-production", "to": "production"}]
    del renderer.install["verification"], renderer.install["watch"]
    assert [found["kind"] for found in renderer.objects("non-production")] == [
        "ServiceAccount",
        "RoleBinding",
        "Secret",
    ]
    names = [found["metadata"]["name"] for found in renderer.objects("production")]
    assert "promotion-trigger" not in names
    assert "production-pipeline" not in names


def in_cluster(renderer: Renderer, **cluster: str) -> None:
    """Let production name its cluster."""
    production = renderer.configuration["environments"]["production"]
    production["cluster"] = {"api": "https://api.example.com", "credentials": "file:token", **cluster}


def own_configuration(renderer: Renderer) -> str:
    """Return production's own configuration."""
    text: str = one(renderer.objects("production"), "ConfigMap", "promotion-configuration")["data"]["promotion.yaml"]
    return text


def role(renderer: Renderer, name: str) -> set[tuple[str, str, str]]:
    """Return the groups, resources and verbs of one of production's roles."""
    return {
        (group, resource, verb)
        for rule in one(renderer.objects("production"), "Role", name)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_production_reaches_its_cluster_as_its_pods_do(renderer: Renderer) -> None:
    in_cluster(renderer)
    production = read_configuration(own_configuration(renderer), "promotion.yaml").environment("production")
    assert production.cluster is not None
    assert vars(production.cluster) == {
        "api": "https://kubernetes.default.svc",
        "credentials": "in-cluster",
        "ca": f"{TOKENS}/serviceaccount/ca.crt",
        "project": None,
        "tls_verify": True,
    }
    policy = one(renderer.objects("production"), "NetworkPolicy", "image-promoter-agent")
    assert {"protocol": "TCP", "port": 6443} in policy["spec"]["egress"][-1]["ports"]
    group = IMAGE_STREAMS.group
    assert role(renderer, "image-promoter-set-stream-tags") == {
        (group, "imagestreams", "get"),
        (group, "imagestreamtags", "update"),
    }


def test_a_registry_with_another_project_is_imported_from(renderer: Renderer) -> None:
    in_cluster(renderer, project="shop-own")
    production = read_configuration(own_configuration(renderer), "promotion.yaml").environment("production")
    assert (production.project, production.cluster_project) == ("shop", "shop-own")
    found = role(renderer, "image-promoter-set-stream-tags")
    assert (IMAGE_STREAMS.group, "imagestreamimports", "create") in found


@pytest.mark.parametrize("through", ["webhook", "copy"])
def test_production_waits_for_rollouts(renderer: Renderer, through: str) -> None:
    in_cluster(renderer)
    rollout = {"deployments": ["dc/web"], "timeout": "5m", "roll-back": False}
    if through == "webhook":
        renderer.install["rollout"] = rollout
    else:
        watched = {"from": "non-production", "to": "production", "watch": ["web:stable"]}
        renderer.configuration["routes"] = [{**watched, "rollout": rollout}]
    [route] = read_configuration(own_configuration(renderer), "promotion.yaml").routes
    assert route.rollout == Rollout(deployments=("dc/web",), timeout="5m", roll_back=False)


@pytest.mark.parametrize("through", ["webhook", "copy"])
@pytest.mark.parametrize(
    ("written", "gates"),
    [
        (
            {"sign-offs": ["billing"], "approval": {"by": ["alice", "bob"], "approvers": 2}},
            Gates(sign_offs=("billing",), approval=Approval(by=("alice", "bob"), approvers=2)),
        ),
        ({"sign-offs": ["billing"]}, Gates(sign_offs=("billing",))),
        ({}, Gates()),
    ],
)
def test_production_asks_for_its_gates(
    renderer: Renderer, through: str, written: dict[str, object], gates: Gates
) -> None:
    if through == "webhook":
        renderer.install["gates"] = written
        renderer.configuration["routes"][0]["gates"] = {"sign-offs": ["another"]}  # asked on non-production's side
    else:
        watched = {"from": "non-production", "to": "production", "watch": ["web:stable"]}
        renderer.configuration["routes"] = [{**watched, "gates": written}]
    [route] = read_configuration(own_configuration(renderer), "promotion.yaml").routes
    assert route.gates == gates


@pytest.mark.statement("P17")
@pytest.mark.parametrize(
    ("deployments", "rights"),
    [
        (["deployment/web"], {(DEPLOYMENTS, "get"), (REPLICA_SETS, "list"), (PODS, "list")}),
        (["dc/web"], {(DEPLOYMENT_CONFIGS, "get"), (REPLICATION_CONTROLLERS, "list"), (PODS, "list")}),
        (
            [],
            {
                *((kind, verb) for kind in (DEPLOYMENTS, DEPLOYMENT_CONFIGS) for verb in ("get", "list")),
                *((kind, "list") for kind in (REPLICA_SETS, REPLICATION_CONTROLLERS, PODS)),
            },
        ),
    ],
    ids=["deployment", "dc", "any"],
)
def test_rollouts_are_followed_with_no_more_than_this(
    renderer: Renderer, deployments: list[str], rights: set[tuple[Kind, str]]
) -> None:
    in_cluster(renderer)
    renderer.install["rollout"] = {"deployments": deployments}
    expected = {(kind.group, kind.plural, verb) for kind, verb in rights}
    assert role(renderer, "image-promoter-follow-rollouts") == expected
