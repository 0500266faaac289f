"""Compares a component's Dockerfile with the metadata, stage by stage."""

from __future__ import annotations

from promoter.constraints.desired import equivalents
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.rules import rule
from promoter.dockerfiles.reading import Dockerfile, Stage
from promoter.model.constraints import ComponentCheck, Decision, StageCheck
from promoter.model.inconsistency import DIFFERENT, DIFFERENT_COUNT, MESSAGES, UNMAPPED

_EMPTY = "scratch"
_CODES = {"not-an-equivalent": UNMAPPED, "cardinality-mismatch": DIFFERENT_COUNT}
"""The codes that go with decisions besides `DIFFERENT`, which goes with all but one."""


def parent_stages(dockerfile: Dockerfile) -> tuple[Stage, ...]:
    """Return the stages that are built on an image: neither on an earlier stage nor on nothing (`scratch`)."""
    return tuple(stage for stage in dockerfile.stages if stage.stage_ref is None and stage.base != _EMPTY)


def check_component(image: Image, metadata: Metadata, dockerfile: Dockerfile, *, fuzzy: bool = False) -> ComponentCheck:
    """Say what a component is built with, and whether its Dockerfile is as the metadata asks.

    Args:
        image: the component.
        metadata: what it is part of.
        dockerfile: its Dockerfile.
        fuzzy: whether a FROM line is also honoured by the versions of golang and RHEL.

    Raises:
        NotFound: the metadata lacks a parent.
        WrongUsage: a parent's name is that of several streams, or a part of the metadata is of the wrong kind.

    """
    stages = parent_stages(dockerfile)
    desired = equivalents(image, metadata)
    if not len(stages) == len(image.parents) == len(desired):
        return _mismatch(image, stages, desired)
    checks = []
    for stage, parent, asked in zip(stages, image.parents, desired, strict=True):
        ruling = rule(parent, stage.base, asked, metadata, honours_upstream=image.honours_upstream, fuzzy=fuzzy)
        checks.append(
            StageCheck(index=stage.index, name=stage.name, found=stage.base, desired=asked, **ruling._asdict())
        )
    decisions = {check.decision for check in checks}
    return _component(image, desired, checks, decisions)


def _mismatch(image: Image, stages: tuple[Stage, ...], desired: tuple[str | None, ...]) -> ComponentCheck:
    """Say that what belongs to what cannot be told; as with deployed tooling, nothing can be built then."""
    why = f"the Dockerfile has {len(stages)} FROM lines with an image, and {image.file} asks for {len(desired)}"
    checks = [
        StageCheck(
            index=stage.index,
            name=stage.name,
            found=stage.base,
            desired=None,
            builds_with=None,
            decision="cardinality-mismatch",
            why=why,
        )
        for stage in stages
    ]
    return _component(image, desired, checks, {"cardinality-mismatch"})


def _component(
    image: Image, desired: tuple[str | None, ...], checks: list[StageCheck], decisions: set[Decision]
) -> ComponentCheck:
    differing = decisions - {"as-desired"}
    codes = (
        tuple(sorted({DIFFERENT, *(_CODES.get(decision, DIFFERENT) for decision in differing)})) if differing else ()
    )
    return ComponentCheck(
        component=image.key,
        tag=image.payload_name,
        consistent=not differing,
        builds_with=tuple(check.builds_with for check in checks if check.builds_with),
        desired=desired,
        found=tuple(check.found for check in checks),
        codes=codes,
        messages=tuple(MESSAGES[code] for code in codes),
        stages=tuple(checks),
    )
