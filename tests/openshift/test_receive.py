"""Production's side: what arrives is checked against its own configuration before anything is sent anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openshift.conftest import COMMIT, ProductionPipeline
from tests.support.images import Image, make_image
from tests.support.promoter import Promoter
from tests.support.registries import Htpasswd, Registry
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

Parameters = dict[str, str]

POD_TOKEN = "sha256~the-token-of-the-pod"
REQUIRED = [
    "IMAGE_NAME",
    "NON_PROD_REGISTRY",
    "PROD_REGISTRY",
    "NON_PROD_PROJECT_NAME",
    "PROD_PROJECT_NAME",
    "GIT_COMMIT",
]

# The pod's directories as the seed has them, in a file system that only the command sees.
_IN_THE_POD = """
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/non-production-cluster-token /run/secrets/kubernetes.io/serviceaccount
cp "$1" /run/secrets/kubernetes.io/non-production-cluster-token/token
cp "$2" /run/secrets/kubernetes.io/serviceaccount/token
shift 2
exec "$@"
"""


@pytest.fixture
def image(production_shop: Shop) -> Image:
    """An image in non-production."""
    image = make_image(seed=production_shop.name)
    production_shop.stage.push(image, COMMIT)
    return image


@pytest.fixture
def parameters(production_shop: Shop, image: Image) -> Parameters:
    """What non-production sends for it."""
    return {
        "IMAGE_NAME": production_shop.name,
        "NON_PROD_REGISTRY": production_shop.stage.registry.host,
        "PROD_REGISTRY": production_shop.prod.registry.host,
        "NON_PROD_PROJECT_NAME": "shop-dev",
        "PROD_PROJECT_NAME": "shop",
        "GIT_COMMIT": COMMIT,
        "IMAGE_DIGEST": image.digest,
        "PROMOTION_ID": "release-7",
    }


@pytest.fixture
def nothing_is_sent(pipeline: ProductionPipeline, image: Image, token_service: TokenService) -> Iterator[None]:
    """See that no registry and no token service is asked for anything; whoever tries to log in gets exit code 5."""
    shop = pipeline.shop
    for environment in shop.environments.values():
        environment["credentials"] = "file:/nonexistent/token"
    with (
        shop.stage.registry.recording() as stage,
        shop.prod.registry.recording() as prod,
        token_service.recording() as tokens,
    ):
        yield
    assert (stage.requests, prod.requests, tokens) == ([], [], [])


@pytest.fixture
def own_registry(tmp_path: Path, ca: CertificateAuthority) -> Iterator[Registry]:
    """Production's registry, which knows the pod's token alone."""
    with Registry(tmp_path / "registry", ca, Htpasswd({"openshift": POD_TOKEN})) as registry:
        yield registry


@pytest.fixture
def pod(tmp_path: Path, puller: str) -> Promoter:
    """The command in a pod, with both tokens where OpenShift mounts them."""
    mounted, own = tmp_path / "mounted", tmp_path / "own"
    mounted.write_text(puller)
    own.write_text(POD_TOKEN)
    shell = ["sh", "-ec", _IN_THE_POD, "sh", str(mounted), str(own)]
    return Promoter(tmp_path / "pod", ["unshare", "--user", "--map-root-user", "--mount", *shell])


@pytest.mark.statement("F5", "F10", "F11")
def test_both_places_are_made_of_the_parameters(
    pipeline: ProductionPipeline, parameters: Parameters, image: Image
) -> None:
    shop = pipeline.shop
    result = pipeline.receive(parameters).result
    assert result["source"] == f"{shop.stage}@{image.digest}"
    assert result["destination"] == f"{shop.prod}:{COMMIT}"
    assert (result["status"], result["digest"]) == ("promoted", image.digest)
    assert shop.prod.digest(COMMIT) == image.digest
    record = shop.prod.resolve(result["record"].partition("@")[2])
    assert record is not None
    [layer] = json.loads(record.content)["layers"]
    stated = json.loads(shop.prod.registry.blob_file(layer["digest"]).read_text())["predicate"]
    assert (stated["promotion_id"], stated["git_commit"]) == ("release-7", COMMIT)


@pytest.mark.statement("F6")
def test_tokens_are_where_openshift_mounts_them(
    production_shop: Shop, parameters: Parameters, image: Image, pod: Promoter, own_registry: Registry
) -> None:
    """Non-production's in a mounted Secret, production's own in the pod's service account; the user is `openshift`."""
    prod = Side("production", own_registry, production_shop.prod.repository)
    shop = Shop(pod, production_shop.stage, prod, production_shop.environments)
    shop.routes = production_shop.routes
    mounted = "/run/secrets/kubernetes.io/non-production-cluster-token"
    shop.environments["non-production"]["credentials"] = f"secret:{mounted}"
    shop.environments["production"] |= {"registry": own_registry.host, "credentials": "in-cluster"}
    del shop.environments["production"]["user"]
    outcome = ProductionPipeline(shop).receive(parameters | {"PROD_REGISTRY": own_registry.host})
    assert outcome.exit_code == 0, outcome.stderr
    assert prod.digest(COMMIT) == image.digest


