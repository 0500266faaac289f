"""Registry tokens that are over in the middle of a promotion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.faults import FaultyProxy
from tests.support.images import make_image
from tests.support.registries import Registry, TokenAuth
from tests.support.shop import Shop, Side, blobs_of
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService
from tests.support.waiting import wait_until

PROMOTER = "system:serviceaccount:shop-dev:promoter"
LIFETIME_SECONDS = 2


class ShortLived(NamedTuple):
    """A proxy before a registry whose tokens do not live for long."""

    proxy: FaultyProxy
    service: TokenService

    def outlive_tokens(self) -> None:
        """Wait until all tokens are over; the next ones are not before the test is."""
        over_at = self.service.over_at
        self.service.registry_token_seconds = 300
        wait_until(lambda: time.time() > over_at, "the last token to be over")


@pytest.fixture
def short_lived(
    request: pytest.FixtureRequest, shop: Shop, ca: CertificateAuthority, tmp_path: Path
) -> Iterator[ShortLived]:
    """What is at the side that is the fixture's parameter."""
    side: str = request.param
    with ExitStack() as stack:
        service = stack.enter_context(TokenService(ca, registry_token_seconds=LIFETIME_SECONDS))
        registry = stack.enter_context(Registry(tmp_path / "registry", ca, TokenAuth(service)))
        setattr(shop, side, Side(side, registry, shop.stage.repository))
        shop.log_in(side, service.mint(PROMOTER, {"shop-dev": "pull,push"}))
        proxy = stack.enter_context(FaultyProxy(registry, ca))
        shop.environments[side]["registry"] = proxy.host
        yield ShortLived(proxy, service)


@pytest.mark.parametrize("short_lived", ["prod"], indirect=True)
def test_a_token_that_is_over_during_skopeos_uploads_costs_no_blob_twice(shop: Shop, short_lived: ShortLived) -> None:
    image = make_image([1_000, 2_000, 3_000], seed=shop.name)
    shop.stage.push(image)
    short_lived.proxy.when("PATCH", "/blobs/uploads/", after=2, times=1).call(short_lived.outlive_tokens)

    with shop.prod.registry.recording() as seen:
        outcome = shop.promote()

    assert outcome.exit_code == 0
    assert "with new tokens" in outcome.stderr
    assert sorted(digest for digest in seen.uploads if digest in blobs_of(image)) == sorted(blobs_of(image))
    assert shop.prod.digest() == image.digest


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("short_lived", ["stage"], indirect=True)
def test_a_token_that_is_over_during_downloads_is_renewed(shop: Shop, short_lived: ShortLived) -> None:
    image = make_image([1_000, 2_000, 3_000], seed=shop.name)
    shop.stage.push(image)
    short_lived.proxy.when("GET", image.blobs[3].digest, times=1).call(short_lived.outlive_tokens)

    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == image.digest


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("short_lived", ["prod"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("HEAD", "/manifests/sha256:", id="before it verifies"),
        pytest.param("PUT", "/blobs/uploads/.*digest=", id="while it uploads"),
        pytest.param("PUT", "/manifests/1.0$", id="while it flips"),
    ],
)
def test_a_token_that_is_over_between_our_own_requests_is_renewed(
    method: str, path: str, shop: Shop, short_lived: ShortLived
) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    short_lived.proxy.when(method, path, after=3 if "uploads" in path else 0, times=1).call(short_lived.outlive_tokens)

    assert shop.promote().exit_code == 0
    assert shop.prod.digest() == image.digest


@pytest.mark.parametrize("what", ["mount=", "digest="])
def test_a_token_that_is_refused_before_its_time_is_renewed_once(
    what: str, two_projects: Shop, token_service: TokenService, before_prod: FaultyProxy
) -> None:
    two_projects.environments["stage"]["registry"] = before_prod.host
    image = make_image(seed=two_projects.name)
    two_projects.stage.push(image)
    challenge = f'Bearer realm="{token_service.realm}",service="{token_service.service}"'
    before_prod.when("POST" if what == "mount=" else "PUT", what, times=1).answer(401, {"WWW-Authenticate": challenge})

    result = two_projects.promote().result

    assert result["blobs"] == {"total": 3, "uploaded": 0, "mounted": 3, "present": 0}
    assert two_projects.prod.digest() == image.digest
