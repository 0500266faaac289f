"""The command by itself: from cron, as any user, with next to nothing around it; and what it leaves on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.images import make_image
from tests.support.promoter import ARBITRARY_USER
from tests.support.shop import Shop, make


@pytest.fixture
def bare(shop: Shop) -> Shop:
    """The shop with a promoter as OpenShift runs it: an arbitrary UID and HOME=/."""
    shop.promoter.prefix = ARBITRARY_USER
    shop.promoter.environment["HOME"] = "/"
    return shop


@pytest.mark.statement("R5")
def test_any_user_with_no_home_can_promote(bare: Shop) -> None:
    image = make("oci index", bare.name)
    bare.stage.push(image)
    root = sorted(Path("/").iterdir())

    assert bare.promote().exit_code == 0

    assert bare.prod.digest() == image.digest
    assert sorted(Path("/").iterdir()) == root
    entry = bare.history()[0]
    assert entry["requested_by"] == "uid 12345"


@pytest.mark.statement("R4")
def test_nothing_is_left_after_a_success(bare: Shop) -> None:
    bare.stage.push(make_image(seed=bare.name))
    before = {*bare.promoter.directory.rglob("*"), bare.configure()}

    assert bare.promote().exit_code == 0

    assert set(bare.promoter.directory.rglob("*")) == before


@pytest.mark.statement("R4")
def test_nothing_is_left_after_a_failure_of_skopeo(bare: Shop) -> None:
    image = make_image(seed=bare.name)
    bare.stage.push(image)
    bare.stage.registry.blob_file(image.blobs[2].digest).write_bytes(b"damaged")
    before = {*bare.promoter.directory.rglob("*"), bare.configure()}

    assert bare.promote().exit_code == 7

    assert set(bare.promoter.directory.rglob("*")) == before
    assert bare.prod.tags() == set()


def test_people_get_words_and_programs_get_json(shop: Shop) -> None:
    image = make_image(seed=shop.name)
    shop.stage.push(image)
    shop.configure()
    arguments = ("promote", shop.image(shop.stage), shop.image(shop.prod))

    words = shop.promoter.run(*arguments, json=False)
    document = shop.promoter.run(*arguments)

    assert words.stdout.startswith(f"promoted: {shop.prod}:1.0\n")
    assert image.digest in words.stdout
    assert document.result["status"] == "unchanged"
