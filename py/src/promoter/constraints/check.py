"""The use case of `promoter constraints check`."""

from __future__ import annotations

from promoter.constraints.access import Access
from promoter.constraints.checking import check_component
from promoter.constraints.ci import ci_builder
from promoter.constraints.components import chosen, each, failure_of
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.opening import Sources, open_metadata, open_sources
from promoter.errors import Refused
from promoter.model.constraints import CheckRequest, CheckResult, CiResult, ComponentCheck
from promoter.model.failure import Failure
from promoter.promotion.places import Places


def check(request: CheckRequest, places: Places) -> CheckResult | CiResult:
    """Check the components that are named, or all that are built; what one of them lacks does not end it.

    Raises:
        NotFound: there are no such metadata, sources or component.
        Refused: a file of the metadata leads out of it.
        WrongUsage: the metadata is not as its format has it, a flag makes no sense, or git is missing.
        NotPermitted, Unreachable, TimedOut: a token cannot be loaded, git could not fetch the metadata, or there was
            no time left.

    """
    access = Access(request)
    with open_metadata(request.metadata, access, places) as metadata:
        images = chosen(request.component, metadata)
        with open_sources(request.sources, images, access, places) as sources:
            if request.ci:
                return _builders(images, metadata, sources)
            return _checks(images, metadata, sources, fuzzy=request.fuzzy)


def _checks(images: list[Image], metadata: Metadata, sources: Sources, *, fuzzy: bool) -> CheckResult:
    def checked(image: Image) -> ComponentCheck:
        return check_component(image, metadata, sources.dockerfile(image), fuzzy=fuzzy)

    checks, failed = each(images, checked)
    error = _inconsistency(checks) or failure_of(failed, len(images))
    return CheckResult(metadata=metadata.group.name, components=checks, failed=failed, error=error)


def _builders(images: list[Image], metadata: Metadata, sources: Sources) -> CiResult:
    builders, failed = each(images, lambda image: ci_builder(image, metadata, sources.dockerfile(image)))
    error = failure_of(failed, len(images))
    return CiResult(metadata=metadata.group.name, components=builders, failed=failed, error=error)


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
