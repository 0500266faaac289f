"""Who asks for a promotion, from which build, and what the promotion is known by."""

from __future__ import annotations

import os
import pwd

LONGEST = 200
"""The most characters that an ID or a name may have on its way to production."""


def build_url() -> str | None:
    """Return the Jenkins build this runs in, if it does."""
    return os.environ.get("BUILD_URL") or os.environ.get("BUILD_TAG")


def requester() -> str:
    """Return who asks if nobody says: who started the Jenkins build, the build, or the system's user (any UID)."""
    if person := os.environ.get("PROMOTER_REQUESTED_BY"):
        return person
    if build := os.environ.get("BUILD_TAG"):
        return build
    try:
        return os.environ.get("USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def new_id(*identity: str) -> str:
    """Return a promotion ID: the same again in the same Jenkins build for the same image, a random one elsewhere."""
    build = build_url()
    if build is None:
        return os.urandom(16).hex()
    return derived_id(build, *identity)


def derived_id(*identity: str) -> str:
    """Return a promotion ID that is the same again for the same."""
    import hashlib  # noqa: PLC0415 - slow to import

    return hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32]
