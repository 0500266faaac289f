"""Images made on the spot, without a container engine: layers, configs, manifests, indexes, signatures."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import random
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Media = Literal["oci", "docker"]

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_MANIFEST: dict[Media, str] = {"oci": OCI_MANIFEST, "docker": DOCKER_MANIFEST}
_INDEX: dict[Media, str] = {"oci": OCI_INDEX, "docker": DOCKER_LIST}
_CONFIG: dict[Media, str] = {"oci": OCI_CONFIG, "docker": DOCKER_CONFIG}
_LAYER: dict[Media, str] = {"oci": OCI_LAYER, "docker": DOCKER_LAYER}

_CACHE = Path(tempfile.gettempdir()) / f"image-promoter-layers-{os.getuid()}"
_IN_MEMORY_BYTES = 16 << 20

Seed = int | str


@dataclass(frozen=True)
class Blob:
    """Content with a digest, in memory or in a file."""

    digest: str
    size: int
    content: bytes | Path = field(repr=False)

    @staticmethod
    def of(content: bytes) -> Blob:
        """Return the blob of this content."""
        return Blob(digest_of(content), len(content), content)

    def open(self) -> BinaryIO:
        """Return a new stream over the content."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


@dataclass(frozen=True)
class Layer(Blob):
    """A gzip-compressed tar file; `diff_id` is the digest of the tar itself."""

    diff_id: str


@dataclass(frozen=True)
class Image:
    """A manifest, byte for byte, and all that must be in the registry before it.

    An index, a signature and a referrer are such manifests too: `children` are the manifests of an index.
    """

    content: bytes = field(repr=False)
    media_type: str
    blobs: tuple[Blob, ...] = ()
    children: tuple[Image, ...] = ()
    platform: str | None = None

    @cached_property
    def digest(self) -> str:
        """The digest of the manifest."""
        return digest_of(self.content)

    def descriptor(self) -> dict[str, Any]:
        """Return what an index, or a `subject`, says of this manifest."""
        about: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.content),
        }
        if self.platform:
            about["platform"] = _platform(self.platform)
        return about


def digest_of(content: bytes) -> str:
    """Return the sha256 digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def make_layer(content: int | Path, seed: Seed = 0) -> Layer:
    """Return a layer with one file in it: so many random bytes that depend on `seed` alone, or a given file.

    Random bytes do not compress, so the layer's size is about theirs. Those above 16 MiB
    are kept on disk and found again by seed and size: give them a seed that stays the same.
    """
    if isinstance(content, Path):
        with content.open("rb") as file:
            return _layer_in_memory(file, content.name, content.stat().st_size)
    if content <= _IN_MEMORY_BYTES:
        return _layer_in_memory(_RandomFile(seed), f"data-{seed}", content)
    return _layer_on_disk(content, seed)


def make_image(
    layers: Sequence[int | Path | Layer] = (2_000, 1_000),
    *,
    media: Media = "oci",
    platform: str = "linux/amd64",
    labels: Mapping[str, str] | None = None,
    seed: Seed = 0,
) -> Image:
    """Return an image of these layers: sizes in bytes, files, or layers that other images have too.

    `platform` is "os/architecture" or "os/architecture/variant". Equal arguments make equal images.
    """
    made = [
        layer if isinstance(layer, Layer) else make_layer(layer, f"{seed}-{number}")
        for number, layer in enumerate(layers)
    ]
    config = Blob.of(
        _json(
            {
                **_platform(platform),
                "created": "2024-01-01T00:00:00Z",
                "config": {"Labels": {"seed": str(seed), **(labels or {})}, "Cmd": ["/data"]},
                "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in made]},
                "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "rig"} for _ in made],
            }
        )
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST[media],
        "config": _descriptor(config, _CONFIG[media]),
        "layers": [_descriptor(layer, _LAYER[media]) for layer in made],
    }
    return Image(_json(manifest), _MANIFEST[media], (config, *made), platform=platform)


def make_index(images: Sequence[Image], *, media: Media = "oci", annotations: Mapping[str, str] | None = None) -> Image:
    """Return an OCI index or a docker manifest list of these images."""
    index: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": _INDEX[media],
        "manifests": [image.descriptor() for image in images],
    }
    if annotations:
        index["annotations"] = dict(annotations)
    return Image(_json(index), _INDEX[media], children=tuple(images))


def sign_cosign_style(image: Image) -> dict[str, Image]:
    """Return the manifests that cosign would add for an image, by their tags.

    They have cosign's shape; the signature in them is none that could be verified.
    """
    statement = {
        "critical": {
            "identity": {"docker-reference": ""},
            "image": {"docker-manifest-digest": image.digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    not_a_signature = base64.b64encode(hashlib.sha512(image.content).digest()).decode()
    tag = referrers_tag(image)
    return {
        f"{tag}.sig": _attached(
            "application/vnd.dev.cosign.simplesigning.v1+json",
            statement,
            {"dev.cosignproject.cosign/signature": not_a_signature},
        ),
        f"{tag}.att": _attached(
            "application/vnd.dsse.envelope.v1+json",
            {"payloadType": "application/vnd.in-toto+json", "payload": not_a_signature, "signatures": []},
            {"predicateType": "https://slsa.dev/provenance/v0.2"},
        ),
        f"{tag}.sbom": _attached("text/spdx+json", {"spdxVersion": "SPDX-2.3", "name": image.digest}),
    }


def make_referrer(
    subject: Image, artifact_type: str, payload: bytes, annotations: Mapping[str, str] | None = None
) -> Image:
    """Return an OCI 1.1 artifact manifest that refers to `subject`."""
    empty, blob = Blob.of(b"{}"), Blob.of(payload)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": _descriptor(empty, OCI_EMPTY),
        "layers": [_descriptor(blob, artifact_type)],
        "subject": {key: value for key, value in subject.descriptor().items() if key != "platform"},
        "annotations": dict(annotations or {}),
    }
    return Image(_json(manifest), OCI_MANIFEST, (empty, blob))


def make_referrers_index(referrers: Iterable[Image]) -> Image:
    """Return the index that lists referrers, as it stands under the subject's `referrers_tag`."""
    listed = tuple(referrers)
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [_referrer_descriptor(referrer) for referrer in listed],
    }
    return Image(_json(index), OCI_INDEX, children=listed)


