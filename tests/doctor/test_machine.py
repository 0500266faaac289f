"""This machine: skopeo, proxies, the pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.doctor.conftest import Examination, examine
from tests.support.agent import Agent
from tests.support.promoter import Promoter
from tests.support.shop import Shop
from tests.support.tokens import TokenService

MACHINE = "this machine"


def alone(promoter: Promoter) -> Examination:
    """Run the doctor without a configuration."""
    return Examination(promoter.run("doctor"))


def test_skopeos_version_is_told(promoter: Promoter) -> None:
    promoter.replace_skopeo("echo skopeo version 1.16.1-dev")
    assert alone(promoter).one(MACHINE, "skopeo 1.16.1-dev is installed")["status"] == "ok"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo skopeo version 1.5.9", "skopeo is too old: it is 1.5.9"),
        ("echo skopeo version 0.41.0", "skopeo is too old: it is 0.41.0"),
        ("echo who is asking", "does not tell its version"),
        ("exit 3", "does not tell its version"),
    ],
)
def test_a_skopeo_that_will_not_do_fails(script: str, words: str, promoter: Promoter) -> None:
    promoter.replace_skopeo(script)
    examination = alone(promoter)
    assert examination.outcome.exit_code == 2
    finding = examination.one(MACHINE, words)
    assert finding["status"] == "failed"
    assert "1.6 or newer" in finding["remedy"]


def test_a_missing_skopeo_fails_and_stops_nothing_else(routed: Shop) -> None:
    routed.promoter.hide_skopeo()
    examination = examine(routed)
    assert examination.one(MACHINE, "skopeo is not installed")["kind"] == "wrong-usage"
    assert examination.one("environment prod", "may push")["status"] == "ok"


def test_without_a_configuration_that_is_said(promoter: Promoter) -> None:
    examination = alone(promoter)
    assert examination.outcome.exit_code == 0
    finding = examination.one(MACHINE, "no promotion.yaml was found")
    assert finding["status"] == "warning"
    assert "--config" in finding["remedy"]
    assert examination.one(MACHINE, "no pod")["status"] == "ok"


def test_without_a_configuration_the_pods_own_token_is_looked_at(token_service: TokenService, tmp_path: Path) -> None:
    token = token_service.mint("system:serviceaccount:shop:jenkins", {}, lifetime_seconds=3600)
    Agent(tmp_path / "agent", {"serviceaccount": {"token": token}})
    pod = Promoter(tmp_path / "pod", command=tmp_path / "agent" / "bin" / "promoter")
    examination = Examination(pod.run("doctor"))
    assert examination.outcome.exit_code == 0
    finding = examination.one(MACHINE, "in-cluster is a token of system:serviceaccount:shop:jenkins")
    assert finding["status"] == "ok"
    assert "the cluster renews it" in finding["message"]


def test_a_configuration_without_routes_is_told(shop: Shop) -> None:
    assert examine(shop).one(MACHINE, "No routes are configured")["status"] == "warning"


def test_no_proxy_is_told(routed: Shop) -> None:
    assert examine(routed).one(MACHINE, "No proxy is used")["status"] == "ok"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_hosts_are_told_by_their_way(variable: str, routed: Shop) -> None:
    routed.promoter.environment |= {variable: "http://alice:p4ssw0rd@localhost:1", "NO_PROXY": ".example.com"}
    routed.environments["prod"]["registry"] = "registry.example.com"
    routed.environments["prod"]["cluster"] = {"api": "https://api.shop.svc:6443"}
    examination = examine(routed)
    stage = routed.environments["stage"]["registry"]
    through = examination.one(MACHINE, f"{stage} is reached through the proxy localhost:1 ({variable})")
    assert through["status"] == "ok"
    assert examination.one(MACHINE, "registry.example.com:443 is reached directly: NO_PROXY")["status"] == "ok"
    inside = examination.one(MACHINE, "api.shop.svc:6443 is reached through")
    assert inside["status"] == "warning"
    assert ".svc" in inside["remedy"]
    assert "p4ssw0rd" not in examination.outcome.stdout + examination.outcome.stderr


def test_the_ways_to_productions_pipeline_are_told(routed: Shop) -> None:
    routed.promoter.environment |= {"HTTPS_PROXY": "http://localhost:1", "NO_PROXY": ".example.com"}
    webhook = {"api": "https://api.example.com:6443", "build-config": "release", "secret": "env:HOOK"}
    ways: list[dict[str, Any]] = [
        {"through": "webhook", "webhook": webhook | {"project": "shop", "jenkins": "https://logs.example.com/jenkins"}},
        {"through": "job", "job": {"url": "https://jobs.example.com", "name": "release"}},
        {
            "through": "generic-webhook",
            "generic-webhook": {"url": "https://hooks.example.com:8443", "name": "release", "token": "env:HOOK"},
        },
    ]
    for number, way in enumerate(ways):
        routed.environments[f"prod-{number}"] = routed.environments["prod"]
        routed.routes.append({"from": "stage", "to": f"prod-{number}", **way})
    examination = examine(routed)
    for address in ("api.example.com:6443", "logs.example.com:443", "jobs.example.com:443", "hooks.example.com:8443"):
        assert examination.one(MACHINE, f"{address} is reached directly")["status"] == "ok"


def test_a_proxy_that_is_no_url_fails(routed: Shop) -> None:
    routed.promoter.environment["HTTPS_PROXY"] = "socks5://s3cret@localhost:1"
    examination = examine(routed)
    assert examination.outcome.exit_code == 2
    assert any("HTTPS_PROXY is no URL of a proxy" in message for message in examination.failed)
    assert "s3cret" not in examination.outcome.stdout
