"""What applications said about an image."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model
from promoter.model.promotion import PromotionResult


class SignOff(Model):
    """What an application said about an image.

    Args:
        application: its name.
        verdict: `verified` if it works with the image; `rejected` if it does not.
        at: when.
        signed_by: the build or the person.
        link: where to read what was tried, if there is such a place.
        reason: why, if that was said.
        record: the sign-off itself, as it is attached to the image; nothing in a dry run.

    """

    application: str
    verdict: Literal["verified", "rejected"]
    at: str
    signed_by: str | None
    link: str | None
    reason: str | None
    record: str | None


class SignOffResult(Model):
    """What became of a sign-off.

    Args:
        status: `signed-off`; `planned` in a dry run.
        image: what was signed off, by the tag or the digest that was named.
        digest: its digest.
        sign_off: what was said.
        stream_tag: the image stream's tag that notes it; nothing if none does.

    """

    status: Literal["signed-off", "planned"]
    image: str
    digest: str
    sign_off: SignOff
    stream_tag: str | None = None


class AwaitSignOffsResult(Model):
    """How the sign-offs of an image stand.

    Args:
        status: `verified` by all; in a dry run `waiting` if some are missing, and `rejected` if one rejected it.
        image: what they are about, by the tag or the digest that was named.
        digest: its digest.
        sign_offs: what the applications said.
        missing: those that have said nothing yet.
        promotion: what became of the tag that says so; nothing in a dry run, or where none was to be set.

    """

    status: Literal["verified", "waiting", "rejected"]
    image: str
    digest: str
    sign_offs: tuple[SignOff, ...]
    missing: tuple[str, ...]
    promotion: PromotionResult | None = None
