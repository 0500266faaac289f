"""What is noted on the tag of an image stream about who set it, when, why and to what."""

from __future__ import annotations

from promoter.model.reference import ImageReference
from promoter.model.request import Setting
from promoter.openshift.image_streams import StreamTag
from promoter.promotion.record import entry, shown

PREFIX = "image-promoter/"
_NOTED = ("at", "source", "previous_digest", "promotion_id", "requested_by", "reason", "build")


def tag_annotations(standing: StreamTag, reference: ImageReference, request: Setting, source: str) -> dict[str, str]:
    """Return the annotations of a tag that is about to be set: ours anew, and everybody else's as they are.

    Args:
        standing: the tag as it is.
        reference: where it is.
        request: who asks, why, and under which promotion ID.
        source: what it is set to.

    """
    stated = shown(entry("promoted", reference, request, request.promotion_id or "", standing.digest, source=source))
    others = {key: value for key, value in standing.annotations.items() if not key.startswith(PREFIX)}
    ours = {f"{PREFIX}{name.replace('_', '-')}": stated[name] for name in _NOTED}
    return others | {key: value for key, value in ours.items() if value}
