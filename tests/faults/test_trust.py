"""Certificates: private authorities, wrong ones, and none asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.images import make_image
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority


@pytest.fixture
def other_ca(tmp_path: Path) -> str:
    """An authority that signed nothing here."""
    return str(CertificateAuthority(tmp_path / "other-ca").certificate)


@pytest.mark.parametrize("side", ["stage", "prod"])
@pytest.mark.parametrize("authority", ["another", "the system's"])
def test_a_registry_of_another_authority_is_not_trusted(authority: str, side: str, shop: Shop, other_ca: str) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.environments[side]["ca"] = other_ca if authority == "another" else None

    outcome = shop.promote()

    assert outcome.exit_code == 6
    assert "certificate that is not trusted" in outcome.error["message"]
    assert shop.environments[side]["registry"] in outcome.error["message"]
    assert "ca:" in outcome.error["remedy"]
    assert shop.prod.tags() == set()


@pytest.mark.parametrize("said_by", ["flags", "configuration"])
def test_a_certificate_is_not_checked_if_that_is_written_out(said_by: str, shop: Shop, other_ca: str) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    flags = []
    for environment in shop.environments.values():
        environment["ca"] = other_ca
        if said_by == "configuration":
            environment["tls-verify"] = False
    if said_by == "flags":
        flags = ["--source-tls-verify=false", "--destination-tls-verify=false"]

    outcome = shop.promote(*flags)

    assert outcome.exit_code == 0
    assert shop.prod.digest() == image.digest
    for side in (shop.stage, shop.prod):
        assert f"TLS is not verified for {side.registry.host}" in outcome.stderr


def test_one_side_that_is_not_checked_leaves_the_other_checked(shop: Shop, other_ca: str) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.environments["prod"]["ca"] = other_ca
    outcome = shop.promote("--source-tls-verify=false")
    assert outcome.exit_code == 6
    assert shop.prod.registry.host in outcome.error["message"]


def test_a_flag_checks_what_the_configuration_does_not(shop: Shop, other_ca: str) -> None:
    shop.stage.push(make_image(seed=shop.name))
    shop.environments["prod"] |= {"ca": other_ca, "tls-verify": False}
    assert shop.promote("--destination-tls-verify=true").exit_code == 6
