"""What is noted on the tag of an image stream about who set it, when, why and to what."""

from __future__ import annotations

from collections.abc import Mapping

from promoter.openshift.image_streams import StreamTag

PREFIX = "image-promoter/"
NOTED = ("digest", "at", "source", "previous_digest", "promotion_id", "requested_by", "reason", "build", "record")
"""What is noted, if it is known: the digest that the other facts are about, and those of an `Entry`."""


def tag_annotations(standing: StreamTag, facts: Mapping[str, str | None]) -> dict[str, str]:
    """Return the annotations of a tag that is set: ours anew, and everybody else's as they are.

    Args:
        standing: the tag as it is.
        facts: those of `NOTED`, without secrets; others are passed over.

    """
    others = {key: value for key, value in standing.annotations.items() if not key.startswith(PREFIX)}
    return others | {_key(name): value for name in NOTED if (value := facts.get(name))}


def noted(tag: StreamTag) -> dict[str, str]:
    """Return what is noted about the digest that a tag is; nothing if the notes are about another one."""
    found = {name: tag.annotations[_key(name)] for name in NOTED if _key(name) in tag.annotations}
    return found if found.get("digest") == tag.digest else {}


def _key(name: str) -> str:
    return f"{PREFIX}{name.replace('_', '-')}"
