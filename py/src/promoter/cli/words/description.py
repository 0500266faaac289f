"""What people read of what a tag is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promoter.cli.words.forms import columns, size
from promoter.cli.words.history import let_in
from promoter.cli.words.sign_offs import sign_off_words
from promoter.model.base import Model
from promoter.model.description import DescribeResult, StreamResult, StreamTagDescription


def _description(result: DescribeResult) -> list[str]:
    if result.media_type is None or result.size is None:
        about = [f"  digest     {result.digest}"]
    else:
        about = [
            f"  digest     {result.digest}",
            f"  media type {result.media_type}",
            f"  platforms  {', '.join(result.platforms) or 'unknown'}",
            f"  size       {size(result.size)}",
            f"  let in     {let_in(result.promoted)}",
            *(f"  restorable {digest}" for digest in result.restorable),
            *(line for sign_off in result.sign_offs for line in sign_off_words(sign_off)),
        ]
    return [result.image, *about, *(_stream_tag(result.stream) if result.stream else [])]


def _stream_tag(tag: StreamTagDescription) -> list[str]:
    events = (
        (
            f"  {'*' if event.current else ' '} {event.digest}",
            event.at,
            (not event.promoted and event.current and _noted(tag)) or let_in(event.promoted),
        )
        for event in tag.events
    )
    failure = [f"  failed     {tag.failure}"] if tag.failure else []
    inconsistent = [f"  inconsistent {one}" for one in tag.inconsistencies]
    return [f"  stream tag {tag.tag}", f"  source     {_source(tag)}", *failure, *inconsistent, *columns(events)]


def _stream(result: StreamResult) -> list[str]:
    rows = (
        (f"  {tag.tag}", event.digest if event else "no image", event.at if event else "", _source(tag), _noted(tag))
        for tag in result.tags
        for event in (next(iter(tag.events), None),)
    )
    header = ("  TAG", "DIGEST", "SINCE", "SOURCE", "SET BY")
    inconsistent = dict.fromkeys(f"  inconsistent {one}" for tag in result.tags for one in tag.inconsistencies)
    return [result.image, *columns([header, *rows]), *inconsistent]


def _source(tag: StreamTagDescription) -> str:
    scheduled = ", looked at regularly" if tag.scheduled else ""
    return f"{tag.source}{scheduled}" if tag.source else "pushed"


def _noted(tag: StreamTagDescription) -> str:
    """Say what is noted on a tag about who set it; nothing if nobody is."""
    if "requested_by" not in tag.noted:
        return ""
    return f"{tag.noted['requested_by']}, {tag.noted.get('at')}, from {tag.noted.get('source', 'unknown')}"


WORDS: dict[type[Model], Callable[[Any], list[str]]] = {
    DescribeResult: _description,
    StreamResult: _stream,
}
