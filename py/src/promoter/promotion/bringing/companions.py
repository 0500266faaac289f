"""What travels with an image: cosign's signatures, attestations and SBOMs, and OCI referrers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from promoter.errors import NotFound, NotPermitted
from promoter.model.manifest import Descriptor, Manifest
from promoter.parallel import each
from promoter.promotion.bringing.copying import bring_small
from promoter.promotion.bringing.image import Image, look_into
from promoter.promotion.bringing.putting import put_manifests
from promoter.promotion.places import Place
from promoter.promotion.records.statements import is_statement, subject_of
from promoter.registry.referrers import has_subject, keep_listed, list_referrers, push, referrers_tag
from promoter.registry.repository import Repository, Unlisted

_COSIGN_SUFFIXES = (".sig", ".att", ".sbom")


class Companions(NamedTuple):
    """What was found with an image.

    Args:
        tagged: cosign's tags, and the digest each stands for.
        referrers: digests of the artifacts that refer to the image, or to each other.

    """

    tagged: tuple[tuple[str, str], ...]
    referrers: tuple[str, ...]


def find_companions(source: Place, destination: Place, image: Image) -> Companions:
    """Look for what travels with an image and with each of its platforms; nothing has to within one repository."""
    if source.shares_repository(destination):
        return Companions((), ())
    repository = source.repository
    digests = [manifest.digest for manifest in image.manifests]
    tags = _tags(repository)
    possible = [f"{referrers_tag(digest)}{suffix}" for digest in digests for suffix in _COSIGN_SUFFIXES]
    names = [name for name in possible if tags is None or name in tags]
    found = each(repository.find, names)
    tagged = tuple((name, there.digest) for name, there in zip(names, found, strict=True) if there)
    return Companions(tagged, tuple(_referrers(repository, digests, tags)))


def _tags(repository: Repository) -> set[str] | None:
    """Return all tags: one request where asking for each would be four a platform; nothing where they are not told."""
    try:
        return set(repository.tags())
    except (NotPermitted, NotFound, Unlisted):
        return None


def _referrers(repository: Repository, digests: list[str], tags: set[str] | None) -> list[str]:
    """Return all referrers, those of referrers behind them: an attachment's signature is an attachment too."""
    known: dict[str, None] = {}
    while digests:
        listed = each(lambda digest: list_referrers(repository, digest, tags), digests)
        digests = [entry.digest for entries in listed for entry in entries if entry.digest not in known]
        known |= dict.fromkeys(digests)
    return list(known)


def bring_companions(source: Place, destination: Place, companions: Companions) -> None:
    """Bring along what travels with an image; see `Convoy`."""
    convoy = Convoy(source, destination, companions)
    each(lambda step: step(), convoy.steps, destination.repository.session.http.pace.at_once)
    convoy.see_listed()


class Convoy:
    """Brings along what travels with an image. A cosign tag that the destination has already is left as it is there.

    Records and sign-offs stay where they are: what let an image into production is for production to say, and what
    could be brought along could be forged.

    Args:
        source: where they are.
        destination: where they go.
        companions: what was found.

    """

    def __init__(self, source: Place, destination: Place, companions: Companions) -> None:
        self._source = source.repository
        self._destination = destination.repository
        self._near = source.shares_registry(destination)
        self._referrers = companions.referrers
        self._unlisted: dict[str, Manifest] = {}
        self._there: set[str] = set()
        self.steps: list[Callable[[], None]] = [
            *(partial(self._bring_tagged, tag, digest) for tag, digest in companions.tagged),
            *(partial(self._bring_referrer, digest) for digest in companions.referrers),
        ]
        """What brings each of them; to be called in any order, or at the same time."""

    def see_listed(self) -> None:
        """See that the referrers that were brought are listed, those of one image together.

        Raises:
            NotPermitted, Unreachable: they are not.

        """
        by_subject: dict[str | None, list[Manifest]] = {}
        for digest in self._referrers:
            if artifact := self._unlisted.get(digest):
                by_subject.setdefault(subject_of(artifact), []).append(artifact)
        each(lambda those: keep_listed(self._destination, *those), by_subject.values())

    def _bring_tagged(self, tag: str, digest: str) -> None:
        if self._destination.find(tag) is None:
            signature = self._source.manifest(digest)
            self._bring(signature)
            self._destination.put_manifest(signature.content, signature.media_type, tag)

    def _bring_referrer(self, digest: str) -> None:
        artifact = self._source.manifest(digest)
        if has_subject(artifact) and not is_statement(artifact) and self._bring(artifact):
            self._unlisted[digest] = artifact

    def _bring(self, artifact: Manifest) -> bool:
        """Bring an artifact; tell whether it is still to be listed, if it refers to another."""
        image = look_into(self._source, artifact)
        each(self._bring_blob, image.blobs)
        put_manifests(self._destination, image.manifests[:-1])
        return push(self._destination, artifact)

    def _bring_blob(self, blob: Descriptor) -> None:
        """Bring a blob once: many artifacts have the same empty config, those of other images of a release as well."""
        with self._destination.session.arrival(self._destination.name, blob.digest):
            if blob.digest not in self._there:
                bring_small(self._source, self._destination, blob, near=self._near)
                self._there.add(blob.digest)
