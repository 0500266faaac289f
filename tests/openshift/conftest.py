"""The two sides of a handover: non-production's command, and production's cluster, pipeline and configuration."""

from __future__ import annotations

import base64
import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from promoter.credentials.sources import Credential
from promoter.http.client import HttpClient
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.openshift.api import ClusterApi
from promoter.openshift.builds import Builds
from promoter.openshift.webhook import BUILD_API, GenericWebhook
from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.cluster import BuildRun, Cluster, GenericTrigger, edit
from tests.support.images import Image, make_image
from tests.support.promoter import Outcome, Promoter, Running
from tests.support.registries import Registry
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority
from tests.support.waiting import LONGEST_WAIT_SECONDS, wait_until

PROJECT = "shop-pipelines"
CONFIG = "production-pipeline"
COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"
FIRST_BUILD = f"{CONFIG}-1"
TOKEN = Credential("env:TOKEN", "openshift", "token-of-jenkins")
HOOK_SECRET = "production-pipeline-webhook-secret-key"
_SHORT = 12

Step = Callable[[BuildRun], object]


def secret_forms(secret: str) -> set[str]:
    """Return how a secret might be spelled where it must not be: plain, URL-encoded, and anywhere in base64."""
    # The first and the last group of four depend on what stands beside the secret.
    shifted = {_base64("x" * shift + secret)[4:-4] for shift in range(3)} if len(secret) > _SHORT else set()
    return spelled(secret) | shifted


def spelled(secret: str) -> set[str]:
    """Return the spellings of a secret that the promoter is to know."""
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], _base64(secret)}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


class Gate:
    """A step that logs a line, and then waits to be let through or to be cancelled."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, run: BuildRun) -> None:
        """Wait."""
        run.log("production has begun")
        self._entered.set()
        wait_until(lambda: self._open.is_set() or run.cancelled, "the gate to open")

    def open(self) -> None:
        """Let all through from now on."""
        self._open.set()

    def wait_entered(self) -> None:
        """Return once a build is at the gate."""
        wait_until(self._entered.is_set, "a build at the gate")


@dataclass
class ProductionPipeline:
    """Runs builds as production's pipeline does: `promoter receive`, in production's place, with what arrived.

    `before` and `instead` are called with the build before the command, and in its place.
    """

    shop: Shop
    flags: tuple[str, ...] = ()
    before: Step | None = None
    instead: Step | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def __call__(self, run: BuildRun) -> None:
        """Run a build; raises RuntimeError if the command fails."""
        if self.before:
            self.before(run)
        if self.instead:
            self.instead(run)
        else:
            self._receive(run)

    def receive(self, parameters: dict[str, str], *flags: str) -> Outcome:
        """Run the command with these parameters."""
        given = [part for name, value in parameters.items() for part in (_flag(name), value)]
        return self.shop.run("receive", *given, *self.flags, *flags)

    def _receive(self, run: BuildRun) -> None:
        outcome = self.receive(run.parameters)
        self.outcomes.append(outcome)
        for line in f"{outcome.stderr}{outcome.stdout}".splitlines():
            run.log(line)
        if outcome.exit_code:
            raise RuntimeError(f"promoter receive ended with {outcome.exit_code}")


def _flag(parameter: str) -> str:
    return "--" + parameter.lower().replace("_", "-")


@dataclass
class ApplicationSide:
    """What non-production does to have its image in production."""

    shop: Shop

    def push(self, seed: int = 0, tag: str = COMMIT) -> Image:
        """Put an image into non-production."""
        image = make_image(seed=f"{self.shop.name}-{seed}")
        self.shop.stage.push(image, tag)
        return image

    def promote(self, *flags: str, tag: str = COMMIT) -> Outcome:
        """Promote to production under the same tag."""
        return self.shop.run("promote", self.shop.image(self.shop.stage, tag), "production", *flags)

    def start(self, *flags: str) -> Running:
        """Start promoting; to be used in a `with`."""
        self.shop.configure()
        image = self.shop.image(self.shop.stage, COMMIT)
        return self.shop.promoter.start("promote", image, "production", *flags)


@dataclass
class Handover(ApplicationSide):
    """A shop that hands its promotions over to production; `webhook` is that part of its route.

    Args:
        shop: non-production's side: its command, both repositories, the configuration.
        cluster: production's.
        pipeline: what runs there.
        secrets: what nobody may ever read.

    """

    cluster: Cluster
    pipeline: ProductionPipeline
    secrets: dict[str, str]

    @property
    def webhook(self) -> dict[str, Any]:
        """The route's webhook, to be changed before a command runs."""
        webhook: dict[str, Any] = self.shop.routes[0]["webhook"]
        return webhook

    def use_config(self, name: str, **settings: Any) -> None:  # noqa: ANN401 - those of Cluster.add_build_config
        """Hand over to another BuildConfig, with the same secret unless triggers are given."""
        settings.setdefault("triggers", [GenericTrigger(secret=self.secrets["webhook secret"], allow_env=True)])
        self.cluster.add_build_config(PROJECT, name, **settings)
        self.webhook["build-config"] = name

    def use_secret(self, secret: str) -> None:
        """Have another webhook secret on non-production's side."""
        self.secrets["webhook secret"] = secret
        self.shop.promoter.environment["WEBHOOK_SECRET"] = secret

    def use_token(self, token: str) -> None:
        """Call the cluster's API with another token."""
        self.secrets["API token"] = token
        file = self.shop.promoter.directory / "api-token"
        file.write_text(token)
        self.webhook["credentials"] = f"file:{file}"

    @property
    def posts(self) -> list[dict[str, str]]:
        """The parameters of every webhook call that reached the cluster, oldest first."""
        posts = [request for request in self.cluster.requests if request.method == "POST"]
        return [{entry["name"]: entry["value"] for entry in json.loads(post.body)["env"]} for post in posts]

    def phase(self, build: str = FIRST_BUILD) -> str:
        """Return a build's phase."""
        phase: str = self.cluster.build(PROJECT, build)["status"]["phase"]
        return phase

    def require_secrecy(self, *texts: str) -> None:
        """See that no secret stands in any of the texts, nor in what production said."""
        said = [text for outcome in self.pipeline.outcomes for text in (outcome.stdout, outcome.stderr)]
        for name, secret in self.secrets.items():
            found = [text for text in (*texts, *said) for form in secret_forms(secret) if form in text]
            assert not found, name


