"""The open alignment changes, the most urgent first."""

from __future__ import annotations

import datetime as dt

from promoter.constraints.components import each, failure_of
from promoter.constraints.metadata import Image, Metadata
from promoter.constraints.pull_requests import Proposals
from promoter.errors import WrongUsage
from promoter.model.constraints import URGENCIES, AlignRequest, OpenAlignment, OpenAlignmentsResult, Urgency
from promoter.model.line import quoted
from promoter.promotion.places import Places

NEAR = dt.timedelta(days=14)
"""How long before the freeze it is near: two weeks, in which a change can still pass review and CI."""


def list_open(request: AlignRequest, images: list[Image], metadata: Metadata, places: Places) -> OpenAlignmentsResult:
    """List the open pull requests of components, with their age and urgency.

    Raises:
        WrongUsage: the freeze is no day, or the configuration does not say where pull requests are.
        NotPermitted: its token cannot be loaded.
        TimedOut: there was no time left.

    """
    freeze, now = _day(request.freeze), dt.datetime.now(dt.UTC)
    proposals = Proposals(metadata, places)

    def look(image: Image) -> OpenAlignment | None:
        proposal = proposals.find(image)
        if proposal is None:
            return None
        return OpenAlignment(
            component=image.key,
            branch=proposal.base,
            url=proposal.url,
            title=proposal.title,
            age_days=(now - proposal.created).days,
            urgency=urgency(freeze, now.date(), frozen=not image.honours_upstream),
        )

    looked, failed = each(images, look, at_once=True)
    found = [one for one in looked if one]
    found.sort(key=lambda one: (URGENCIES.index(one.urgency), -one.age_days))
    return OpenAlignmentsResult(
        metadata=metadata.group.name,
        freeze=request.freeze,
        alignments=tuple(found),
        failed=failed,
        error=failure_of(failed, len(images)),
    )


def urgency(freeze: dt.date | None, today: dt.date, *, frozen: bool) -> Urgency:
    """Return how urgent a change is: the freeze's switch in the metadata counts, and the day, where it is known."""
    if frozen or (freeze and today >= freeze):
        return "blocker"
    return "urgent" if freeze and freeze - today <= NEAR else "normal"


def _day(text: str | None) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{quoted(text)} is no day.", "Write it as 2026-11-21.") from error
