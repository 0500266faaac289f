"""The gates of a route guard what comes in a bundle, too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bundle.conftest import BUNDLE
from tests.support.images import make_image
from tests.support.shop import Shop, writes

APPROVAL = {"by": ["alice", "bob"]}


@pytest.fixture
def exported(shop: Shop) -> Shop:
    """The shop, with a bundle of its image."""
    shop.stage.push(make_image(seed=shop.name))
    assert shop.run("export-bundle", shop.image(shop.stage), "--output", BUNDLE).exit_code == 0
    return shop


def guard(shop: Shop, **gates: Any) -> None:  # noqa: ANN401
    """Give the route from stage to prod its gates."""
    shop.routes = [{"from": "stage", "to": "prod", "gates": gates}]


def test_people_approve_what_a_bundle_brings(exported: Shop) -> None:
    guard(exported, approval=APPROVAL)
    with exported.prod.registry.recording() as seen:
        error = exported.run("import-bundle", BUNDLE, "prod").error
    assert (error["exit_code"], "approval by 1 of alice, bob" in error["message"]) == (3, True)
    assert writes(seen) == []

    digest = exported.run("import-bundle", BUNDLE, "prod", "--dry-run").result["digest"]
    approval = ("--approval", "alice: release 7", "--approved-digest", digest)
    assert exported.run("import-bundle", BUNDLE, "prod", *approval).exit_code == 0
    assert [one["approved_by"] for one in exported.history()] == ["alice: release 7"]


@pytest.mark.parametrize("gates", [{"sign-offs": ["billing"]}, {"approval": APPROVAL, "constraints": {}}])
def test_what_a_bundle_could_forge_is_no_gate_that_it_passes(gates: dict[str, Any], exported: Shop) -> None:
    exported.environments["stage"]["cluster"] = {"api": "https://localhost:1"}
    guard(exported, **gates)
    error = exported.run("import-bundle", BUNDLE, "prod").error
    assert (error["exit_code"], "could be forged" in error["message"]) == (3, True)
    assert exported.prod.digest() is None


def test_an_unknown_origin_is_no_way_around_gates(exported: Shop) -> None:
    guard(exported, approval=APPROVAL)
    exported.environments["stage"]["project"] = "another"
    exported.environments["elsewhere"] = exported.environments.pop("stage")
    exported.routes[0]["from"] = "elsewhere"
    error = exported.run("import-bundle", BUNDLE, "prod").error
    assert (error["exit_code"], "no environment that a route leads from" in error["message"]) == (3, True)


def test_an_environment_is_known_by_its_name_where_its_registry_has_another_host(exported: Shop) -> None:
    guard(exported, approval=APPROVAL)
    exported.environments["stage"]["registry"] = "registry.internal.example.com"
    assert "approval by 1" in exported.run("import-bundle", BUNDLE, "prod").error["message"]


def test_a_route_takes_its_images_alone(exported: Shop) -> None:
    exported.routes = [{"from": "stage", "to": "prod", "images": ["other"]}]
    assert exported.run("import-bundle", BUNDLE, "prod").error["exit_code"] == 2
