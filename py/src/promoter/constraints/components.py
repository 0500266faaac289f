"""Components one by one: which are meant, in which order, and what becomes of those that something is wrong with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from promoter import parallel
from promoter.constraints.metadata import Image, Metadata
from promoter.errors import NotFound, PromoterError, TimedOut, WrongUsage
from promoter.model.constraints import FailedComponent
from promoter.model.failure import Failure
from promoter.model.failure import failure_of as failure_of_several

Answer = TypeVar("Answer")


def chosen(keys: tuple[str, ...], metadata: Metadata) -> list[Image]:
    """Return the images that are named, or all that are built.

    Raises:
        NotFound: there is no such image, or none is built.

    """
    if keys:
        return [metadata.image(key) for key in dict.fromkeys(keys)]
    if built := [image for image in metadata.images.values() if image.is_built]:
        return built
    raise NotFound(f"No image of {metadata.group.name} is built.", "Switch one on (mode), or name it (--component).")


def members_of(image: Image) -> tuple[str, ...]:
    """Return the keys of the images of the group that an image is built on."""
    return tuple(dict.fromkeys(parent.value for parent in image.parents if parent.kind == "member"))


def parents_first(images: Iterable[Image]) -> list[Image]:
    """Return images so that each comes after those of them that it is built on.

    Raises:
        WrongUsage: some are built on each other.

    """
    by_key = {image.key: image for image in images}
    parents = {key: [parent for parent in members_of(image) if parent in by_key] for key, image in by_key.items()}
    try:
        return [by_key[key] for key in TopologicalSorter(parents).static_order()]
    except CycleError as cycle:
        raise WrongUsage(
            f"Images are built on each other: {', '.join(cycle.args[1])}.", "Correct their `from` in the metadata."
        ) from cycle


def each(
    images: Iterable[Image], function: Callable[[Image], Answer], *, at_once: bool = False
) -> tuple[tuple[Answer, ...], tuple[FailedComponent, ...]]:
    """Call a function for each image; return what it gave, and the errors of those that it failed for.

    Args:
        images: the images, which keep their order.
        function: what to call.
        at_once: whether it may be called for several at a time, in threads that a signal does not wait for.

    Raises:
        TimedOut: the time is over.

    """

    def outcome(image: Image) -> Answer | FailedComponent:
        try:
            return function(image)
        except TimedOut:  # so would all others
            raise
        except PromoterError as error:
            return FailedComponent(component=image.key, error=Failure.of(error))

    outcomes = parallel.each(outcome, images) if at_once else [outcome(image) for image in images]
    failed = tuple(one for one in outcomes if isinstance(one, FailedComponent))
    return tuple(one for one in outcomes if not isinstance(one, FailedComponent)), failed


def failure_of(failed: Iterable[FailedComponent], total: int) -> Failure | None:
    """Return what went wrong on the whole, if something did."""
    return failure_of_several([(one.component, one.error) for one in failed], total, "components")
