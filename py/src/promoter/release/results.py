"""What came of a release, tag by tag and on the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from promoter.errors import PromoterError
from promoter.model.failure import Failure
from promoter.model.promotion import PromotionResult
from promoter.model.release import ReleasedTag
from promoter.release.planning import Found, Way
from promoter.release.troubles import Troubles

Aim = Literal["promoted", "planned", "staged"]
"""What is to become of the tags that are not there yet."""


def tags_of(
    ways: Iterable[Way],
    found: Mapping[str, Found],
    results: Mapping[str, PromotionResult],
    aim: Aim,
    troubles: Troubles,
) -> tuple[ReleasedTag, ...]:
    """Return what came of each tag.

    Args:
        ways: all that was asked for.
        found: those that could be done, or were, by the destination's tag.
        results: what came of those for which there was anything to do.
        aim: what was to be done.
        troubles: knows what failed.

    """
    return tuple(
        _failed(way, failure)
        if (failure := troubles.of(way.name))
        else _done(way, found[way.name], results.get(way.name), aim)
        for way in ways
    )


def _failed(way: Way, failure: PromoterError) -> ReleasedTag:
    source = str(way.source.reference)
    return ReleasedTag(status="failed", source=source, destination=way.name, error=Failure.of(failure))


def _done(way: Way, one: Found, result: PromotionResult | None, aim: Aim) -> ReleasedTag:
    return ReleasedTag(
        status="unchanged" if one.is_done else aim,
        source=str(way.source.reference),
        destination=way.name,
        digest=one.image.digest,
        previous_digest=one.previous.digest if one.previous and not one.is_done else None,
        kept=result.kept if result else None,
        record=result.record if result else None,
        stream_tag=result.stream_tag if result else None,
        open_gates=result.open_gates if result else (),
    )


def status_of(tags: tuple[ReleasedTag, ...], aim: Aim) -> Literal[Aim, "unchanged", "partly-done", "failed"]:
    """Return what became of them on the whole."""
    statuses = {tag.status for tag in tags}
    if "failed" in statuses:
        return "partly-done" if len(statuses) > 1 else "failed"
    return aim if aim in statuses else "unchanged"
