"""Containers of the agent image, and the shop whose images are promoted from inside of one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.containers import container
from tests.support.promoter import Promoter
from tests.support.registries import Registry
from tests.support.restricted_pod import WORKSPACE, RestrictedPod
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority

AGENT = "localhost/agent"
AGENT_BASE = "localhost/agent-base"


@pytest.fixture(scope="session")
def agent_root() -> Iterator[Path]:
    """The file system of a container of the agent image, as `make agent-image` built it."""
    with container(AGENT) as root:
        yield root


@pytest.fixture(scope="session")
def base_root() -> Iterator[Path]:
    """The file system of a container of the image that the agent image is based on."""
    with container(AGENT_BASE) as root:
        yield root


@pytest.fixture
def read_only() -> bool:
    """Whether the container's file system is; a test may parametrize it."""
    return False


@pytest.fixture
def pod(agent_root: Path, tmp_path: Path, puller: str, *, read_only: bool) -> RestrictedPod:
    """A pod of production's agent."""
    secrets = {
        "serviceaccount": {"token": PRODUCTION_PASSWORD},
        "non-production-cluster-token": {"token": puller},
    }
    return RestrictedPod(agent_root, tmp_path, secrets, read_only=read_only)


@pytest.fixture
def shop(
    *, pod: RestrictedPod, ca: CertificateAuthority, non_production: Registry, production: Registry, repository: str
) -> Shop:
    """An application that no other test has; its promoter runs in the pod, with the pod's Secrets."""
    shutil.copy(ca.certificate, pod.workspace / "ca.crt")
    common = {"project": repository.partition("/")[0], "ca": f"{WORKSPACE}/ca.crt"}
    secret = "secret:/run/secrets/kubernetes.io/non-production-cluster-token"
    return Shop(
        Promoter(pod.workspace, pod.prefix, "promoter"),
        Side("stage", non_production, repository),
        Side("prod", production, repository),
        {
            "stage": {**common, "registry": non_production.host, "credentials": secret},
            "prod": {
                **common,
                "registry": production.host,
                "user": PRODUCTION_USER,
                "credentials": "in-cluster",
            },
        },
    )
