"""The examination as a whole: its order, its exit code, and that nothing is changed and no secret shown."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from tests.conftest import PRODUCTION_PASSWORD
from tests.doctor.conftest import ACCOUNT, examine
from tests.openshift.conftest import secret_forms
from tests.support.cluster import Cluster
from tests.support.github import GitHub
from tests.support.jenkins import Controller
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority


def test_a_configuration_that_works_is_found_to(routed: Shop) -> None:
    examination = examine(routed)
    assert examination.outcome.exit_code == 0
    assert examination.failed == []
    subjects = dict.fromkeys(finding["subject"] for finding in examination.findings)
    assert list(subjects) == ["this machine", "environment stage", "environment prod"]


def test_what_works_is_told_beside_what_does_not(routed: Shop) -> None:
    routed.environments["stage"]["registry"] = "localhost:1"
    routed.environments["prod"]["credentials"] = "env:NOT_SET"
    examination = examine(routed)
    assert examination.one("environment stage", "could not be reached")["kind"] == "unreachable"
    assert examination.one("environment stage", "a token of system:serviceaccount:")["status"] == "ok"
    assert examination.one("environment prod", "env:NOT_SET is not set")["kind"] == "not-permitted"
    assert examination.one("environment prod", "is trusted")["status"] == "warning"


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        pytest.param({"stage": {"registry": "localhost:1"}}, 6, id="a service that is away"),
        pytest.param({"prod": {"credentials": "env:NOT_SET"}}, 5, id="a credential that is missing"),
        pytest.param({"stage": {"registry": "localhost:1"}, "prod": {"credentials": "env:NOT_SET"}}, 5, id="both"),
        pytest.param({"stage": {"ca": "missing.pem"}, "prod": {"registry": "localhost:1"}}, 2, id="a wrong file"),
    ],
)
def test_the_exit_code_is_the_smallest_of_what_failed(
    broken: dict[str, dict[str, str]], code: int, routed: Shop
) -> None:
    for name, settings in broken.items():
        routed.environments[name] |= settings
    examination = examine(routed)
    assert examination.outcome.exit_code == code
    assert examination.outcome.result["exit_code"] == code


def test_words_are_grouped_by_subject_and_counted(routed: Shop) -> None:
    routed.environments["prod"]["credentials"] = "env:NOT_SET"
    routed.configure()
    outcome = routed.promoter.run("doctor", json=False)
    assert outcome.exit_code == 5
    lines = outcome.stdout.splitlines()
    assert [line for line in lines[:-1] if not line.startswith(" ")] == [
        "this machine",
        "environment stage",
        "environment prod",
    ]
    at = lines.index("  failed   The credential env:NOT_SET is not set.")
    assert lines[at + 1] == "           Set the environment variable NOT_SET, or name another source."
    assert lines[-1] == "1 failed, 2 to look at, 8 ok"
    assert "\x1b" not in outcome.stdout


def test_nothing_is_left_behind(routed: Shop) -> None:
    with routed.prod.registry.recording() as prod, routed.stage.registry.recording() as stage:
        assert examine(routed).outcome.exit_code == 0
    assert [request.method for request in stage.requests if request.method not in {"GET", "HEAD"}] == []
    assert [(one.method, one.status) for one in prod.requests if one.method not in {"GET", "HEAD"}] == [
        ("POST", 202),
        ("DELETE", 204),
    ]
    assert routed.prod.tags() == set()
    assert [*routed.promoter.temporary.iterdir()] == []


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_shown(as_json: bool, routed: Shop, puller: str) -> None:
    routed.configure()
    outcome = routed.promoter.run("doctor", "--verbose", "--result=result.json", json=as_json)
    written = (routed.promoter.directory / "result.json").read_text()
    for secret in (puller, PRODUCTION_PASSWORD):
        for form in secret_forms(secret):
            assert form not in outcome.stdout + outcome.stderr + written
    assert json.loads(written)["exit_code"] == 0


@pytest.mark.parametrize("name", ["web:1.0", "Web", ""])
def test_an_image_that_is_no_name_is_refused(name: str, routed: Shop) -> None:
    outcome = routed.run("doctor", f"--image={name}")
    assert outcome.exit_code == 2
    assert repr(name) in outcome.error["message"]


def test_whatever_is_not_verified_is_said_once(
    routed: Shop, cluster: Cluster, api_token: str, ca: CertificateAuthority
) -> None:
    """Registries, clusters, webhooks, Jenkins and the API of pull requests: all with certificates of nobody known."""
    unverified = {
        "ca": str(CertificateAuthority(routed.promoter.directory / "other-ca").certificate),
        "tls-verify": False,
    }
    cluster.add_user(ACCOUNT, token=api_token)
    routed.promoter.environment |= {"TOKEN": "a-token", "WEBHOOK_SECRET": "a-secret"}
    with Cluster(ca) as webhooks, Controller(ca) as jenkins, GitHub(ca) as github:
        webhook = {"api": webhooks.url, "project": "shop", "build-config": "web", "secret": "env:WEBHOOK_SECRET"}
        job = {"url": jenkins.url, "name": "web", "user": "trigger", "credentials": "env:TOKEN"}
        routed.routes[0] |= {"through": "webhook", "webhook": webhook | unverified}
        routed.routes.append({"from": "prod", "to": "stage", "through": "job", "job": job | unverified})
        routed.sections["pull-requests"] = {"api": github.url, "credentials": "env:TOKEN"} | unverified
        for environment in routed.environments.values():
            environment.update(unverified)
        routed.environments["prod"]["cluster"] |= unverified

        said = examine(routed).outcome.stderr

        urls = (cluster.url, webhooks.url, jenkins.url, github.url)
        hosts = [routed.stage.registry.host, routed.prod.registry.host, *(urlsplit(url).netloc for url in urls)]
    assert [said.count(f"TLS is not verified for {host}:") for host in hosts] == [1] * len(hosts), said