# What is refused before anything is sent, and before a credential is read


@pytest.mark.usefixtures("nothing_is_sent")
def test_credentials_that_cannot_be_read_are_noticed(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    assert pipeline.receive(parameters).exit_code == 5


@pytest.mark.usefixtures("nothing_is_sent")
@pytest.mark.parametrize("name", ["IMAGE_NAME", "GIT_COMMIT"])
def test_parameter_that_is_empty(pipeline: ProductionPipeline, parameters: Parameters, name: str) -> None:
    outcome = pipeline.receive(parameters | {name: ""})
    assert outcome.exit_code == 2
    assert outcome.error["message"] == f"The parameters lack {name}."


@pytest.mark.usefixtures("nothing_is_sent")
def test_parameters_that_are_left_out(pipeline: ProductionPipeline) -> None:
    outcome = pipeline.receive({})
    assert outcome.exit_code == 2
    assert outcome.error["message"] == f"The parameters lack {', '.join(REQUIRED)}."


@pytest.mark.usefixtures("nothing_is_sent")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGE_NAME", "../secret/web"),
        ("IMAGE_NAME", "web/../../other"),
        ("IMAGE_NAME", "web:latest"),
        ("IMAGE_NAME", "web@sha256:" + "0" * 64),
        ("IMAGE_NAME", "web --force"),
        ("IMAGE_NAME", "Web"),
        ("NON_PROD_REGISTRY", "registry.example.com/shop-dev"),
        ("NON_PROD_REGISTRY", "https://registry.example.com"),
        ("NON_PROD_REGISTRY", "user@registry.example.com"),
        ("PROD_REGISTRY", "registry.example.com:99999"),
        ("PROD_REGISTRY", "registry.example.com\n"),
        ("NON_PROD_PROJECT_NAME", "../shop-dev"),
        ("NON_PROD_PROJECT_NAME", "shop-dev/"),
        ("PROD_PROJECT_NAME", "shop:5000"),
        ("PROD_PROJECT_NAME", "shop dev"),
        ("GIT_COMMIT", "1.0@sha256:" + "0" * 64),
        ("GIT_COMMIT", "../1.0"),
        ("GIT_COMMIT", "a" * 129),
        ("IMAGE_DIGEST", "sha256:123"),
        ("IMAGE_DIGEST", "latest"),
        ("IMAGE_DIGEST", "sha256:" + "A" * 64),
        ("PROMOTION_ID", "x" * 201),
        ("PROMOTION_ID", "a\nb"),
        ("REQUESTED_BY", "x" * 201),
        ("REQUESTED_BY", "alice\nbob"),
    ],
)
def test_parameter_that_is_malformed(
    pipeline: ProductionPipeline, parameters: Parameters, name: str, value: str
) -> None:
    assert pipeline.receive(parameters | {name: value}).exit_code == 2


@pytest.mark.usefixtures("nothing_is_sent")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NON_PROD_REGISTRY", "registry.attacker.example"),
        ("PROD_REGISTRY", "registry.attacker.example"),
        ("NON_PROD_PROJECT_NAME", "another"),
        ("NON_PROD_PROJECT_NAME", "shop-dev/web"),
        ("PROD_PROJECT_NAME", "kube-system"),
        ("IMAGE_NAME", "database"),
    ],
)
def test_what_production_does_not_list(
    pipeline: ProductionPipeline, parameters: Parameters, name: str, value: str
) -> None:
    outcome = pipeline.receive(parameters | {name: value})
    assert outcome.exit_code == 3
    assert value in outcome.error["message"]


