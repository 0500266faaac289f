"""The record of a release: one statement about all its images, and for each tag a small artifact that points at it.

The statement's text is uploaded once to each registry and mounted in the other repositories. A long one is cut into
several: an artifact's config is the one that names its tag, and its layers are all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from promoter.model.manifest import Descriptor, Manifest
from promoter.parallel import each
from promoter.promotion.records.record import RELEASE_TYPE, TAG, Entry, shown
from promoter.promotion.records.statements import CREATED, KIND, Text, stated, statement_manifest, write_statement
from promoter.registry.repository import Repository
from promoter.registry.session import RegistrySession
from promoter.release.troubles import Troubles

_LARGEST = 1024 * 1024
"""How many bytes the promotions of one statement have at most: documents of more than 4 MiB are not read."""

COMMON = ("action", "at", "requested_by", "reason", "build", "promoter")
OWN = (
    "destination",
    "tag",
    "digest",
    "previous_digest",
    "source",
    "git_commit",
    "approved_by",
    "signed_off_by",
    "override",
)
"""What is stated of all promotions of a release, and of each."""


class Move(NamedTuple):
    """A tag that is going to move.

    Args:
        repository: where it is.
        subject: the image that it is going to be.
        entry: what is recorded of it.

    """

    repository: Repository
    subject: Descriptor
    entry: Entry

    @property
    def name(self) -> str:
        """The tag, as references name it."""
        return str(self.repository.reference(self.entry.tag))

    @property
    def facts(self) -> dict[str, Any]:
        """What is stated of it, without secrets."""
        return shown(self.entry) | {"digest": self.subject.digest}


def draft_records(moves: Iterable[Move], troubles: Troubles, largest: int = _LARGEST) -> dict[str, Manifest]:
    """Store what a release states, and return the record of each tag by the tag; it counts once it is attached.

    Args:
        moves: all of them, each with the release's ID as its promotion ID.
        troubles: hears of what cannot be stored.
        largest: how many bytes the promotions of one statement may have.

    Raises:
        NotPermitted, Unreachable: something is not there now, unless the release keeps going.

    """
    parts = list(_parts(moves, largest))
    texts = [_written(part) for part in parts]
    _store(texts, [move for part in parts for move in part], troubles)
    at = parts[0][0].entry.at if parts else ""
    return {
        move.name: _record(move, text.descriptor, texts, at)
        for part, text in zip(parts, texts, strict=True)
        for move in part
        if not troubles.of(move.name)
    }


def _parts(moves: Iterable[Move], largest: int) -> Iterator[list[Move]]:
    part: list[Move] = []
    total = 0
    for move in moves:
        size = len(json.dumps(move.facts, indent=1))
        if part and total + size > largest:
            yield part
            part, total = [], 0
        part.append(move)
        total += size
    if part:
        yield part


def _written(part: list[Move]) -> Text:
    facts = [move.facts for move in part]
    common = {"release": facts[0]["promotion_id"], **{name: facts[0][name] for name in COMMON}}
    promotions = [stated({name: one[name] for name in OWN}) for one in facts]
    subjects = dict.fromkeys((one["destination"], one["digest"]) for one in facts)
    return write_statement(subjects, RELEASE_TYPE, {**common, "promotions": promotions})


def _record(move: Move, text: Descriptor, texts: list[Text], at: str) -> Manifest:
    annotations = {CREATED: at, KIND: RELEASE_TYPE, TAG: move.entry.tag}
    return statement_manifest(move.subject, text, [one.descriptor for one in texts], annotations)


def _store(texts: list[Text], moves: list[Move], troubles: Troubles) -> None:
    """Bring the texts into all repositories: uploaded to the first one of each registry, mounted in all others."""
    registries: dict[RegistrySession, dict[str, list[Move]]] = {}
    for move in moves:
        repositories = registries.setdefault(move.repository.session, {})
        repositories.setdefault(move.repository.name, []).append(move)
    for repositories in registries.values():
        _spread(texts, list(repositories.values()), troubles)


def _spread(texts: list[Text], repositories: list[list[Move]], troubles: Troubles) -> None:
    left = iter(repositories)
    first = next((those for those in left if _bring(texts, those, those, troubles)), None)
    if first:
        at_once = first[0].repository.session.http.pace.at_once
        each(lambda those: _bring(texts, those, first, troubles), left, at_once)


def _bring(texts: list[Text], moves: list[Move], origin: list[Move], troubles: Troubles) -> bool:
    """See to it that a repository has the texts, which are where the origin's moves are; tell whether it has."""
    repository = moves[0].repository

    def bring() -> bool:
        for text in texts:
            if upload := repository.mount_or_open(text.descriptor.digest, origin[0].repository.name):
                repository.upload(text.descriptor, text.chunks, upload)
        return True

    return bool(troubles.attempt([move.name for move in moves], bring))
