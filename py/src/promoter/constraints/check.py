"""The use case of `promoter constraints check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from promoter.constraints.checking import check_component
from promoter.constraints.ci import ci_builder
from promoter.constraints.components import chosen, each, failure_of
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.opening import Checkouts, Fetched, open_metadata
from promoter.dockerfiles.reading import Dockerfile
from promoter.errors import Refused
from promoter.git import Git
from promoter.model.constraints import CheckRequest, CheckResult, CiResult, ComponentCheck
from promoter.model.result import Failure
from promoter.processes import private_directory
from promoter.promotion.places import Places

Source = Callable[[Image], Dockerfile]
"""Finds a component's Dockerfile."""


def check(request: CheckRequest, places: Places) -> CheckResult | CiResult:
    """Check the components that are named, or all that are built; what one of them lacks does not end it.

    Raises:
        NotFound: there are no such metadata, sources or component.
        Refused: a file of the metadata leads out of it.
        WrongUsage: the metadata is not as its format has it, or git is missing.
        NotPermitted, Unreachable, TimedOut: git could not fetch the metadata, or there was no time left.

    """
    with open_metadata(request.metadata, places) as metadata:
        images = chosen(request.component, metadata)
        with _sources(request, places, alone=len(images) == 1) as dockerfile_of:
            if request.ci:
                return _builders(images, metadata, dockerfile_of)
            return _checks(images, metadata, dockerfile_of, fuzzy=request.fuzzy)


def _checks(images: list[Image], metadata: Metadata, dockerfile_of: Source, *, fuzzy: bool) -> CheckResult:
    checks, failed = each(images, lambda image: check_component(image, metadata, dockerfile_of(image), fuzzy=fuzzy))
    error = _inconsistency(checks) or failure_of(failed, len(images))
    return CheckResult(metadata=metadata.group.name, components=checks, failed=failed, error=error)


def _builders(images: list[Image], metadata: Metadata, dockerfile_of: Source) -> CiResult:
    builders, failed = each(images, lambda image: ci_builder(image, metadata, dockerfile_of(image)))
    error = failure_of(failed, len(images))
    return CiResult(metadata=metadata.group.name, components=builders, failed=failed, error=error)


@contextmanager
def _sources(request: CheckRequest, places: Places, *, alone: bool) -> Iterator[Source]:
    if request.sources is not None:
        yield Checkouts(Path(request.sources), alone=alone).dockerfile
        return
    with private_directory() as directory:
        yield Fetched(Git(places.deadline, places.patience, places.say), directory).dockerfile


def _inconsistency(checks: tuple[ComponentCheck, ...]) -> Failure | None:
    inconsistent = [check.component for check in checks if not check.consistent]
    if not inconsistent:
        return None
    return Failure.of(
        Refused(
            f"{len(inconsistent)} of {len(checks)} components are inconsistent: {', '.join(inconsistent)}.",
            "Align their Dockerfiles (promoter constraints align), or change the metadata.",
        )
    )
