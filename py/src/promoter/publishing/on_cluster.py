"""Having OpenShift build a commit, with a BuildConfig of the repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from promoter.errors import DownstreamFailed, WrongUsage
from promoter.model.manifest import Manifest
from promoter.model.publishing import PublishRequest
from promoter.openshift.build_configs import BuildConfig, BuildConfigs
from promoter.promotion.addresses import Addresses
from promoter.promotion.places import Named, Place, Places
from promoter.publishing.labels import require_revision
from promoter.publishing.source import Source
from promoter.streams.building import follow_to_end
from promoter.streams.outputs import output_of


class ClusterBuilder(NamedTuple):
    """A BuildConfig whose builds push to where an image is published.

    Args:
        configs: the BuildConfigs of its project.
        config: itself.

    """

    configs: BuildConfigs
    config: BuildConfig

    def __str__(self) -> str:
        """Write it for people."""
        return f"BuildConfig {self.configs.project}/{self.config.name}"

    @property
    def context(self) -> str:
        """The directory of the repository that is built."""
        return self.config.context

    def prepare(
        self, source: Source, _version: str, destination: Place, _private: Path, places: Places
    ) -> Callable[[], Manifest]:
        """Return what has a commit built and follows the build, which pushes the image; see `LocalBuilder.prepare`."""
        return lambda: self._build(source, destination, places)

    def _build(self, source: Source, destination: Place, places: Places) -> Manifest:
        cause = f"promoter publish {os.urandom(8).hex()}"
        started = self.configs.start(self.config.name, {}, cause, source.commit)
        ended = follow_to_end(self.configs, started, places)
        if ended.output_digest is None:
            raise DownstreamFailed(
                f"The build {ended.name} succeeded, but does not say what it pushed. Nothing was tagged.",
                "Look at the build's `status.output`.",
            )
        built = destination.repository.manifest(ended.output_digest)
        require_revision(destination.repository, built, source.commit)
        return built


def find(request: PublishRequest, name: str, destination: Named, places: Places) -> ClusterBuilder:
    """Look at a BuildConfig, and insist that it builds the repository and pushes to where it is to be published.

    Args:
        request: what is to be published.
        name: the BuildConfig.
        destination: where to.
        places: opens the cluster.

    Raises:
        WrongUsage: it does not, or what it decides was asked for in another way.
        NotFound, NotPermitted, Unreachable: it cannot be looked at.

    """
    _require_nothing_else(request)
    if destination.environment is None:
        raise WrongUsage(
            f"{destination.reference} is in no environment, so there is no cluster to build in.",
            "Write environment/name with an environment that has a `cluster`.",
        )
    streams = Addresses(places).streams(destination.environment)
    configs = BuildConfigs(streams.api, streams.project)
    found = ClusterBuilder(configs, configs.get(name))
    if _plain(found.config.repository) != _plain(request.repository):
        raise WrongUsage(
            f"The {found} builds another repository, or none.", "Name the one that it has in `spec.source.git.uri`."
        )
    output = places.named(output_of(found.config, destination.environment, streams, places)).reference
    if (output.registry, output.repository) != (destination.reference.registry, destination.reference.repository):
        raise WrongUsage(
            f"The {found} pushes to {output.registry}/{output.repository}, not to {destination.reference}.",
            "Publish to where it pushes, or give it another `output`.",
        )
    return found


def _require_nothing_else(request: PublishRequest) -> None:
    decided = {
        "--context": request.context != ".",
        "--file": request.file,
        "--build-arg": request.build_arg,
        "--label": request.label,
    }
    if others := [flag for flag, given in decided.items() if given]:
        raise WrongUsage(
            f"The BuildConfig decides how it is built, but there is {', '.join(others)}.",
            "Leave that out, or change it.",
        )


def _plain(url: str) -> str:
    return url.rstrip("/").removesuffix(".git")
