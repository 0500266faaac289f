"""What is to change in a component's Dockerfile so that its FROM lines name what the metadata asks for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from promoter.constraints.checking import parent_stages
from promoter.constraints.desired import desired_bases
from promoter.constraints.files import read_inside
from promoter.constraints.metadata import Image, Metadata
from promoter.dockerfiles.reading import Dockerfile, read_dockerfile
from promoter.dockerfiles.rewriting import rewrite_bases
from promoter.model.constraints import BaseChange, LeftAlone


class Change(NamedTuple):
    """What is to change in a file of a repository; `bases` are the images, in their order.

    Args:
        path: the file, relative to the repository, with all symbolic links followed.
        before: what is in it.
        after: what is to be in it.
        bases: the FROM lines that change.

    """

    path: str
    before: bytes
    after: bytes
    bases: tuple[BaseChange, ...]


class NotAligned(NamedTuple):
    """Why a component is left alone: in one word, and in a sentence."""

    status: LeftAlone
    why: str


def change_in(checkout: Path, image: Image, metadata: Metadata) -> Change | NotAligned:
    """Return what is to change in a component's Dockerfile; a change of no FROM line if it is as desired.

    It is left alone where its config says so, and where what belongs to what cannot be told.

    Args:
        checkout: the component's repository.
        image: the component.
        metadata: what it is part of.

    Raises:
        NotFound: there is no Dockerfile, or the metadata lacks a parent.
        Refused: the Dockerfile's path leads out of the repository.
        WrongUsage: BuildKit would refuse it, or the metadata is not as its format has it.

    """
    if image.streams_prs.get("enabled", True) is False:
        return NotAligned("disabled", f"{image.file} switches its alignment off (streams_prs.enabled)")
    desired = desired_bases(image, metadata)
    if not desired:
        return NotAligned("no-equivalent", f"{image.file} names no parents, or one that CI has no equivalent of")
    content = read_inside(checkout, image.dockerfile)
    dockerfile = read_dockerfile(content, f"{image.key}: {image.dockerfile}")
    stages = parent_stages(dockerfile)
    if len(stages) != len(desired):
        why = f"{image.dockerfile} has {len(stages)} FROM lines with an image, and {image.file} asks for {len(desired)}"
        return NotAligned("cardinality-mismatch", why)
    bases = _changes(dockerfile, desired)
    path = (checkout / image.dockerfile).resolve().relative_to(checkout.resolve()).as_posix()
    after = rewrite_bases(content, {base.stage: base.desired for base in bases}, dockerfile.name)
    return Change(path, content, after, bases)


def _changes(dockerfile: Dockerfile, desired: tuple[str, ...]) -> tuple[BaseChange, ...]:
    return tuple(
        BaseChange(stage=stage.index, found=stage.base, desired=base)
        for stage, base in zip(parent_stages(dockerfile), desired, strict=True)
        if stage.base != base
    )