@pytest.fixture
def sides(non_production: Registry, production: Registry, repository: str) -> tuple[Side, Side]:
    """An application in `shop-dev` of non-production and `shop` of production."""
    name = repository.partition("/")[2]
    return Side("non-production", non_production, repository), Side("production", production, f"shop/{name}")


@pytest.fixture
def shop(tmp_path: Path, ca: CertificateAuthority, sides: tuple[Side, Side], puller: str) -> Shop:
    """The application, seen from non-production."""
    promoter = Promoter(tmp_path / "non-production")
    (promoter.directory / "token").write_text(puller)
    (promoter.directory / "password").write_text(PRODUCTION_PASSWORD)
    common = {"ca": str(ca.certificate)}
    stage, prod = sides
    environments: dict[str, dict[str, Any]] = {
        "non-production": {
            **common,
            "registry": stage.registry.host,
            "project": "shop-dev",
            "credentials": "file:token",
        },
        "production": {
            **common,
            "registry": prod.registry.host,
            "project": "shop",
            "user": PRODUCTION_USER,
            "credentials": "file:password",
        },
    }
    return Shop(promoter, stage, prod, environments)


@pytest.fixture
def production_shop(shop: Shop, tmp_path: Path, puller: str) -> Shop:
    """The application, seen from production: non-production's token is a mounted Secret."""
    promoter = Promoter(tmp_path / "production")
    secret = promoter.directory / "non-production-cluster-token"
    secret.mkdir()
    (secret / "token").write_text(f"{puller}\n")
    (promoter.directory / "password").write_text(PRODUCTION_PASSWORD)
    environments = copy.deepcopy(shop.environments)
    environments["non-production"]["credentials"] = f"secret:{secret}"
    seen = Shop(promoter, shop.stage, shop.prod, environments)
    seen.routes.append({"from": "non-production", "to": "production", "images": ["app-*", "team/*"]})
    return seen


@pytest.fixture
def pipeline(production_shop: Shop) -> ProductionPipeline:
    """Production's pipeline."""
    return ProductionPipeline(production_shop)


@pytest.fixture
def cluster(ca: CertificateAuthority, pipeline: ProductionPipeline) -> Iterator[Cluster]:
    """Production's cluster, which runs the pipeline in whatever build is started."""
    with Cluster(ca, pipeline) as cluster:
        yield cluster


@pytest.fixture
def handover(shop: Shop, cluster: Cluster, pipeline: ProductionPipeline, puller: str) -> Handover:
    """A shop whose route to production goes through the webhook; its API token may do all in the pipelines' project."""
    made = Handover(shop, cluster, pipeline, {"registry token": puller, "registry password": PRODUCTION_PASSWORD})
    webhook = {
        "api": cluster.url,
        "ca": str(cluster.ca),
        "project": PROJECT,
        "build-config": CONFIG,
        "secret": "env:WEBHOOK_SECRET",
        "jenkins": f"{cluster.url}/jenkins",
    }
    shop.routes.append({"from": "non-production", "to": "production", "through": "webhook", "webhook": webhook})
    made.use_secret(f"webhook-{uuid.uuid4()}")
    made.use_token(f"token-{uuid.uuid4()}")
    cluster.add_user("system:serviceaccount:shop-dev:jenkins", token=made.secrets["API token"], rights=[edit(PROJECT)])
    cluster.add_secret(PROJECT, HOOK_SECRET, {"WebHookSecretKey": made.secrets["webhook secret"]})
    trigger = GenericTrigger(secret_reference=HOOK_SECRET, allow_env=True)
    cluster.add_build_config(PROJECT, CONFIG, jenkinsfile="productionPipeline()", triggers=[trigger])
    return made


class Clients:
    """Makes clients of what runs under one CA, and closes them."""

    def __init__(self, ca: CertificateAuthority) -> None:
        self._ca = ca.certificate
        self._made: list[HttpClient] = []

    def api(self, url: str, credential: Credential = TOKEN, seconds: float = LONGEST_WAIT_SECONDS) -> ClusterApi:
        patience = Patience(attempts=3, first_wait=0.01)
        http = HttpClient(Trust(self._ca), Deadline(seconds), patience, "tests")
        self._made.append(http)
        return ClusterApi(url, http, credential)

    def builds(self, url: str, credential: Credential = TOKEN) -> Builds:
        return Builds(self.api(url, credential), PROJECT, BUILD_API)

    def hook(
        self, url: str, secret: str = "s3cret", seconds: float = LONGEST_WAIT_SECONDS, config: str = CONFIG
    ) -> GenericWebhook:
        return GenericWebhook(self.api(url, seconds=seconds), PROJECT, config, Credential("env:HOOK", "", secret))

    def close(self) -> None:
        for http in self._made:
            http.close()


@pytest.fixture
def clients(ca: CertificateAuthority) -> Iterator[Clients]:
    """Clients of the rigs."""
    made = Clients(ca)
    yield made
    made.close()
