"""The use case of `promoter constraints align`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from promoter.constraints.access import Access
from promoter.constraints.alignment import NotAligned, change_in
from promoter.constraints.components import chosen, each, failure_of, parents_first
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.open_alignments import list_open
from promoter.constraints.opening import open_metadata, open_sources
from promoter.constraints.patches import patch
from promoter.constraints.pull_requests import Proposals
from promoter.errors import WrongUsage
from promoter.model.constraints import AlignRequest, AlignResult, ComponentAlignment, OpenAlignmentsResult
from promoter.promotion.places import Places

Align = Callable[[Image], ComponentAlignment]


def align(request: AlignRequest, places: Places) -> AlignResult | OpenAlignmentsResult:
    """Make the patches that align Dockerfiles with the metadata, keep their pull requests, or list the open ones.

    What one component lacks does not end it.

    Raises:
        NotFound: there are no such metadata, sources or component.
        WrongUsage: flags do not go together, the section `pull-requests` is missing, the metadata is not as its format
            has it, or git is missing.
        Refused: a file of the metadata leads out of it.
        NotPermitted, Unreachable, TimedOut: a token cannot be loaded, git could not fetch the metadata, or there was
            no time left.

    """
    _require_one_way(request)
    access = Access(request)
    with open_metadata(request.metadata, access, places) as metadata:
        images = chosen(request.component, metadata)
        if request.list:
            return list_open(request, images, metadata, places)
        with _way(request, images, metadata, access, places) as align_one:
            ordered = parents_first(images) if request.pull_requests else images
            components, failed = each(ordered, align_one)
    return AlignResult(
        metadata=metadata.group.name,
        dry_run=request.dry_run,
        components=components,
        failed=failed,
        error=failure_of(failed, len(images)),
    )


def _require_one_way(request: AlignRequest) -> None:
    """See that no flag is given that would do nothing."""
    given = {
        "--list": request.list,
        "--pull-requests": request.pull_requests,
        "--patch": request.patch,
        "--sources": request.sources,
    }
    way, *more = [flag for flag, value in given.items() if value] or ["no flag"]
    if more and way in {"--list", "--pull-requests"}:
        raise WrongUsage(f"{way} and {more[0]} do not go together.", "Leave one of them out.")
    if request.freeze and way != "--list":
        raise WrongUsage("--freeze goes with --list alone.", "Leave it out, or list the open alignment changes.")


@contextmanager
def _way(
    request: AlignRequest, images: list[Image], metadata: Metadata, access: Access, places: Places
) -> Iterator[Align]:
    """Give what aligns one component: by its pull request, or by a patch."""
    if request.pull_requests:
        yield Proposals(metadata, places, dry_run=request.dry_run).keep
    else:
        with open_sources(request.sources, images, access, places) as sources:
            yield lambda image: _patched(image, metadata, sources.checkout(image), request)


def _patched(image: Image, metadata: Metadata, checkout: Path, request: AlignRequest) -> ComponentAlignment:
    change = change_in(checkout, image, metadata)
    if isinstance(change, NotAligned):
        return ComponentAlignment(component=image.key, status=change.status, why=change.why)
    if not change.bases:
        return ComponentAlignment(component=image.key, status="aligned")
    content = patch(change.path, change.before, change.after)
    file = Path(request.patch) / f"{image.key}.patch" if request.patch and not request.dry_run else None
    if file:
        _write(file, content)
    return ComponentAlignment(
        component=image.key,
        status="differs",
        changes=change.bases,
        patch=content.decode("utf-8", "replace"),
        file=str(file) if file else None,
    )


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"The patch cannot be written to {file}: {getattr(error, 'strerror', None) or error}.",
            "Name a directory that may be written to with --patch.",
        ) from error
