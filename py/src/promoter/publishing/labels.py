"""What the labels of an image say about where it comes from.

The names `org.opencontainers.image.*` are those of the OCI image spec ("Annotations"). A build on OpenShift labels what
it pushes with `io.openshift.build.commit.id` by itself (github.com/openshift/builder).
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from promoter.errors import VerificationFailed
from promoter.model.manifest import Manifest
from promoter.publishing.source import Source
from promoter.registry.repository import Repository

_OCI = "org.opencontainers.image."
_REVISIONS = (f"{_OCI}revision", "io.openshift.build.commit.id")


def stated(source: Source, version: str) -> dict[str, str]:
    """Return the labels that an image gets."""
    facts = {
        "version": version,
        "source": source.url,
        "revision": source.commit,
        "created": _utc(source.committed_at) if source.committed_at else None,
    }
    return {f"{_OCI}{name}": value for name, value in facts.items() if value}


def revision_of(repository: Repository, image: Manifest) -> str | None:
    """Return the commit that an image was built from, as its labels say; for an index, those of its first platform.

    Raises:
        NotFound, NotPermitted, Unreachable, VerificationFailed: they cannot be read.

    """
    labels = _labels(repository, image)
    return next((labels[name] for name in _REVISIONS if name in labels), None)


def require_revision(repository: Repository, image: Manifest, commit: str | None) -> None:
    """Insist that an image in a registry says that it was built from a commit.

    Raises:
        VerificationFailed: it does not.

    """
    found = revision_of(repository, image)
    if found != commit:
        raise VerificationFailed(
            f"{repository.reference(image.digest)} says that it was built from {found or 'no commit'}, not {commit}.",
            "Look at what was built, and from where. Nothing was tagged.",
        )


def require_labels(repository: Repository, image: Manifest, expected: Mapping[str, str]) -> None:
    """Insist that an image in a registry has the labels it was built with.

    Raises:
        VerificationFailed: it has not.

    """
    labels = _labels(repository, image)
    if missing := [name for name, value in expected.items() if labels.get(name) != value]:
        raise VerificationFailed(
            f"{repository.reference(image.digest)} lacks the labels it was built with: {', '.join(missing)}.",
            "Something between the builder and the registry changes images. Nothing was tagged.",
        )


def _labels(repository: Repository, image: Manifest) -> dict[str, str]:
    one = repository.manifest(image.children[0].digest) if image.children else image
    config = repository.config(one).get("config")
    labels = config.get("Labels") if isinstance(config, dict) else None
    return labels if isinstance(labels, dict) else {}


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
