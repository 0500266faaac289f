"""Building on this machine, with buildah or podman, and pushing what was built."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from promoter.credentials.sources import load_credential
from promoter.errors import WrongUsage
from promoter.model.manifest import Manifest
from promoter.model.publishing import PublishRequest
from promoter.promotion.bringing.copying import verify
from promoter.promotion.bringing.image import Image
from promoter.promotion.places import Place, Places
from promoter.publishing import builder
from promoter.publishing.labels import require_labels, stated
from promoter.publishing.layout import read_layout
from promoter.publishing.source import Source


class LocalBuilder(NamedTuple):
    """A builder that is installed here.

    Args:
        name: one of `builder.BUILDERS`.
        version: its version.
        request: says how it builds.

    """

    name: str
    version: str
    request: PublishRequest

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.name} {self.version}"

    @property
    def context(self) -> str:
        """The directory of the repository that is built."""
        return self.request.context

    def prepare(
        self, source: Source, version: str, destination: Place, private: Path, places: Places
    ) -> Callable[[], Manifest]:
        """See that there is something to build, and return what builds it, pushes it by digest, and verifies it.

        Args:
            source: what is built.
            version: which version of the image it will be.
            destination: where it goes; the image then stands in its repository, under no tag.
            private: a directory that nobody else can look into, and that is removed afterwards.
            places: says how it goes, and until when.

        Raises:
            WrongUsage, NotFound, NotPermitted: it cannot be built; what is returned raises PromoterError of any kind.

        """
        dockerfile = source.dockerfile(self.request.file)
        named = f"{dockerfile.read_text(errors='replace')} {' '.join(self.request.build_arg)}"
        recipe = builder.Recipe(
            image=str(destination.reference),
            context=source.context,
            dockerfile=dockerfile,
            labels=_labels(self.request, source, version),
            arguments=self.request.build_arg,
            timestamp=source.committed_at,
            logins=_logins(named, destination, places),
        )
        return lambda: self._build(recipe, destination, private, places)

    def _build(self, recipe: builder.Recipe, destination: Place, private: Path, places: Places) -> Manifest:
        built = read_layout(builder.build(self.name, recipe, private, places.deadline, places.say))
        places.say(f"pushing {destination.repository.reference(built.image.digest)}")
        built.push(destination.repository)
        verify(destination, Image((built.image,)))
        require_labels(destination.repository, built.image, recipe.labels)
        return built.image


def find(request: PublishRequest) -> LocalBuilder:
    """Return the builder that is asked for, or the first that is installed.

    Raises:
        WrongUsage: it is not installed or too old, or what is said to it has not its form.

    """
    for flag, texts in (("--build-arg", request.build_arg), ("--label", request.label)):
        if any(not text.partition("=")[0] or "=" not in text for text in texts):
            raise WrongUsage(f"A {flag} has no name or no value.", f"Write {flag} NAME=VALUE.")
    name = builder.find(request.builder)
    return LocalBuilder(name, builder.version(name), request)


def _labels(request: PublishRequest, source: Source, version: str) -> dict[str, str]:
    """Return the labels that an image gets.

    Raises:
        WrongUsage: one that promoter sets was given.

    """
    given = {name: value for name, _, value in (label.partition("=") for label in request.label)}
    own = stated(source, version)
    if clash := given.keys() & own.keys():
        raise WrongUsage(f"The label {', '.join(sorted(clash))} is set by promoter.", "Leave it out.")
    return {**given, **own}


def _logins(named: str, destination: Place, places: Places) -> Mapping[str, builder.Login]:
    """Return what base images are pulled with, for each registry we know that is named in a Dockerfile.

    Raises:
        NotPermitted: a credential cannot be loaded.

    """
    logins: dict[str, builder.Login] = {}
    own = destination.reference.registry
    if _is_in(own, named):
        logins[own] = builder.Login(destination.credential, destination.trust.ca)
    for known in places.configuration.environments.values():
        host = known.registry
        if host not in logins and _is_in(host, named):
            logins[host] = builder.Login(load_credential(known.credentials, host, user=known.user), known.ca)
    return logins


def _is_in(host: str, named: str) -> bool:
    """Tell whether a text names a host, and not just one whose name has it in it."""
    return re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.:-])", named) is not None
