"""What is noted on the tag of an image stream about who set it, when, why and to what."""

from __future__ import annotations

from collections.abc import Mapping

from promoter.model.sign_offs import SignOff
from promoter.openshift.image_streams import StreamTag

PREFIX = "image-promoter/"
_SIGN_OFF = f"{PREFIX}sign-off."
NOTED = (
    "digest",
    "at",
    "source",
    "previous_digest",
    "promotion_id",
    "requested_by",
    "reason",
    "approved_by",
    "signed_off_by",
    "override",
    "build",
    "record",
)
"""What is noted, if it is known: the digest that the other facts are about, and those of an `Entry`."""


def tag_annotations(standing: StreamTag, facts: Mapping[str, str | None]) -> dict[str, str]:
    """Return the annotations of a tag that is set: ours anew, and everybody else's as they are.

    Sign-offs of the digest that it is set to stay.

    Args:
        standing: the tag as it is.
        facts: those of `NOTED`, without secrets; others are passed over.

    """
    signed = _signed_off(standing, facts.get("digest"))
    others = {key: value for key, value in standing.annotations.items() if not key.startswith(PREFIX)}
    return others | signed | {_key(name): value for name in NOTED if (value := facts.get(name))}


def sign_off_annotations(standing: StreamTag, sign_off: SignOff) -> dict[str, str]:
    """Return the annotations of a tag with an application's sign-off of what it is; those of other digests go."""
    kept = {key: value for key, value in standing.annotations.items() if not key.startswith(_SIGN_OFF)}
    note = f"{sign_off.verdict} {standing.digest} {sign_off.at}"
    return kept | _signed_off(standing, standing.digest) | {f"{_SIGN_OFF}{sign_off.application}": note}


def noted(tag: StreamTag) -> dict[str, str]:
    """Return what is noted about the digest that a tag is; nothing if the notes are about another one."""
    found = {name: tag.annotations[_key(name)] for name in NOTED if _key(name) in tag.annotations}
    return found if found.get("digest") == tag.digest else {}


def _signed_off(tag: StreamTag, digest: str | None) -> dict[str, str]:
    """Return the annotations of a tag that are sign-offs of a digest."""
    annotations = tag.annotations.items()
    return {key: value for key, value in annotations if key.startswith(_SIGN_OFF) and digest in value.split()}


def _key(name: str) -> str:
    return f"{PREFIX}{name.replace('_', '-')}"
