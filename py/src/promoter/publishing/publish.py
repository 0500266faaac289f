"""Publish an image: build it from its repository, push it, and tag it with its version."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promoter.errors import Refused, WrongUsage
from promoter.model.line import quoted, shortened
from promoter.model.manifest import Descriptor
from promoter.model.publishing import PublishRequest, PublishResult
from promoter.model.reference import checked_tag
from promoter.processes import private_directory
from promoter.promotion.places import Named, Place, Places, is_reserved
from promoter.promotion.records.identity import new_id
from promoter.promotion.records.record import draft, entry, shown
from promoter.promotion.tags.flipping import flip
from promoter.publishing.builder import BUILDERS
from promoter.publishing.labels import revision_of
from promoter.publishing.source import Source, fetch

if TYPE_CHECKING:
    from promoter.publishing.here import LocalBuilder
    from promoter.publishing.on_cluster import ClusterBuilder
    from promoter.publishing.stream_tag import Settle

OPENSHIFT = "openshift"


class Publication(NamedTuple):
    """What is to be published, once its sources are here and its version is known."""

    request: PublishRequest
    way: LocalBuilder | ClusterBuilder
    source: Source
    version: str
    destination: Place

    def result(self, status: str, **facts: Any) -> PublishResult:  # noqa: ANN401 - the result's own fields
        """Return the result with what is known already."""
        known: dict[str, Any] = {
            "status": status,
            "destination": str(self.destination.reference),
            "version": self.version,
            "revision": self.source.commit,
            "built_by": str(self.way),
        }
        return PublishResult(**(known | facts))


def publish(request: PublishRequest, places: Places) -> PublishResult:
    """Publish an image under its version, unless that is taken.

    When this returns, the version is the digest that was built from the commit, was checked at the registry, and is
    recorded; the image stream's tag is it too, if the environment names its cluster. When it raises, the version's tag
    is as it was, unless the message says that only the image stream's could not be set.

    Raises:
        Refused: the version is another image already.
        PromoterError: see `promoter.errors`.

    """
    begun = time.monotonic()
    _require_form(request)
    named = _named(request, places)
    way = _way(request, named, places)
    with private_directory() as private:
        source = fetch(request, way.context, private / "source", places)
        version = _version(request, named, source)
        destination = places.destination(request, _tagged(request, named, version))
        result = _publish(Publication(request, way, source, version, destination), private, places)
    return result.but(duration_seconds=round(time.monotonic() - begun, 3))


def _require_form(request: PublishRequest) -> None:
    """See that nothing is empty: where a variable is not set, something else would be built than was meant."""
    for name in ("ref", "context", "file", "version", "build_config", "git_credentials", "git_ca"):
        if getattr(request, name) == "":
            raise WrongUsage(f"--{name.replace('_', '-')} names nothing.", "Name something, or leave it out.")


def _named(request: PublishRequest, places: Places) -> Named:
    """Return where it goes, once it is known that nothing about that is contradictory.

    Raises:
        WrongUsage: something is.

    """
    named = places.named(request.destination)
    tag = named.reference.tag
    if named.reference.digest:
        raise WrongUsage(
            f"{quoted(request.destination)} names a digest.", "Name the version; the digest follows from it."
        )
    if tag and request.version is not None and request.version != tag:
        raise WrongUsage(f"The version is {tag} and {shortened(request.version)} at once.", "Leave one of the two out.")
    if version := tag or request.version:
        _require_version(version)
    return named


def _require_version(version: str) -> None:
    """Insist that a version can be a tag, and may be one.

    Raises:
        WrongUsage: it is none, or belongs to what travels with images.

    """
    if is_reserved(checked_tag(version)):
        raise WrongUsage(f"{version} is no version: such tags are kept for what travels with images.", "Take another.")


def _way(request: PublishRequest, named: Named, places: Places) -> LocalBuilder | ClusterBuilder:
    """Return what builds it: a BuildConfig if one is named, else what is installed here."""
    if request.builder not in (None, OPENSHIFT, *BUILDERS):
        raise WrongUsage(
            f"There is no builder {quoted(request.builder)}.", f"Take one of {', '.join((*BUILDERS, OPENSHIFT))}."
        )
    if request.builder and (request.builder == OPENSHIFT) != (request.build_config is not None):
        raise WrongUsage(
            f"The builder is {request.builder}, {'with' if request.build_config else 'without'} a BuildConfig.",
            f"A BuildConfig (--build-config) and the builder {OPENSHIFT} go together.",
        )
    if request.build_config:
        from promoter.publishing import on_cluster  # noqa: PLC0415 - brings in the cluster's API

        return on_cluster.find(request, request.build_config, named, places)
    from promoter.publishing import here  # noqa: PLC0415 - brings in what runs processes

    return here.find(request)


def _version(request: PublishRequest, named: Named, source: Source) -> str:
    """Return the version: what was asked for, else what the sources say, else the commit they are.

    Raises:
        WrongUsage: nothing says it.

    """
    version = request.version or named.reference.tag or source.version or source.commit
    if version is None:
        raise WrongUsage(
            "Nothing says which version it is: a directory that is built as it is has no commit.",
            "Name it (--version), write it into the context's file VERSION, or build a commit (--ref).",
        )
    _require_version(version)
    return version


def _tagged(request: PublishRequest, named: Named, version: str) -> str:
    return request.destination if named.reference.tag else f"{request.destination}:{version}"


def _publish(publication: Publication, private: Path, places: Places) -> PublishResult:
    request, destination = publication.request, publication.destination
    standing = destination.standing()
    unchanged = _unchanged(publication, standing.digest) if standing else None
    settle = _settling(publication, standing, places)
    if unchanged:
        return settle(unchanged, {})
    build = publication.way.prepare(publication.source, publication.version, destination, private, places)
    if request.dry_run:
        return publication.result("planned")
    destination.repository.require_push()
    built = build()
    stated = entry(
        "published",
        destination.reference,
        request,
        new_id(str(destination.reference), built.digest),
        None,
        source=publication.source.url,
        git_commit=publication.source.commit,
    )
    record = draft(destination.repository, built.descriptor, stated)
    flip(destination.repository, destination.tag, built, None, record, say=places.say)
    named = str(destination.repository.reference(record.digest))
    published = publication.result("published", **_where(publication, built.digest), record=named)
    return settle(published, shown(stated) | {"record": named})


def _settling(publication: Publication, standing: Descriptor | None, places: Places) -> Settle:
    """Return what sets the image stream's tag, if the destination's environment names its cluster."""
    if publication.request.dry_run or not places.has_cluster(publication.destination.environment):
        return lambda result, _: result
    from promoter.publishing.stream_tag import prepare  # noqa: PLC0415 - brings in the cluster's API

    return prepare(publication.destination, standing, places)


def _unchanged(publication: Publication, digest: str) -> PublishResult:
    """Return the result if the version was built from the same commit.

    Raises:
        Refused: it was not, or does not say so.

    """
    repository, commit = publication.destination.repository, publication.source.commit
    revision = revision_of(repository, repository.manifest(digest))
    if commit is None or revision != commit:
        origin = revision or "no known commit"
        raise Refused(
            f"{publication.destination.reference} is taken: it is {digest}, built from {origin}.",
            "A version is published once: take another version.",
        )
    return publication.result("unchanged", **_where(publication, digest))


def _where(publication: Publication, digest: str) -> dict[str, str]:
    """Return the digest, and the image by digest as commands take it."""
    request, version = publication.request, publication.version
    return {"digest": digest, "image": f"{request.destination.removesuffix(f':{version}')}@{digest}"}
