"""The step that publishes an image, with the real helper, builder and registries: what it returns is promoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.conftest import LIBRARY
from tests.promotion.conftest import promoter, shop
from tests.publishing.conftest import Press, application, press
from tests.support.pipeline import PipelineRig, PipelineRun
from tests.support.promoter import COMMAND
from tests.support.repository import ROOT

__all__ = ["application", "press", "promoter", "shop"]

PIPELINE = """
node {
    checkout scm
    Map web = publishImage(repository: env.REPOSITORY, ref: 'main', destination: env.TESTING)
    promoteImage(source: web.image, destination: "${env.PRODUCTION}:${web.version}")
}
"""


def run(press: Press, directory: Path) -> PipelineRun:
    """Run the pipeline in a workspace with the shop's configuration."""
    sources = directory / "sources"
    sources.mkdir()
    press.shop.configure().rename(sources / "promotion.yaml")
    environment = {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin",
        "BUILDAH_ISOLATION": "chroot",
        "REPOSITORY": press.application.url,
        "TESTING": press.name,
        "PRODUCTION": f"prod/{press.shop.name}",
    }
    rig = PipelineRig(directory / "jenkins", {"image-promoter": ROOT})
    return rig.run(f"{LIBRARY}{PIPELINE}", environment=environment, checkout=sources, plugins=["lock"])


@pytest.mark.statement("W1", "W2")
def test_what_is_published_is_promoted_by_its_digest(press: Press, tmp_path: Path) -> None:
    done = run(press, tmp_path)
    assert (done.result, done.violation) == ("SUCCESS", None), done.log
    digest = press.shop.stage.digest("1.0")
    assert digest == press.shop.prod.digest("1.0") is not None
    assert f"\n{press.shop.stage}:1.0 published: {digest}\n" in done.log


def test_a_build_that_fails_fails_the_pipeline(press: Press, tmp_path: Path) -> None:
    press.application.change({"Dockerfile": "FROM scratch\nCOPY missing /\n"})
    done = run(press, tmp_path)
    assert (done.result, done.violation) == ("FAILURE", None)
    assert str(done.description).startswith("downstream-failed: buildah could not build")
    assert press.has_nothing()
