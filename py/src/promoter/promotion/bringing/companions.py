"""What travels with an image: cosign's signatures, attestations and SBOMs, and OCI referrers."""

from __future__ import annotations

from typing import NamedTuple

from promoter.errors import NotFound, NotPermitted
from promoter.model.manifest import Manifest
from promoter.parallel import each
from promoter.promotion.bringing.copying import bring_small
from promoter.promotion.bringing.image import Image, look_into
from promoter.promotion.places import Place
from promoter.promotion.records.statements import is_statement
from promoter.registry.referrers import attach, has_subject, keep_listed, list_referrers, referrers_tag
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
    """Bring along what travels with an image. A cosign tag that the destination has already is left as it is there.

    Records and sign-offs stay where they are: what let an image into production is for production to say, and what
    could be brought along could be forged.
    """
    near = source.shares_registry(destination)
    for tag, digest in companions.tagged:
        if destination.repository.find(tag) is None:
            signature = source.repository.manifest(digest)
            _bring(source.repository, destination.repository, signature, near=near)
            destination.repository.put_manifest(signature.content, signature.media_type, tag)
    for digest in companions.referrers:
        artifact = source.repository.manifest(digest)
        if has_subject(artifact) and not is_statement(artifact):
            _bring(source.repository, destination.repository, artifact, near=near)
            if attach(destination.repository, artifact):
                keep_listed(destination.repository, artifact)


def _bring(source: Repository, destination: Repository, artifact: Manifest, *, near: bool) -> None:
    bring_small(source, destination, look_into(source, artifact), near=near)
