"""What a pipeline finds by itself: production's BuildConfig, and where an image comes from and goes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.openshift.conftest import COMMIT, CONFIG, PROJECT, Handover
from tests.support.cluster import Cluster, GenericTrigger, view
from tests.support.images import make_image
from tests.support.promoter import Outcome
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority

CLOSED = [GenericTrigger(secret="another")]
OPEN = [GenericTrigger(secret="another", allow_env=True)]

# The pod's service account, in a file system that only the command sees.
_IN_THE_POD = """
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
mount --bind "$0" /run/secrets/kubernetes.io/serviceaccount
exec "$@"
"""


# Non-production's side: the BuildConfig


@pytest.fixture
def discovering(handover: Handover) -> Handover:
    """A handover whose configuration names neither the BuildConfig nor its project."""
    del handover.webhook["project"], handover.webhook["build-config"]
    use_project(handover, PROJECT)
    handover.push()
    return handover


def use_project(handover: Handover, project: str) -> None:
    """Say which project production's environment has in its cluster."""
    handover.shop.environments["production"]["cluster"] = {"api": handover.cluster.url, "project": project}


@pytest.mark.statement("P25")
def test_build_config_is_found(discovering: Handover) -> None:
    """Beside it are a pipeline without webhook, one whose webhook takes no parameters, and one that Jenkins lacks."""
    discovering.cluster.add_build_config(PROJECT, "by-hand")
    discovering.cluster.add_build_config(PROJECT, "closed", triggers=CLOSED)
    discovering.cluster.add_build_config(PROJECT, "agent-image", strategy="Source", triggers=OPEN)
    outcome = discovering.promote()
    assert outcome.result["status"] == "promoted"
    assert f"handing over to {PROJECT}/{CONFIG} as promotion" in outcome.stderr


@pytest.mark.statement("P25")
def test_project_is_that_of_the_environment(handover: Handover) -> None:
    del handover.webhook["project"], handover.webhook["build-config"]
    handover.push()
    secret = handover.secrets["webhook secret"]
    handover.cluster.add_build_config("shop", "to-production", triggers=[GenericTrigger(secret=secret, allow_env=True)])
    handover.cluster.add_user("jenkins", token=handover.secrets["API token"], rights=[view("shop")])
    assert handover.promote().result["build"]["name"] == "to-production-1"


def test_named_build_config_is_not_looked_for(handover: Handover) -> None:
    """So it needs no right to list them."""
    del handover.webhook["project"]
    use_project(handover, PROJECT)
    handover.push()
    handover.cluster.add_build_config(PROJECT, "another", triggers=OPEN)
    assert handover.promote().exit_code == 0
    assert not [one for one in handover.cluster.requests if one.method == "GET" and one.path.endswith("buildconfigs")]


def test_legacy_api(discovering: Handover, ca: CertificateAuthority) -> None:
    with Cluster(ca, discovering.pipeline, legacy=True) as old:
        old.add_user("jenkins", token=discovering.secrets["API token"], rights=[view(PROJECT)])
        trigger = GenericTrigger(secret=discovering.secrets["webhook secret"], allow_env=True)
        old.add_build_config(PROJECT, CONFIG, triggers=[trigger])
        discovering.webhook.update({"api": old.url, "legacy-api": True})
        assert discovering.promote().exit_code == 0
        assert {request.path.partition("/namespaces/")[0] for request in old.requests} == {"/oapi/v1"}


def test_several_could_be_meant(discovering: Handover) -> None:
    discovering.cluster.add_build_config(PROJECT, "another", triggers=OPEN)
    outcome = refused(discovering, 2)
    assert f"could take over: another, {CONFIG}." in outcome.error["message"]
    assert "`build-config`" in outcome.error["remedy"]


def test_none_takes_parameters(discovering: Handover) -> None:
    discovering.cluster.add_project("closed")
    discovering.cluster.add_build_config("closed", "night-job", triggers=CLOSED)
    use_rights(discovering, "closed")
    assert "there is night-job, without one." in refused(discovering, 4).error["message"]


def test_there_is_none(discovering: Handover) -> None:
    discovering.cluster.add_build_config("images", "agent-image", strategy="Source", triggers=OPEN)
    use_rights(discovering, "images")
    assert "there is no BuildConfig for Jenkins at all." in refused(discovering, 4).error["message"]


def test_without_the_right_to_look(discovering: Handover) -> None:
    discovering.cluster.add_user("stranger", token=discovering.secrets["API token"], rights=[])
    outcome = refused(discovering, 5)
    assert "buildconfigs" in outcome.error["message"]
    assert "Or name the BuildConfig" in outcome.error["remedy"]


@pytest.mark.parametrize("project", ["shop/images", "", "../kube-system", "Shop"])
def test_project_that_no_cluster_has(discovering: Handover, project: str) -> None:
    discovering.webhook["project"] = project
    discovering.shop.environments["production"] |= {"project": "shop/images"}
    del discovering.shop.environments["production"]["cluster"]
    assert "which is no project's name" in refused(discovering, 2).error["message"]


