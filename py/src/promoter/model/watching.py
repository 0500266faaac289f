"""What came of a look at the tags that routes watch."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model
from promoter.model.failure import Failure, Several
from promoter.model.promotion import PromotionResult


class WatchedTag(Model):
    """A watched tag that was promoted, or was to be.

    Args:
        status: `promoted`; `refused` if it may not be; `failed` if something went wrong.
        source: where it comes from: `environment/name:tag`.
        destination: where it goes: `environment/name:tag`.
        promotion: what became of it; nothing if it was not promoted.
        error: why not; nothing if it was.

    """

    status: Literal["promoted", "refused", "failed"]
    source: str
    destination: str
    promotion: PromotionResult | None = None
    error: Failure | None = None


class WatchResult(Several):
    """What came of one look at all watched tags; with `--every` there is one for each look, in a line of its own.

    Args:
        tags: the tags that were promoted, or were to be.
        unchanged: how many others are the same on both sides.
        absent: how many are not at the source.

    """

    tags: tuple[WatchedTag, ...]
    unchanged: int
    absent: int
