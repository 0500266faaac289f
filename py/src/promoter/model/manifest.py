"""Manifests and indexes, as far as a promotion looks into them.

Media types and fields: OCI image spec 1.1 ("Image Manifest", "Image Index") and Docker's image manifest version 2,
schema 2. The bytes are kept as they came: a digest is of bytes, never of a model.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)

CONFIG_TYPES = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")


def digest_of(content: bytes) -> str:
    """Return the sha256 digest of the bytes, in the `sha256:<hex>` form."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def is_digest(text: str) -> bool:
    """Tell whether the text has a digest's form (OCI image spec, "Digests"), with which it can be part of a URL."""
    return _DIGEST.fullmatch(text) is not None


class Descriptor(NamedTuple):
    """What points at content: media type, digest, size in bytes."""

    media_type: str
    digest: str
    size: int
    artifact_type: str | None = None
    platform: str | None = None
    urls: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the OCI spelling of the descriptor."""
        written = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return written | ({"artifactType": self.artifact_type} if self.artifact_type else {})


class Manifest(NamedTuple):
    """A manifest or an index: its bytes, and what they point at.

    `children` are the manifests of an index, `blobs` the config and the layers of a manifest. Layers with `urls`
    (foreign layers) are fetched from there by whoever pulls, and are not in the registry.
    """

    content: bytes
    media_type: str
    digest: str
    fields: dict[str, Any]
    children: tuple[Descriptor, ...]
    blobs: tuple[Descriptor, ...]

    @property
    def is_index(self) -> bool:
        """Whether this is an index (manifest list)."""
        return self.media_type in (OCI_INDEX, DOCKER_LIST)

    @property
    def descriptor(self) -> Descriptor:
        """A descriptor of this manifest, as an index or a `subject` holds it."""
        return Descriptor(self.media_type, self.digest, len(self.content), self.fields.get("artifactType"))


def read_manifest(content: bytes, media_type: str) -> Manifest:
    """Read a manifest's bytes, as a registry gave them under that `Content-Type`.

    Raises:
        ValueError: the bytes are no manifest or index of a known media type.

    """
    fields = json.loads(content)
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - bad content, as no JSON at all is
    stated = fields.get("mediaType", media_type)
    if stated not in MANIFEST_TYPES:
        raise ValueError(f"its media type is {stated!r}")
    try:
        if stated in (OCI_INDEX, DOCKER_LIST):
            children, blobs = [_descriptor(entry) for entry in fields["manifests"]], []
        else:
            children, blobs = [], [_descriptor(entry) for entry in (fields["config"], *fields["layers"])]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks what a {stated} has: {error}") from error
    here = tuple(blob for blob in blobs if not blob.urls)
    return Manifest(content, stated, digest_of(content), fields, tuple(children), here)


def _descriptor(entry: dict[str, Any]) -> Descriptor:
    """Read what becomes part of URLs and of sums with the care that input from elsewhere needs."""
    digest, size, platform = entry["digest"], entry["size"], entry.get("platform")
    if not is_digest(digest):
        raise ValueError(f"{digest!r} in it is no digest")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ValueError(f"{size!r} in it is no size")
    return Descriptor(
        media_type=entry.get("mediaType", OCI_MANIFEST),
        digest=digest,
        size=size,
        artifact_type=entry.get("artifactType"),
        platform=platform_name(platform) if platform else None,
        urls=tuple(entry.get("urls") or ()),
    )


def platform_name(platform: dict[str, Any]) -> str:
    """Write a platform as `os/architecture[/variant]`."""
    parts = [platform.get("os", "unknown"), platform.get("architecture", "unknown"), platform.get("variant")]
    return "/".join(str(part) for part in parts if part)
