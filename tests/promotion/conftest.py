"""What the tests of promotions share, those of faults among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from promoter.model.configuration import ENGINES
from tests.conftest import PRODUCTION_PASSWORD, PRODUCTION_USER
from tests.support.faults import FaultyProxy
from tests.support.promoter import Promoter
from tests.support.registries import Registry
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService


@pytest.fixture
def promoter(tmp_path: Path) -> Promoter:
    """The command, in a directory of its own."""
    return Promoter(tmp_path / "promoter")


@pytest.fixture
def shop(
    *,
    promoter: Promoter,
    ca: CertificateAuthority,
    non_production: Registry,
    production: Registry,
    repository: str,
    puller: str,
    tmp_path: Path,
) -> Shop:
    """An application that no other test has; non-production is read with a mounted Secret, production with a file."""
    secret, password = tmp_path / "non-production-cluster-token", tmp_path / "password"
    secret.mkdir()
    (secret / "token").write_text(f"{puller}\n")
    password.write_text(PRODUCTION_PASSWORD)
    common = {"project": repository.partition("/")[0], "ca": str(ca.certificate)}
    return Shop(
        promoter,
        Side("stage", non_production, repository),
        Side("prod", production, repository),
        {
            "stage": {**common, "registry": non_production.host, "credentials": f"secret:{secret}"},
            "prod": {
                **common,
                "registry": production.host,
                "user": PRODUCTION_USER,
                "credentials": f"file:{password}",
            },
        },
    )


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, shop: Shop) -> str:
    """Each of the engines in turn: it is what promotions of the shop run. Without skopeo, `stream` has to do."""
    engine: str = request.param
    shop.engine = engine
    if engine == "stream":
        shop.promoter.hide_skopeo()
    return engine


@pytest.fixture
def two_projects(shop: Shop, non_production: Registry, token_service: TokenService) -> Shop:
    """The shop with its production in the project `shop` of the same registry, and one token for both."""
    subject = "system:serviceaccount:shop:promoter"
    token = token_service.mint(subject, {"shop-dev": "pull", "shop": "pull,push"})
    shop.prod = Side("prod", non_production, f"shop/{shop.name}")
    shop.environments["prod"] = {**shop.environments["stage"], "project": "shop"}
    shop.log_in("stage", token)
    shop.log_in("prod", token)
    return shop


@pytest.fixture
def before_stage(shop: Shop, ca: CertificateAuthority) -> Iterator[FaultyProxy]:
    """A proxy that the promoter takes for non-production's registry."""
    with FaultyProxy(shop.stage.registry, ca) as proxy:
        shop.environments["stage"]["registry"] = proxy.host
        yield proxy


@pytest.fixture
def before_prod(shop: Shop, ca: CertificateAuthority) -> Iterator[FaultyProxy]:
    """A proxy that the promoter takes for production's registry."""
    with FaultyProxy(shop.prod.registry, ca) as proxy:
        shop.environments["prod"]["registry"] = proxy.host
        yield proxy
