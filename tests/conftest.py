"""What all tests share: one CA, one token service and two registries for each test process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.registries import Htpasswd, Registry, TokenAuth
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

PRODUCTION_USER = "promoter"
PRODUCTION_PASSWORD = "production password"


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The authority that signed the certificate of every server of the rigs."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def token_service(ca: CertificateAuthority) -> Iterator[TokenService]:
    """The token endpoint of the non-production cluster."""
    with TokenService(ca) as service:
        yield service


@pytest.fixture(scope="session")
def non_production(
    tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority, token_service: TokenService
) -> Iterator[Registry]:
    """A registry that takes the tokens of `token_service`."""
    with Registry(tmp_path_factory.mktemp("non-production"), ca, TokenAuth(token_service)) as registry:
        yield registry


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory, ca: CertificateAuthority) -> Iterator[Registry]:
    """A registry with one user, who may do everything."""
    users = {PRODUCTION_USER: PRODUCTION_PASSWORD}
    with Registry(tmp_path_factory.mktemp("production"), ca, Htpasswd(users)) as registry:
        yield registry


@pytest.fixture(scope="session")
def puller(token_service: TokenService) -> str:
    """A token of the account that may pull from the project `shop-dev` of non-production."""
    subject = "system:serviceaccount:shop-dev:across-project-image-puller"
    return token_service.mint(subject, {"shop-dev": "pull"})


@pytest.fixture
def repository() -> str:
    """A repository in the project `shop-dev` that no other test uses, in whichever registry."""
    return f"shop-dev/app-{uuid.uuid4().hex[:12]}"
