"""Several applications of one project that share their base layers, and a file that releases them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.images import Image, make_image, make_layer
from tests.support.promoter import Outcome, Running
from tests.support.registries import Recording
from tests.support.shop import Shop, Side, blobs_of

APPLICATIONS = ("api", "cron", "web", "worker")


class ImagesByName:
    """Images that go somewhere together, by name, and what a registry has seen of their blobs."""

    images: dict[str, Image]

    @property
    def wanted(self) -> dict[str, str]:
        """What their tags are to be."""
        return {name: image.digest for name, image in self.images.items()}

    @property
    def blobs(self) -> set[str]:
        """The digests of all blobs of all images, without what travels along."""
        return {digest for image in self.images.values() for digest in blobs_of(image)}

    def uploads(self, seen: Recording) -> list[str]:
        """Return the uploads of the images' blobs; records are no part of them."""
        return [digest for digest in seen.uploads if digest in self.blobs]


class Fleet(ImagesByName):
    """Applications at `stage` as `1.0`, which no other test has; each has a layer of its own on two shared ones.

    `file` releases all of them to `prod` under the same tag, if `write` says nothing else.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.file = shop.promoter.directory / "release.txt"
        self.base = [make_layer(20_000, f"{shop.name} base {number}") for number in range(2)]
        self.images = {name: self.image(name) for name in APPLICATIONS}
        for name, image in self.images.items():
            self.stage(name).push(image)
        self.write()

    def image(self, name: str, version: object = 1, size: int = 2_000) -> Image:
        """Return an image of an application."""
        return make_image([*self.base, size], seed=f"{self.shop.name} {name} {version}")

    def repository(self, name: str) -> str:
        """Return an application's name within the project."""
        return f"{self.shop.name}-{name}"

    def stage(self, name: str) -> Side:
        """Return an application's repository in non-production."""
        return self._side(self.shop.stage, name)

    def prod(self, name: str) -> Side:
        """Return an application's repository in production."""
        return self._side(self.shop.prod, name)

    def _side(self, side: Side, name: str) -> Side:
        project = side.repository.rpartition("/")[0]
        return Side(side.environment, side.registry, f"{project}/{self.repository(name)}")

    @property
    def lines(self) -> list[str]:
        """The lines that release all applications."""
        return [f"stage/{self.repository(name)}:1.0 prod" for name in self.images]

    def write(self, *lines: str) -> None:
        """Write the release's file."""
        self.file.write_text("\n".join(lines or self.lines) + "\n")

    def run(self, *flags: str | Path) -> Outcome:
        """Run the release in the file."""
        return self.shop.run("release", self.file, *flags)

    def start(self, *flags: str | Path) -> Running:
        """Start the release in the file; to be used in a `with`."""
        self.shop.configure()
        return self.shop.promoter.start("release", self.file, *flags)

    def released(self, version: object = 0) -> dict[str, Image]:
        """Put other images under all of production's tags, and return them."""
        images = {name: self.image(name, version) for name in self.images}
        for name, image in images.items():
            self.prod(name).push(image)
        return images

    def digests(self) -> dict[str, str | None]:
        """Return what production's tags are, by application."""
        return {name: self.prod(name).digest() for name in self.images}

    def downloads(self, seen: Recording) -> list[str]:
        """Return the digests of the blobs that were got whole."""
        return [request.path.rpartition("/")[2] for request in seen.matching("GET", "/blobs/", 200)]

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return what is recorded of an application's tag, newest first."""
        outcome = self.shop.run("history", f"prod/{self.repository(name)}:1.0")
        entries: list[dict[str, Any]] = outcome.result["entries"]
        return entries


def listed(side: Side, image: Image) -> list[str]:
    """Return the digests of what refers to an image, as its repository lists them."""
    found = side.resolve(image.digest.replace(":", "-"))
    return [entry["digest"] for entry in json.loads(found.content)["manifests"]] if found else []
