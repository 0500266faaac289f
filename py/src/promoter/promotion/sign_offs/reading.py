"""Sign-offs: what applications say about an image, each under its own name, attached to the image itself.

Where a registry has no referrers API, all referrers of an image are listed in one index that is read, changed and
written: an entry can get lost when several write at once. So a sign-off is found by a tag of its application's own,
which nobody else writes; it is on the list only for those who look there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from promoter import __version__
from promoter.credentials.redaction import SECRETS
from promoter.errors import NotFound
from promoter.model.line import in_a_line
from promoter.model.manifest import Descriptor, Manifest
from promoter.model.sign_offs import SignOff
from promoter.parallel import each
from promoter.promotion.records.statements import Statement, draft_statement, read_statement
from promoter.registry.referrers import referrers_tag
from promoter.registry.repository import Repository

PREDICATE_TYPE = "urn:image-promoter:sign-off:v1"
_INFIX = ".sign-off-"
_FREE = ("signed_by", "link", "reason")
"""What people wrote, which may have a secret in it."""


def sign_off_tag(digest: str, application: str) -> str:
    """Return the tag of an application's sign-off of an image."""
    return f"{referrers_tag(digest)}{_INFIX}{application}"


def rejection(sign_off: SignOff) -> str:
    """Say in one line who rejected an image, why, and where to read more."""
    why = f": {sign_off.reason}" if sign_off.reason else ""
    return in_a_line(f"{sign_off.application}{why}{f' ({sign_off.link})' if sign_off.link else ''}")


def draft_sign_off(repository: Repository, subject: Descriptor, sign_off: SignOff) -> Manifest:
    """Store what a sign-off of an image states, and return its manifest; it counts once that is under its tag.

    No secret is in it, whatever people wrote.

    Raises:
        NotPermitted, Unreachable: it is not there now.

    """
    stated = sign_off.to_dict() | {"destination": str(repository), "promoter": __version__}
    shown = {name: SECRETS.redact(stated[name]) for name in _FREE if stated[name]}
    return draft_statement(repository, subject, PREDICATE_TYPE, stated | shown)


def read_sign_offs(repository: Repository, digest: str, applications: Iterable[str]) -> list[SignOff]:
    """Return what each of these applications said last about an image, in their order, without those who said nothing.

    A sign-off of another digest, of another repository or under another name does not count, whatever tag it has.

    Raises:
        NotPermitted, Unreachable, VerificationFailed: it cannot be known.

    """
    found = each(lambda application: _read(repository, digest, application), applications)
    return [sign_off for sign_off in found if sign_off]


def all_sign_offs(repository: Repository, digest: str) -> list[SignOff]:
    """Return what each application said last about an image, in the order of their names; see `read_sign_offs`."""
    prefix = sign_off_tag(digest, "")
    return read_sign_offs(
        repository, digest, sorted(tag.removeprefix(prefix) for tag in repository.tags() if tag.startswith(prefix))
    )


def _read(repository: Repository, digest: str, application: str) -> SignOff | None:
    try:
        statement = read_statement(repository, sign_off_tag(digest, application), digest, PREDICATE_TYPE)
    except NotFound:
        return None
    if statement is None or statement.predicate.get("application") != application:
        return None
    return _sign_off(repository, statement)


def _sign_off(repository: Repository, statement: Statement) -> SignOff | None:
    """Return what a statement says; nothing if that is not what a sign-off says."""
    stated: dict[str, Any] = {name: statement.predicate.get(name) for name in SignOff.fields}
    is_whole = stated["verdict"] in ("verified", "rejected") and isinstance(stated["at"], str)
    if not is_whole or not all(isinstance(value, str | None) for value in stated.values()):
        return None
    return SignOff(**(stated | {"record": str(repository.reference(statement.digest))}))
