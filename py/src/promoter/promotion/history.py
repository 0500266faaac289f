"""What was promoted to a tag, what it is now, and what it can go back to."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.model.description import DescribeResult
from promoter.model.history import HistoryEntry, HistoryResult
from promoter.model.manifest import Descriptor
from promoter.model.request import DescribeRequest, HistoryRequest
from promoter.parallel import each
from promoter.promotion.bringing.image import look_into, platforms_of
from promoter.promotion.places import Place, Places
from promoter.promotion.records.record import Record, read_records
from promoter.promotion.sign_offs.reading import all_sign_offs
from promoter.promotion.tags.flipping import kept_prefix
from promoter.registry.repository import Repository


def history(request: HistoryRequest, places: Places) -> HistoryResult:
    """List the promotions and rollbacks of a tag, newest first.

    Raises:
        NotFound: there is no such tag.

    """
    place = places.destination(request, request.image, actions="pull")
    current = place.repository.resolve(place.tag)
    return HistoryResult(image=str(place.reference), digest=current.digest, entries=tuple(entries_of(place, current)))


def describe(request: DescribeRequest, places: Places) -> DescribeResult:
    """Tell what a tag is, what let it in, who signed it off, and what it can be rolled back to.

    Raises:
        NotFound: there is no such tag.

    """
    place = places.destination(request, request.image, actions="pull")
    current = place.repository.resolve(place.tag)
    return described(place, current, entries_of(place, current))


def described(place: Place, current: Descriptor, entries: Iterable[HistoryEntry]) -> DescribeResult:
    """Tell what a tag is, given what the records say about it."""
    image = look_into(place.repository, place.repository.manifest(current.digest))
    kept = kept_digests(place.repository, place.tag)
    return DescribeResult(
        image=str(place.reference),
        digest=current.digest,
        media_type=current.media_type,
        platforms=platforms_of(place.repository, image),
        size=image.size,
        promoted=next((entry for entry in entries if entry.current), None),
        restorable=tuple(digest for digest in kept if digest != current.digest),
        sign_offs=tuple(all_sign_offs(place.repository, current.digest)),
    )


def kept_digests(repository: Repository, tag: str) -> list[str]:
    """Return the digests that `tag` had before and that are still kept."""
    prefix = kept_prefix(tag)
    kept = each(repository.find, (name for name in repository.tags() if name.startswith(prefix)))
    return [found.digest for found in kept if found]


def entries_of(place: Place, current: Descriptor, others: Iterable[str] = ()) -> list[HistoryEntry]:
    """Return what the records say about a tag, newest first: of what it is, what is kept, and `others` that it was."""
    digests = dict.fromkeys((current.digest, *kept_digests(place.repository, place.tag), *others))
    found = each(lambda digest: read_records(place.repository, digest, place.tag), digests)
    records = [record for records in found for record in records if record.entry.tag == place.tag]
    newest_first = sorted(records, key=lambda record: record.entry.at, reverse=True)
    let_in = next((record for record in newest_first if record.subject == current.digest), None)
    return [_entry(place, record, current=record is let_in) for record in newest_first]


def _entry(place: Place, record: Record, *, current: bool) -> HistoryEntry:
    stated = record.entry
    return HistoryEntry(
        action=stated.action,
        at=stated.at,
        digest=record.subject,
        previous_digest=stated.previous_digest,
        source=stated.source,
        requested_by=stated.requested_by,
        reason=stated.reason,
        promotion_id=stated.promotion_id,
        record=str(place.repository.reference(record.digest)),
        current=current,
        approved_by=stated.approved_by,
        signed_off_by=stated.signed_off_by,
        override=stated.override,
    )
