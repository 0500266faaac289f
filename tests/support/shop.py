"""A shop's project in two registries, and the promoter that its people use between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promoter.http.deadline import Deadline
from promoter.model.reading import read_configuration
from promoter.promotion.places import Places
from tests.support import registry_client
from tests.support.images import Image, Media, make_image, make_index
from tests.support.promoter import Outcome, Promoter, Running
from tests.support.registries import Recording, Registry
from tests.support.registry_client import Resolved
from tests.support.waiting import wait_until

KINDS = ("oci image", "docker image", "oci index", "docker index")
PLATFORMS = ("linux/amd64", "linux/arm64/v8")


def make(kind: str, seed: str) -> Image:
    """Return an image of one of `KINDS`; the first is for one platform, an index for all `PLATFORMS`."""
    media: Media = "docker" if kind.startswith("docker") else "oci"
    images = [make_image(media=media, platform=one, seed=f"{seed} {one}") for one in PLATFORMS]
    return make_index(images, media=media) if kind.endswith("index") else images[0]


def blobs_of(image: Image) -> set[str]:
    """Return the digests of all blobs of an image, those of its platforms among them."""
    return {blob.digest for part in (image, *image.children) for blob in part.blobs}


def writes(seen: Recording) -> list[str]:
    """Return what a registry was asked to change."""
    return [f"{one.method} {one.path}" for one in seen.requests if one.method not in {"GET", "HEAD"}]


@dataclass(frozen=True)
class Side:
    """One repository of one registry, seen without the promoter.

    Args:
        environment: its name in the configuration.
        registry: the registry itself, whatever stands in front of it.
        repository: with the project.

    """

    environment: str
    registry: Registry
    repository: str

    def __str__(self) -> str:
        """Write the repository as references do."""
        return f"{self.registry.host}/{self.repository}"

    def push(self, image: Image, tag: str = "1.0") -> str:
        """Put an image there, and return its digest."""
        return registry_client.push(image, self.registry, self.repository, tag)

    def resolve(self, locator: str = "1.0") -> Resolved | None:
        """Return what a tag or digest stands for."""
        return registry_client.resolve(self.registry, self.repository, locator)

    def digest(self, tag: str = "1.0") -> str | None:
        """Return the digest that a tag has."""
        found = self.resolve(tag)
        return found.digest if found else None

    def wait_for(self, digest: str, tag: str) -> None:
        """Wait until a tag has a digest."""

        def has_come() -> bool:
            try:
                return self.digest(tag) == digest
            except registry_client.UnexpectedAnswerError:  # 500 for a tag that is just being written
                return False

        wait_until(has_come, f"{tag} to be {digest}")

    def tags(self) -> set[str]:
        """Return all tags."""
        return registry_client.tags(self.registry, self.repository)


class Shop:
    """The application `name` of the project `shop-dev`, at `stage` (non-production) and at `prod` (production).

    `environments` and `routes` are the configuration's parts of these names, `sections` its others; it is written anew
    for each command, so that a test may change it. `engine` is what promotions are told to run, if anything. Commands
    name images as `environment/name:tag`.
    """

    def __init__(self, promoter: Promoter, stage: Side, prod: Side, environments: dict[str, dict[str, Any]]) -> None:
        self.promoter = promoter
        self.stage = stage
        self.prod = prod
        self.environments = environments
        self.routes: list[dict[str, Any]] = []
        self.sections: dict[str, Any] = {}
        self.engine: str | None = None
        self.name = stage.repository.rpartition("/")[2]

    def image(self, side: Side, tag: str = "1.0") -> str:
        """Write an image as `environment/name:tag`."""
        return f"{side.environment}/{self.name}:{tag}"

    def log_in(self, environment: str, token: str) -> Path:
        """Let an environment use this token from now on, and return the file it is in."""
        file = self.promoter.directory / f"token-{environment}"
        file.write_text(token)
        self.environments[environment]["credentials"] = f"file:{file}"
        return file

    def configure(self) -> Path:
        """Write the configuration where the command looks for it."""
        file = self.promoter.directory / "promotion.yaml"
        sections = {"environments": self.environments, "routes": self.routes, **self.sections}
        file.write_text(json.dumps(sections, indent=1))
        return file

    def places(self, say: Callable[[str], None] = print, *, seconds: float = 600) -> AbstractContextManager[Places]:
        """Open what a test hands to a use case that it calls itself; to be used in a `with`."""
        configuration = read_configuration(self.configure().read_text(), "promotion.yaml")
        return closing(Places(configuration, Deadline(seconds), say))

    def run(self, command: str, *arguments: str | Path) -> Outcome:
        """Run a command with the configuration."""
        self.configure()
        return self.promoter.run(command, *arguments)

    def promote(self, *flags: str | Path, source: str = "1.0", tag: str = "1.0") -> Outcome:
        """Promote from stage to prod."""
        return self.run("promote", *self._promotion(source, tag), *flags)

    def history(self, tag: str = "1.0") -> list[dict[str, Any]]:
        """Return what is recorded of a tag of prod, newest first."""
        entries: list[dict[str, Any]] = self.run("history", self.image(self.prod, tag)).result["entries"]
        return entries

    def start_promotion(self, *flags: str | Path, source: str = "1.0", tag: str = "1.0") -> Running:
        """Start promoting from stage to prod; to be used in a `with`."""
        self.configure()
        return self.promoter.start("promote", *self._promotion(source, tag), *flags)

    def _promotion(self, source: str, tag: str) -> list[str]:
        engine = [f"--engine={self.engine}"] if self.engine else []
        return [self.image(self.stage, source), self.image(self.prod, tag), *engine]