@pytest.mark.usefixtures("nothing_is_sent")
def test_the_way_back(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    """A route leads one way."""
    swapped = {
        "NON_PROD_REGISTRY": parameters["PROD_REGISTRY"],
        "PROD_REGISTRY": parameters["NON_PROD_REGISTRY"],
        "NON_PROD_PROJECT_NAME": "shop",
        "PROD_PROJECT_NAME": "shop-dev",
    }
    assert pipeline.receive(parameters | swapped).exit_code == 3


@pytest.mark.usefixtures("nothing_is_sent")
def test_route_that_hands_over_itself(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    """Two clusters that hand over to each other would do so without end."""
    webhook = {"api": "https://api.example.com", "project": "p", "build-config": "b", "secret": "env:NONE"}
    pipeline.shop.routes[0] |= {"through": "webhook", "webhook": webhook}
    assert pipeline.receive(parameters).exit_code == 3


# Which digest


def test_digest_wins_over_what_the_tag_is_now(
    pipeline: ProductionPipeline, parameters: Parameters, image: Image
) -> None:
    pipeline.shop.stage.push(make_image(seed="built since"), COMMIT)
    assert pipeline.receive(parameters).result["digest"] == image.digest
    assert pipeline.shop.prod.digest(COMMIT) == image.digest


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "left out"])
def test_without_a_digest_the_tag_is_resolved(
    pipeline: ProductionPipeline, parameters: Parameters, empty: bool
) -> None:
    newer = pipeline.shop.stage.push(make_image(seed="built since"), COMMIT)
    del parameters["IMAGE_DIGEST"]
    assert pipeline.receive(parameters | ({"IMAGE_DIGEST": ""} if empty else {})).result["digest"] == newer
    assert pipeline.shop.prod.digest(COMMIT) == newer


def test_digest_that_is_not_there(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    outcome = pipeline.receive(parameters | {"IMAGE_DIGEST": "sha256:" + "0" * 64})
    assert outcome.exit_code == 4
    assert pipeline.shop.prod.tags() == set()


# A tag that is taken


def test_taken_tag_is_overwritten_only_if_production_says_so(
    pipeline: ProductionPipeline, parameters: Parameters, image: Image
) -> None:
    other = pipeline.shop.prod.push(make_image(seed="other"), COMMIT)
    assert pipeline.receive(parameters).exit_code == 3
    assert pipeline.shop.prod.digest(COMMIT) == other
    forced = pipeline.receive(parameters, "--force").result
    assert (forced["previous_digest"], forced["digest"]) == (other, image.digest)
    assert pipeline.shop.prod.digest(COMMIT) == image.digest


def test_dry_run_changes_nothing(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    assert pipeline.receive(parameters, "--dry-run").result["status"] == "planned"
    assert pipeline.shop.prod.tags() == set()


def test_second_time_is_unchanged(pipeline: ProductionPipeline, parameters: Parameters) -> None:
    assert [pipeline.receive(parameters).result["status"] for _ in range(2)] == ["promoted", "unchanged"]


# The gates of production's own route


@pytest.fixture
def asking(pipeline: ProductionPipeline) -> ProductionPipeline:
    """Production's pipeline, whose route asks for an approval."""
    pipeline.shop.routes[0]["gates"] = {"approval": {"by": ["alice", "bob"], "timeout": "2h"}}
    return pipeline


def test_approval_that_is_asked_for_and_then_given(
    asking: ProductionPipeline, parameters: Parameters, image: Image
) -> None:
    parameters["REQUESTED_BY"] = "alice"

    plan = asking.receive(parameters, "--until-approval").result
    assert (plan["status"], asking.shop.prod.tags()) == ("awaiting-approval", set())
    assert plan["approval"] == {"by": ["bob"], "needed": 1, "timeout_seconds": 7200, "requested_by": "alice"}

    approved = (f"--approved-digest={plan['digest']}", "--approved-replacing=nothing")
    own = asking.receive(parameters, "--approval=alice", *approved)
    assert (own.exit_code, "alice asks for it" in own.error["message"]) == (3, True)
    result = asking.receive(parameters, "--approval=bob: reviewed", *approved).result
    assert (result["status"], result["gates"]) == ("promoted", ["approved by bob: reviewed"])
    assert asking.shop.prod.digest(COMMIT) == image.digest
    [entry] = asking.shop.history(COMMIT)
    assert (entry["approved_by"], entry["requested_by"]) == ("bob: reviewed", "alice")


def test_approval_of_what_has_moved_since(asking: ProductionPipeline, parameters: Parameters, image: Image) -> None:
    del parameters["IMAGE_DIGEST"]
    asking.shop.stage.push(make_image(seed="built since"), COMMIT)
    outcome = asking.receive(parameters, "--approval=bob", f"--approved-digest={image.digest}")
    assert (outcome.exit_code, "Approved was" in outcome.error["message"]) == (3, True)
    assert asking.shop.prod.tags() == set()


@pytest.mark.usefixtures("nothing_is_sent")
def test_approval_of_nothing(asking: ProductionPipeline, parameters: Parameters) -> None:
    assert asking.receive(parameters, "--approval=bob").exit_code == 2
