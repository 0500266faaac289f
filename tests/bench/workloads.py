"""What is released: images made on the spot and pushed to the source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from typing import NamedTuple

from tests.support.images import Blob, Image, Layer, make_image, make_index, make_layer
from tests.support.registries import Registry
from tests.support.registry_client import ALL_MANIFESTS, push_blob, put_manifest, request

SOURCE_PROJECT, DESTINATION_PROJECT = "shop-dev", "shop"
PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/s390x")
MANY_REPOSITORIES = 40
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Sizes:
    """How much there is to do; each is a flag of `python -m tests.bench`."""

    large_megabytes: int = 300
    shared_images: int = 20
    shared_megabytes: int = 30
    own_megabytes: int = 2
    small_images: int = 200
    small_kilobytes: int = 20
    multi_arch_images: int = 5
    many_images: int = 1000
    latency_milliseconds: int = 20


class Listed(NamedTuple):
    """An image of a workload, and where it is in both projects."""

    name: str
    tag: str
    image: Image

    @property
    def repository_and_tag(self) -> str:
        """Write it as a reference does."""
        return f"{self.name}:{self.tag}"


class Workload(NamedTuple):
    """What one release brings."""

    name: str
    images: Sequence[Listed]

    @property
    def blobs(self) -> set[str]:
        """The digests of all blobs."""
        return {blob.digest for listed in self.images for blob in _blobs(listed.image)}


Maker = Callable[[Sizes], Workload]


def large(sizes: Sizes) -> Workload:
    """One image of five layers."""
    layers = [sizes.large_megabytes * MEGABYTE // 5] * 5
    image = make_image(layers, media="docker", seed=f"bench-large-{sizes.large_megabytes}")
    return Workload("large", [Listed("large", "1", image)])


def shared(sizes: Sizes) -> Workload:
    """Images that share three layers."""
    size = sizes.shared_megabytes * MEGABYTE
    base = [make_layer(size, f"bench-shared-{size}-{number}") for number in range(3)]
    return Workload("shared", _images("shared", sizes.shared_images, base, sizes.own_megabytes * MEGABYTE))


def small(sizes: Sizes) -> Workload:
    """Small images: one layer that all have, and a smaller one of their own."""
    base = [make_layer(MEGABYTE, "bench-small")]
    return Workload("small", _images("small", sizes.small_images, base, sizes.small_kilobytes * 1000))


def multi_arch(sizes: Sizes) -> Workload:
    """Images for three platforms, which share a layer for each."""
    bases = {platform: make_layer(10 * MEGABYTE, f"bench-{platform}") for platform in PLATFORMS}
    images = []
    for number in range(sizes.multi_arch_images):
        children = [
            make_image([base, make_layer(MEGABYTE, f"{platform}-{number}")], platform=platform, seed=number)
            for platform, base in bases.items()
        ]
        images.append(Listed(f"multi-arch-{number}", "1", make_index(children)))
    return Workload("multi-arch", images)


def many(sizes: Sizes) -> Workload:
    """Very many tags of few repositories, each another manifest over the same blobs, so that they are quickly there."""
    image = make_image((2_000,), seed="bench-many")
    images = [
        Listed(f"many-{number % MANY_REPOSITORIES}", str(number), _annotated(image, number))
        for number in range(sizes.many_images)
    ]
    return Workload("many", images)


def bring(workload: Workload, registry: Registry, project: str) -> None:
    """Put a workload into a project, each blob once and then mounted."""
    with registry.connect() as connection:
        kept = _Kept(registry, connection)
        where: dict[str, str] = {}
        there: set[tuple[str, str]] = set()
        for listed in workload.images:
            repository = f"{project}/{listed.name}"
            for blob in _blobs(listed.image):
                if (repository, blob.digest) not in there:
                    there.add((repository, blob.digest))
                    _bring_blob(kept, blob, repository, where.setdefault(blob.digest, repository))
            for child in listed.image.children:
                put_manifest(child, kept, repository, child.digest)
            put_manifest(listed.image, kept, repository, listed.tag)


def missing(workload: Workload, registry: Registry, project: str) -> list[str]:
    """Name the images whose tag in the project is not their digest."""
    with registry.connect() as connection:
        kept = _Kept(registry, connection)
        return [
            listed.repository_and_tag
            for listed in workload.images
            if _standing(kept, f"{project}/{listed.name}", listed.tag) != listed.image.digest
        ]


class _Kept:
    """A registry on one connection that is kept."""

    def __init__(self, registry: Registry, connection: HTTPSConnection) -> None:
        self._registry = registry
        self._connection = connection

    def authorization(self, *repositories: str) -> str | None:
        return self._registry.authorization(*repositories)

    def connect(self) -> AbstractContextManager[HTTPSConnection]:
        return nullcontext(self._connection)


def _images(name: str, count: int, base: Sequence[Layer], own_bytes: int) -> list[Listed]:
    return [
        Listed(
            f"{name}-{number}",
            "1",
            make_image([*base, make_layer(own_bytes, f"{name}-{number}")], media="docker", seed=f"{name}-{number}"),
        )
        for number in range(count)
    ]


def _annotated(image: Image, number: int) -> Image:
    manifest = {**json.loads(image.content), "annotations": {"number": str(number)}}
    return replace(image, content=json.dumps(manifest).encode())


def _blobs(image: Image) -> Iterable[Blob]:
    return [blob for part in (image, *image.children) for blob in part.blobs]


def _bring_blob(kept: _Kept, blob: Blob, repository: str, origin: str) -> None:
    if origin == repository:
        push_blob(blob, kept, repository)
        return
    path = f"/v2/{repository}/blobs/uploads/?mount={blob.digest}&from={origin}"
    mounted = request(kept, "POST", path, repositories=(repository, origin))
    assert mounted.status == 201, mounted.body


def _standing(kept: _Kept, repository: str, tag: str) -> str | None:
    path = f"/v2/{repository}/manifests/{tag}"
    found = request(kept, "HEAD", path, repositories=(repository,), headers={"Accept": ALL_MANIFESTS})
    return found.headers["Docker-Content-Digest"] if found.status == 200 else None
