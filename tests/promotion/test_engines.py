"""Choosing what brings the blobs that cannot be mounted."""

from __future__ import annotations

import pytest

from tests.support.images import make_image
from tests.support.shop import Shop


@pytest.fixture
def unaided(shop: Shop) -> Shop:
    """The shop with an image at stage, and no skopeo."""
    shop.stage.push(make_image(seed=shop.name))
    shop.promoter.hide_skopeo()
    return shop


def test_the_routes_engine_brings_it(unaided: Shop) -> None:
    unaided.routes = [{"from": "stage", "to": "prod", "engine": "stream"}]
    assert unaided.promote().result["blobs"] == {"total": 3, "uploaded": 3, "mounted": 0, "present": 0}


def test_a_flag_wins_over_the_route(unaided: Shop) -> None:
    unaided.routes = [{"from": "stage", "to": "prod", "engine": "stream"}]
    outcome = unaided.promote("--engine=skopeo")
    assert "skopeo" in outcome.error["message"]
    assert unaided.prod.tags() == set()


def test_without_either_it_is_skopeo(unaided: Shop) -> None:
    assert "skopeo" in unaided.promote().error["message"]


def test_an_engine_that_is_none_is_refused(unaided: Shop) -> None:
    outcome = unaided.promote("--engine=rsync")
    assert outcome.exit_code == 2
    assert "There is no engine 'rsync'" in outcome.error["message"]
    assert "skopeo, stream" in outcome.error["remedy"]


def test_an_engine_of_a_route_that_is_none_is_refused(unaided: Shop) -> None:
    unaided.routes = [{"from": "stage", "to": "prod", "engine": "rsync"}]
    outcome = unaided.promote()
    assert outcome.exit_code == 2
    assert "engine" in outcome.error["message"]
