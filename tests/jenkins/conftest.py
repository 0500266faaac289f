"""Production's pipeline as a Jenkins job, and what hands over to it."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from promoter.credentials.sources import Credential
from promoter.http.client import HttpClient
from promoter.http.deadline import Deadline
from promoter.http.patience import Patience
from promoter.http.trust import Trust
from promoter.jenkins.api import JenkinsApi
from tests.conftest import PRODUCTION_PASSWORD
from tests.openshift.conftest import (
    ApplicationSide,
    ProductionPipeline,
    pipeline,
    production_shop,
    secret_forms,
    shop,
    sides,
)
from tests.support.jenkins import BuildRun, Controller, Permission
from tests.support.promoter import Outcome
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority
from tests.support.waiting import wait_until

__all__ = ["pipeline", "production_shop", "shop", "sides"]  # fixtures that are the same with a cluster

collect_ignore = [] if "JENKINS_URL" in os.environ else ["test_pipelines.py"]  # no stub runs pipelines

JOB = "team/production-pipeline"
PARAMETERS = (
    "IMAGE_NAME",
    "NON_PROD_REGISTRY",
    "PROD_REGISTRY",
    "NON_PROD_PROJECT_NAME",
    "PROD_PROJECT_NAME",
    "GIT_COMMIT",
    "IMAGE_DIGEST",
    "PROMOTION_ID",
    "REQUESTED_BY",
)
USER = "promotion-trigger"
LEAST = frozenset({Permission.READ, Permission.JOB_READ, Permission.JOB_BUILD})
Step = Callable[[BuildRun], object]


class Gate:
    """A step that logs a line, and then waits to be let through or to be aborted."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, run: BuildRun) -> None:
        run.log("production has begun")
        self._entered.set()
        wait_until(lambda: self._open.is_set() or run.aborted.is_set(), "the gate to open")

    def open(self) -> None:
        self._open.set()

    def wait_entered(self) -> None:
        wait_until(self._entered.is_set, "a build at the gate")


@dataclass
class ProductionJob:
    """Runs builds as production's job does: `promoter receive`, in production's place, with what arrived."""

    pipeline: ProductionPipeline
    before: Step | None = None
    instead: Step | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def __call__(self, run: BuildRun) -> None:
        if self.before:
            self.before(run)
        if self.instead:
            self.instead(run)
        else:
            self._receive(run)

    def _receive(self, run: BuildRun) -> None:
        given = {name: run.parameters[name] for name in PARAMETERS if name in run.parameters}
        outcome = self.pipeline.receive(given)
        self.outcomes.append(outcome)
        for line in f"{outcome.stderr}{outcome.stdout}".splitlines():
            run.log(line)
        if outcome.exit_code:
            raise RuntimeError(f"promoter receive ended with {outcome.exit_code}")


@dataclass
class JobHandover(ApplicationSide):
    """A shop that hands its promotions over to a Jenkins job; `section` is that part of its route."""

    jenkins: Controller
    job: ProductionJob
    secrets: dict[str, str]

    @property
    def section(self) -> dict[str, Any]:
        route = self.shop.routes[0]
        section: dict[str, Any] = route[route["through"]]
        return section

    def log_in(self, user: str, token: str) -> None:
        """Use another user's token."""
        self.secrets["API token"] = token
        self.shop.promoter.environment["JENKINS_TOKEN"] = token
        self.section["user"] = user

    def use_webhook(self, token: str) -> None:
        """Go through the generic webhook instead, and still be able to see the job."""
        section = self.shop.routes[0].pop("job") | {"token": "env:HOOK_TOKEN"}
        self.shop.routes[0] |= {"through": "generic-webhook", "generic-webhook": section}
        self.secrets["webhook token"] = token
        self.shop.promoter.environment["HOOK_TOKEN"] = token

    @property
    def posts(self) -> list[str]:
        """What was posted, oldest first."""
        return [request.target for request in self.jenkins.requests if request.method == "POST"]

    def given(self, number: int = 1) -> dict[str, str | bool]:
        """Return the parameters of a build."""
        return dict(next(run.values for run in self.jenkins.builds(JOB) if run.number == number))

    def require_secrecy(self, *texts: str) -> None:
        """See that no secret stands in any of the texts, nor in what production said."""
        said = [text for outcome in self.job.outcomes for text in (outcome.stdout, outcome.stderr)]
        for name, secret in self.secrets.items():
            found = [text for text in (*texts, *said) for form in secret_forms(secret) if form in text]
            assert not found, name


@pytest.fixture
def production_job(pipeline: ProductionPipeline) -> ProductionJob:
    """Production's job."""
    return ProductionJob(pipeline)


@pytest.fixture
def jenkins(ca: CertificateAuthority) -> Iterator[Controller]:
    """Production's controller."""
    with Controller(ca, quiet_seconds=0) as controller:
        yield controller


@pytest.fixture
def handover(shop: Shop, jenkins: Controller, production_job: ProductionJob, puller: str) -> JobHandover:
    """A shop whose route to production goes through a job, with a user who may do no more than that needs."""
    secrets = {"registry token": puller, "registry password": PRODUCTION_PASSWORD}
    made = JobHandover(shop, jenkins, production_job, secrets)
    jenkins.add_folder("team")
    jenkins.add_job(JOB, production_job, parameters=PARAMETERS)
    section = {"url": jenkins.url, "ca": str(jenkins.ca), "name": JOB, "credentials": "env:JENKINS_TOKEN"}
    shop.routes.append({"from": "non-production", "to": "production", "through": "job", "job": section})
    token = f"token-{uuid.uuid4()}"
    jenkins.add_user(USER, token=token, password="a password", permissions=LEAST)
    made.log_in(USER, token)
    return made


class Apis:
    """Makes clients of controllers, and closes them."""

    def __init__(self) -> None:
        self._made: list[HttpClient] = []

    def api(self, url: str, trust: Trust, user: str, secret: str, seconds: float = 60) -> JenkinsApi:
        http = HttpClient(trust, Deadline(seconds), Patience(attempts=3, first_wait=0.01), "tests")
        self._made.append(http)
        return JenkinsApi(url, http, Credential("env:JENKINS_TOKEN", user, secret))

    def close(self) -> None:
        for http in self._made:
            http.close()


@pytest.fixture
def apis() -> Iterator[Apis]:
    """Clients of the controllers."""
    made = Apis()
    yield made
    made.close()
