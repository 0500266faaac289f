"""What one stage of a Dockerfile is built with, by the metadata and by the Dockerfile itself, and why.

The rules are those of "Flexibly enforcing product build constraints in CI" (openshift/enhancements). A FROM line is
honoured as deployed tooling honours it (openshift-eng/art-tools, doozer): only where the metadata names a stream, since
what CI has of another image of the group is a build of CI's own, and no copy of the product's.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from promoter.constraints.metadata import SWITCH, Metadata, Parent
from promoter.constraints.streams import Stream, Streams
from promoter.model.constraints import Decision

_GOLANG = re.compile(r"(?:golang[-_]?|^v)(\d+)\.(\d+)")
_RHEL = re.compile(r"(?:(?:rhel|ubi|centos|scos)[-_]?|\.el)(\d+)")


class Ruling(NamedTuple):
    """What was decided about a stage: the product image that it is built with, and why."""

    decision: Decision
    builds_with: str
    why: str


def rule(
    parent: Parent, found: str, desired: str | None, metadata: Metadata, *, honours_upstream: bool, fuzzy: bool
) -> Ruling:
    """Decide what a stage is built with.

    Args:
        parent: what the metadata builds it on.
        found: what its FROM line names.
        desired: what the FROM line is to name; nothing where the parent has no CI equivalent.
        metadata: where product images and their equivalents are looked up.
        honours_upstream: whether the FROM line is honoured: before the freeze.
        fuzzy: whether an equivalent may also be one by the versions of golang and RHEL.

    Raises:
        NotFound: the metadata lacks the parent.
        WrongUsage: the parent's name is that of several streams.

    """
    wanted = metadata.product_image(parent)
    if found == (desired or wanted):
        return Ruling("as-desired", wanted, "it is what the metadata asks for")
    if parent.kind != "stream":
        return Ruling("metadata", wanted, f"a parent that is a {parent.kind} is always the metadata's")
    if not honours_upstream:
        return Ruling("metadata", wanted, f"after the freeze the metadata decides ({SWITCH} is not on)")
    streams = _mapping_back(found, metadata.streams, fuzzy=fuzzy)
    images = {stream.image: stream.name for stream in streams}
    if not images:
        return Ruling("not-an-equivalent", wanted, "it is no stream's CI equivalent")
    if len(images) > 1:
        return Ruling("not-an-equivalent", wanted, f"it could be any of the streams {', '.join(images.values())}")
    ((image, name),) = images.items()
    return Ruling("mapped-back", str(image), f"before the freeze it is honoured: it maps back to the stream {name}")


def _mapping_back(found: str, streams: Streams, *, fuzzy: bool) -> tuple[Stream, ...]:
    """Return the streams that have this CI equivalent, or, if there are none, those with the same versions."""
    exact = streams.equivalent_to(found)
    versions = _versions(found)
    if exact or not fuzzy or versions is None:
        return exact
    return tuple(stream for stream in streams.all if stream.image and _versions(stream.image) == versions)


def _versions(image: str) -> tuple[str, ...] | None:
    """Return RHEL's major version and golang's major and minor one, if an image's tag tells both."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    golang, rhel = _GOLANG.search(tag), _RHEL.search(tag)
    return (rhel[1], golang[1], golang[2]) if golang and rhel else None