def referrers_tag(subject: Image) -> str:
    """Return the tag for a subject's referrers in a registry without the referrers API."""
    return subject.digest.replace(":", "-")


class _RandomFile:
    """An endless file of random bytes that depend on the seed alone."""

    def __init__(self, seed: Seed) -> None:
        self._random = random.Random(f"{seed}")

    def read(self, size: int = -1) -> bytes:
        return self._random.randbytes(size)


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class _HashingWriter(io.RawIOBase):
    """Passes on what is written, and knows its size and digest."""

    def __init__(self, out: _Writable) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: ReadableBuffer) -> int:
        self._hash.update(data)
        self.size += memoryview(data).nbytes
        return self._out.write(bytes(data))

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


@dataclass(frozen=True)
class _Written:
    digest: str
    size: int
    diff_id: str


def _write_layer(out: _Writable, file: _Readable, name: str, size: int) -> _Written:
    compressed = _HashingWriter(out)
    with gzip.GzipFile(filename="", fileobj=compressed, mode="wb", compresslevel=1, mtime=0) as zipped:
        plain = _HashingWriter(zipped)
        with tarfile.open(fileobj=plain, mode="w|") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = size
            tar.addfile(entry, file)
    return _Written(compressed.digest, compressed.size, plain.digest)


def _layer_in_memory(file: _Readable, name: str, size: int) -> Layer:
    out = io.BytesIO()
    written = _write_layer(out, file, name, size)
    return Layer(written.digest, written.size, out.getvalue(), written.diff_id)


def _layer_on_disk(size: int, seed: Seed) -> Layer:
    key = hashlib.sha256(f"{seed}".encode()).hexdigest()[:16]
    blob = _CACHE / f"{key}-{size}.tar.gz"
    facts = blob.with_suffix(".json")
    if not facts.exists():
        _CACHE.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=_CACHE, delete=False) as out:
            written = _write_layer(out.file, _RandomFile(seed), f"data-{seed}", size)
        # Who else makes the same layer now writes the same bytes; the facts come last and say it is whole.
        Path(out.name).replace(blob)
        partial = Path(f"{out.name}.json")
        partial.write_text(json.dumps(vars(written)))
        partial.replace(facts)
    known = _Written(**json.loads(facts.read_text()))
    return Layer(known.digest, known.size, blob, known.diff_id)


def _attached(media_type: str, payload: Mapping[str, Any], annotations: Mapping[str, str] | None = None) -> Image:
    blob = Blob.of(_json(payload))
    config = Blob.of(_json({"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": [blob.digest]}}))
    layer = _descriptor(blob, media_type)
    if annotations:
        layer["annotations"] = dict(annotations)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(config, OCI_CONFIG),
        "layers": [layer],
    }
    return Image(_json(manifest), OCI_MANIFEST, (config, blob))


def _referrer_descriptor(referrer: Image) -> dict[str, Any]:
    manifest = json.loads(referrer.content)
    described = referrer.descriptor()
    described["artifactType"] = manifest["artifactType"]
    described["annotations"] = manifest["annotations"]
    return described


def _descriptor(blob: Blob, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def _platform(platform: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _json(value: Mapping[str, Any]) -> bytes:
    # Indented as docker does it: a copy that writes the JSON anew does not keep the digest.
    return json.dumps(value, indent=3).encode()
