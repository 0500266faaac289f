"""What the tests of publishing share: an application's git repository, and the shop that it is published in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.promotion.conftest import before_stage, promoter, shop
from tests.support.git import git
from tests.support.promoter import Outcome, Running
from tests.support.shop import Shop
from tests.support.tokens import TokenService

__all__ = ["before_stage", "promoter", "shop"]

DOCKERFILE = "FROM scratch\nCOPY hello /\n"
OCI = "org.opencontainers.image."


class Application:
    """A git repository on this machine, whose branch `main` has a Dockerfile and the version 1.0.

    Args:
        directory: where its work tree is.

    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit = self.change({"Dockerfile": DOCKERFILE, "hello": "hello\n", "VERSION": "1.0\n"})

    @property
    def url(self) -> str:
        return self.directory.as_uri()

    def change(self, files: Mapping[str, str]) -> str:
        """Commit files, and return the commit."""
        for name, content in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=change")
        self.commit = self._git("rev-parse", "HEAD").strip()
        return self.commit

    def tag(self, name: str) -> None:
        """Tag the last commit."""
        self._git("tag", name)

    def _git(self, *arguments: str) -> str:
        return git("-C", str(self.directory), *arguments)


class Press:
    """The application's repository, and the shop in whose stage it is published.

    Args:
        shop: the shop; its stage may be pushed to.
        application: the repository.
        reader: a token that may only pull from there.

    """

    def __init__(self, shop: Shop, application: Application, reader: str) -> None:
        self.shop = shop
        self.application = application
        self.reader = reader
        self.name = f"{shop.stage.environment}/{shop.name}"

    def publish(self, *flags: str | Path, repository: str | Path | None = None, to: str = "") -> Outcome:
        """Publish the repository, or another one, to the stage of the shop, or elsewhere."""
        url = self.application.url if repository is None else repository
        return self.shop.run("publish", url, to or self.name, *flags)

    def start(self, *flags: str) -> Running:
        """Start publishing the repository to the stage of the shop; to be used in a `with`."""
        self.shop.configure()
        return self.shop.promoter.start("publish", self.application.url, self.name, *flags)

    def config(self, locator: str) -> dict[str, Any]:
        """Return the config of what a tag or a digest is, as the registry keeps it."""
        found = self.shop.stage.resolve(locator)
        assert found
        digest = json.loads(found.content)["config"]["digest"]
        config: dict[str, Any] = json.loads(self.shop.stage.registry.blob_file(digest).read_bytes())
        return config

    def labels(self, locator: str) -> dict[str, str]:
        """Return the labels of what a tag or a digest is."""
        labels: dict[str, str] = self.config(locator)["config"].get("Labels", {})
        return labels

    @property
    def left(self) -> list[str]:
        """What is in the command's temporary directory."""
        return [path.name for path in self.shop.promoter.temporary.iterdir()]

    def has_nothing(self) -> bool:
        """Tell whether nothing was left: no tag at the registry, and no file here."""
        return self.shop.stage.tags() == set() and self.left == []


def is_built(outcome: Outcome) -> bool:
    """Tell whether a builder said that it built something."""
    return "| STEP 1/" in outcome.stderr


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """The application's repository."""
    return Application(tmp_path / "application")


@pytest.fixture
def press(shop: Shop, application: Application, token_service: TokenService, puller: str) -> Press:
    """The shop whose stage may be pushed to; its builders run without what a container has not."""
    token = token_service.mint("system:serviceaccount:shop-dev:publisher", {"shop-dev": "pull,push"})
    shop.log_in("stage", token)
    shop.promoter.environment["BUILDAH_ISOLATION"] = "chroot"
    return Press(shop, application, puller)