def use_rights(handover: Handover, project: str) -> None:
    """Look in another project, with the right to see what is there."""
    use_project(handover, project)
    handover.cluster.add_user("jenkins", token=handover.secrets["API token"], rights=[view(project)])


def refused(handover: Handover, exit_code: int) -> Outcome:
    """Promote, and see that nothing was triggered."""
    outcome = handover.promote()
    assert outcome.exit_code == exit_code
    assert handover.posts == []
    assert handover.shop.prod.tags() == set()
    return outcome


# Production's side: registries and projects


class Job:
    """Production's job, started with no more than an image and a tag; its configuration leads to `shop` and `bank`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.digest = shop.stage.push(make_image(seed=shop.name), COMMIT)
        shop.environments["bank"] = shop.environments["production"] | {"project": "bank"}
        shop.routes.append(shop.routes[0] | {"to": "bank"})

    def run(self, *flags: str) -> Outcome:
        """Start it; what is planned is enough."""
        return self.shop.run("receive", "--image-name", self.shop.name, "--git-commit", COMMIT, "--dry-run", *flags)

    def went_to(self, *flags: str) -> str:
        """Start it, and return the destination."""
        result = self.run(*flags).result
        assert (result["source"], result["digest"]) == (f"{self.shop.stage}:{COMMIT}", self.digest)
        destination: str = result["destination"]
        return destination

    def place(self, project: str) -> str:
        """Write the image's place in a project of production."""
        return f"{self.shop.prod.registry.host}/{project}/{self.shop.name}:{COMMIT}"


@pytest.fixture
def job(production_shop: Shop) -> Job:
    """Production's job."""
    return Job(production_shop)


@pytest.mark.statement("P25")
def test_the_only_route_tells_where(job: Job) -> None:
    del job.shop.routes[1]
    assert job.went_to() == job.place("shop")


@pytest.mark.statement("P25")
@pytest.mark.parametrize("project", ["shop", "bank"])
def test_pipeline_knows_its_project_from_its_job(job: Job, project: str) -> None:
    """As the sync plugin names them."""
    job.shop.promoter.environment["JOB_NAME"] = f"{project}/{project}-production-pipeline"
    assert job.went_to() == job.place(project)


@pytest.mark.statement("P25")
@pytest.mark.parametrize("project", ["shop", "bank"])
def test_pipeline_knows_its_project_from_its_pod(job: Job, tmp_path: Path, project: str) -> None:
    """Its job has another name: it was made by hand, in some folder."""
    account = tmp_path / "serviceaccount"
    account.mkdir()
    (account / "namespace").write_text(project)
    mount = ["sh", "-ec", _IN_THE_POD, str(account)]
    job.shop.promoter.prefix = ("unshare", "--user", "--map-root-user", "--mount", *mount)
    job.shop.promoter.environment["JOB_NAME"] = "bank/production"
    assert job.went_to() == job.place(project)


@pytest.mark.parametrize("flag", ["--prod-project-name", "--prod-registry"])
def test_what_is_given_goes_before_where_it_runs(job: Job, flag: str) -> None:
    bank = job.shop.environments["bank"]
    bank["registry"] = job.shop.prod.registry.host.replace("localhost", "127.0.0.1")
    job.shop.promoter.environment["JOB_NAME"] = "shop/shop-production-pipeline"
    value = {"--prod-project-name": "bank", "--prod-registry": bank["registry"]}[flag]
    assert job.went_to(flag, value) == f"{bank['registry']}/bank/{job.shop.name}:{COMMIT}"


@pytest.mark.parametrize("runs_in", [None, "elsewhere"])
def test_several_routes_could_be_meant(job: Job, runs_in: str | None) -> None:
    if runs_in:
        job.shop.promoter.environment["JOB_NAME"] = f"{runs_in}/{runs_in}-production-pipeline"
    outcome = job.run()
    assert outcome.exit_code == 2
    for project in ("shop", "bank"):
        assert f"/shop-dev to {job.shop.prod.registry.host}/{project}" in outcome.error["message"]


def test_no_route_could_be_meant(job: Job) -> None:
    """A route that hands over, one for other images, and one from elsewhere are none."""
    webhook = {"api": "https://api.example.com", "secret": "env:NONE"}
    job.shop.routes[0] |= {"through": "webhook", "webhook": webhook}
    job.shop.routes[1] |= {"images": ["other-*"]}
    job.shop.routes.append({"from": "production", "to": "bank"})
    outcome = job.run("--non-prod-project-name", "shop-dev")
    assert outcome.exit_code == 3
    assert (
        f"Production takes no image '{job.shop.name}' with NON_PROD_PROJECT_NAME=shop-dev" in outcome.error["message"]
    )
