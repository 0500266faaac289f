"""What the tests of bundles share: five images in non-production, and an empty registry that no network leads to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.promotion.conftest import promoter, shop
from tests.support.fleet import ImagesByName
from tests.support.images import (
    Image,
    make_image,
    make_index,
    make_layer,
    make_referrer,
    make_referrers_index,
    referrers_tag,
    sign_cosign_style,
)
from tests.support.promoter import Outcome, Running
from tests.support.registries import Recording, Registry, TokenAuth
from tests.support.shop import PLATFORMS, Shop, Side
from tests.support.tls import CertificateAuthority
from tests.support.tokens import TokenService

__all__ = ["promoter", "shop"]

BUNDLE = "release.tar"
REPORT = "application/vnd.example.report.v1+json"
SIGNATURE = "application/vnd.example.signature.v1"


class Carrier(ImagesByName):
    """Images of non-production that share a layer, and the environment `far` that they are carried to.

    `web` is for two platforms and signed, `api` is one of Docker's, `cron` has a report that is signed itself; `worker`
    and `base` have nothing about them. `companions` are the tags and digests of all that travels along, by image.
    """

    def __init__(self, shop: Shop, far: Registry) -> None:
        self.shop = shop
        self.far = far
        self.directory = shop.promoter.directory
        self.shared = make_layer(20_000, f"{shop.name} shared")
        self.images = {
            "web": make_index([self._image(f"web {one}", platform=one) for one in PLATFORMS]),
            "api": self._image("api", media="docker"),
            "cron": self._image("cron"),
            "worker": self._image("worker"),
            "base": make_image([self.shared], seed=f"{shop.name} base"),
        }
        for name, image in self.images.items():
            self.stage(name).push(image)
        self.companions: dict[str, dict[str, Image]] = {"web": self._sign("web"), "cron": self._report("cron")}

    def _image(self, seed: str, **how: Any) -> Image:  # noqa: ANN401
        return make_image([self.shared, 3_000], seed=f"{self.shop.name} {seed}", **how)

    def _sign(self, name: str) -> dict[str, Image]:
        image = self.images[name]
        signed = {tag: made for one in (image, *image.children) for tag, made in sign_cosign_style(one).items()}
        for tag, made in signed.items():
            self.stage(name).push(made, tag)
        return signed

    def _report(self, name: str) -> dict[str, Image]:
        report = make_referrer(self.images[name], REPORT, self.shop.name.encode(), {"by": "QA"})
        signature = make_referrer(report, SIGNATURE, b"signed")
        for subject, made in ((self.images[name], report), (report, signature)):
            self.stage(name).push(made, made.digest)
            self.stage(name).push(make_referrers_index([made]), referrers_tag(subject))
        return {made.digest: made for made in (report, signature)}

    def name(self, image: str) -> str:
        """Return an image's name within its project."""
        return f"{self.shop.name}-{image}"

    def stage(self, image: str) -> Side:
        """Return an image's repository in non-production."""
        return Side("stage", self.shop.stage.registry, f"shop-dev/{self.name(image)}")

    def there(self, image: str) -> Side:
        """Return an image's repository in the far registry."""
        return Side("far", self.far, f"shop/{self.name(image)}")

    @property
    def sources(self) -> list[str]:
        """The images as commands name them."""
        return [f"stage/{self.name(image)}:1.0" for image in self.images]

    def run(self, command: str, *arguments: str | Path) -> Outcome:
        """Run a command with the configuration."""
        return self.shop.run(command, *arguments)

    def start(self, command: str, *arguments: str | Path) -> Running:
        """Start a command; to be used in a `with`."""
        self.shop.configure()
        return self.shop.promoter.start(command, *arguments)

    def export(self, *flags: str, output: str = BUNDLE) -> Outcome:
        """Export all images."""
        return self.run("export-bundle", *self.sources, "--output", output, *flags)

    def bring(self, *flags: str, bundle: str = BUNDLE) -> Outcome:
        """Import a bundle into the far registry."""
        return self.run("import-bundle", bundle, "far", *flags)

    def exported(self) -> Path:
        """Export all images, and return the bundle."""
        assert self.export().exit_code == 0
        return self.directory / BUNDLE

    def digests(self) -> dict[str, str | None]:
        """Return what the tags are in the far registry, by image."""
        return {image: self.there(image).digest() for image in self.images}

    def change(self, image: str) -> Image:
        """Put another version of an image into non-production, under the same tag."""
        self.images[image] = self._image(f"{image} again")
        self.stage(image).push(self.images[image])
        return self.images[image]


def downloads(seen: Recording) -> list[str]:
    """Return the digests of the blobs that were got whole."""
    return [request.path.rpartition("/")[2] for request in seen.matching("GET", "/blobs/", 200)]


def contents(bundle: Path) -> dict[str, Any]:
    """Return what a bundle in a directory says of itself."""
    found: dict[str, Any] = json.loads((bundle / "bundle.json").read_text())
    return found


@pytest.fixture
def far(tmp_path: Path, ca: CertificateAuthority, token_service: TokenService) -> Iterator[Registry]:
    """An empty registry that takes tokens."""
    with Registry(tmp_path / "far", ca, TokenAuth(token_service)) as registry:
        yield registry


@pytest.fixture
def carrier(shop: Shop, far: Registry, token_service: TokenService) -> Carrier:
    """The images, and the environment `far`."""
    shop.environments["far"] = {"registry": far.host, "project": "shop", "ca": shop.environments["stage"]["ca"]}
    shop.log_in("far", token_service.mint("system:serviceaccount:shop:importer", {"shop": "pull,push"}))
    return Carrier(shop, far)
