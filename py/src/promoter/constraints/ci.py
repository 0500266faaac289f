"""Which images CI builds and tests a component with: those that follow from the FROM lines of its Dockerfile."""

from __future__ import annotations

import re

from promoter.constraints.checking import parent_stages
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.streams import Streams
from promoter.dockerfiles.reading import Dockerfile
from promoter.errors import NotFound
from promoter.model.constraints import CiBuilder

_VERSIONED = re.compile(r"golang[-_]?\d")


def ci_builder(image: Image, metadata: Metadata, dockerfile: Dockerfile) -> CiBuilder:
    """Return the images that CI should use.

    The builder is the first one whose tag names a version of golang, or else the first one; a Dockerfile with one
    FROM line is built in its base. The build root is the stream that CI builds on it (`upstream_image_base`).

    Raises:
        NotFound: no stage of the Dockerfile is built on an image.

    """
    bases = [stage.base for stage in parent_stages(dockerfile)]
    if not bases:
        raise NotFound(
            f"No FROM line of {dockerfile.name} names an image.", "Nothing is to be done: CI needs no builder."
        )
    builders = bases[:-1] or bases
    builder = next(filter(_VERSIONED.search, builders), builders[0])
    root = _built_on(builder, metadata.streams) or builder
    return CiBuilder(component=image.key, builder=builder, build_root=root, build_root_image=_coordinates(root))


def _built_on(builder: str, streams: Streams) -> str | None:
    """Return the build root that CI has on a builder: what is no product image, so that it can be nothing else."""
    roots = (stream for stream in streams.all if stream.image is None and stream.upstream_image_base == builder)
    return next((stream.upstream_image for stream in roots), None)


def _coordinates(image: str) -> dict[str, str] | None:
    """Return an image of CI's registry as ci-operator names it, `build_root_image` in `.ci-operator.yaml`.

    https://docs.ci.openshift.org/docs/architecture/ci-operator/#build-root-image
    """
    match = re.fullmatch(r"[^/]+/([^/:@]+)/([^/:@]+):([^/:@]+)", image)
    return {"namespace": match[1], "name": match[2], "tag": match[3]} if match else None
