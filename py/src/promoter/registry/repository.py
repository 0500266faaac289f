"""A repository: its tags, manifests (distribution spec, "Pulling manifests", "Pushing Manifests") and blobs."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from promoter.errors import NotFound, NotPermitted, Unreachable, VerificationFailed
from promoter.http.client import RETRIED_STATUSES
from promoter.model.manifest import (
    MANIFEST_TYPES,
    OCI_INDEX,
    Descriptor,
    Manifest,
    digest_of,
    is_digest,
    read_manifest,
)
from promoter.model.reference import ImageReference
from promoter.registry.blobs import Blobs
from promoter.registry.session import said

_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}
_NO_LIST = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


class Unlisted(Unreachable):
    """The registry has no list of tags."""


class Rejected(Unreachable):
    """The registry does not take a manifest (400): as a rule it names another one that is not there."""


class Repository(Blobs):
    """A repository of a registry, under the scopes its user needs there.

    Args:
        session: the registry.
        name: the repository's name, without the host.
        actions: `pull`, or `pull,push`.

    """

    def reference(self, locator: str) -> ImageReference:
        """Return the reference of a tag or digest in here."""
        if ":" in locator:
            return ImageReference(self.session.host, self.name, digest=locator)
        return ImageReference(self.session.host, self.name, tag=locator)

    def find(self, locator: str) -> Descriptor | None:
        """Ask for a tag or digest (HEAD); nothing if it is not there.

        Raises:
            NotPermitted, Unreachable: it cannot be known.

        """
        response = self.session.request("HEAD", self._manifest_path(locator), self.scopes, _ACCEPT)
        response.close()
        if response.status == HTTPStatus.NOT_FOUND:
            return None
        if response.status != HTTPStatus.OK:
            raise self.session.failure(response, f"looking for {self.reference(locator)}")
        digest = response.headers.get("Docker-Content-Digest")
        size = response.headers.count("Content-Length")
        if not is_digest(digest) or not size:
            return self.manifest(locator).descriptor
        return Descriptor(response.headers.media_type, digest, size)

    def resolve(self, locator: str) -> Descriptor:
        """Ask for a tag or digest that must be there.

        Raises:
            NotFound: it is not.
            NotPermitted, Unreachable: it cannot be known.

        """
        found = self.find(locator)
        if found is None:
            raise self._missing(locator)
        return found

    def _missing(self, locator: str) -> NotFound:
        return NotFound(
            f"{self.reference(locator)} does not exist.",
            "Check the project, the name and the tag; `skopeo list-tags` shows what is there.",
        )

    def manifest(self, locator: str) -> Manifest:
        """Get a manifest that must be there; see `find_manifest`.

        Raises:
            NotFound: it is not.
            VerificationFailed: the bytes do not have the digest, or are no manifest.

        """
        found = self.find_manifest(locator)
        if found is None:
            raise self._missing(locator)
        return found

    def find_manifest(self, locator: str) -> Manifest | None:
        """Get a manifest by tag or digest, if it is there; its bytes are checked against the digest, named or stated.

        Raises:
            VerificationFailed: the bytes do not have the digest, or are no manifest.

        """
        doing = f"getting {self.reference(locator)}"
        response, content = self._documents.get(self._manifest_path(locator), doing, _ACCEPT)
        if response.status == HTTPStatus.NOT_FOUND:
            response.drain()
            return None
        if response.status != HTTPStatus.OK:
            raise self.session.failure(response, doing)
        expected = locator if ":" in locator else response.headers.get("Docker-Content-Digest")
        if expected and digest_of(content) != expected:
            raise VerificationFailed(
                f"{self.reference(locator)} came with the digest {digest_of(content)}.",
                "Something between here and the registry changes content: a proxy, or a broken store. Do not use it.",
            )
        try:
            return read_manifest(content, response.headers.media_type)
        except (ValueError, RecursionError) as error:
            raise VerificationFailed(
                f"{self.reference(locator)} is no image that can be promoted: {error}.",
                "Promote an OCI or Docker schema 2 image or index; rebuild older ones.",
            ) from error

    def put_manifest(self, content: bytes, media_type: str, locator: str, *, once: bool = False) -> bool:
        """Push a manifest under a tag or its digest, byte for byte; `once` leaves trying again to the caller.

        Returns:
            whether the registry took note of its `subject` (the OCI-Subject header: it has a referrers API).

        Raises:
            NotPermitted, Unreachable: it is not there now; `Rejected` if that is for what it says.
            VerificationFailed: the registry keeps it under another digest.

        """
        doing = f"pushing {self.reference(locator)}"
        response = self.session.request(
            "PUT", self._manifest_path(locator), self.scopes, {"Content-Type": media_type}, content, once=once
        )
        if response.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED):
            failure = self.session.failure(response, doing)
            is_rejected = response.status == HTTPStatus.BAD_REQUEST
            raise Rejected(failure.message, failure.remedy) if is_rejected else failure
        response.drain()
        kept = response.headers.get("Docker-Content-Digest")
        if kept and kept != digest_of(content):
            raise VerificationFailed(
                f"{doing}: {self.session.host} keeps it under {kept}, not under {digest_of(content)}.",
                "The registry rewrites manifests; it cannot hold this image unchanged.",
            )
        return "OCI-Subject" in response.headers

    def delete(self, locator: str) -> bool:
        """Delete a manifest by its digest; tell whether the registry did: many do not allow it.

        A tag deletes that tag alone, where the registry can (distribution spec 1.1, "Deleting tags").
        """
        try:
            response = self.session.request("DELETE", self._manifest_path(locator), self.scopes)
        except NotPermitted:
            return False
        response.drain()
        return response.status == HTTPStatus.ACCEPTED

    def tags(self) -> Iterator[str]:
        """Yield all tags, page by page (distribution spec, "Listing Tags").

        Raises:
            NotFound: there is no such repository.
            NotPermitted, Unreachable: they cannot be known; `Unlisted` if the registry never tells.

        """
        doing = f"listing the tags of {self}"
        for response, content in self._documents.pages(f"/v2/{self.name}/tags/list?n=1000", doing):
            if response.status in _NO_LIST:
                raise Unlisted(
                    f"{self.session.host} lists no tags: {doing} answered {response.status}{said(response)}.",
                    "Ask whoever runs the registry to allow it.",
                )
            if response.status != HTTPStatus.OK:
                raise self.session.failure(response, doing)
            yield from self._documents.entries(content, "tags", _is_text, doing)

    def referrers_by_api(self, digest: str) -> list[dict[str, Any]] | None:
        """Ask the referrers API (distribution spec 1.1, "Listing Referrers"); nothing where there is no such API.

        Raises:
            Unreachable: whether there is one cannot be known.

        """
        if not self.session.has_referrers_api:
            return None
        entries: list[dict[str, Any]] = []
        doing = f"listing the referrers of {self.reference(digest)}"
        try:
            path, accept = f"/v2/{self.name}/referrers/{digest}", {"Accept": OCI_INDEX}
            for response, content in self._documents.pages(path, doing, accept):
                if response.status in RETRIED_STATUSES:
                    raise self.session.failure(response, doing)
                if response.status != HTTPStatus.OK or response.headers.media_type != OCI_INDEX:
                    response.close()
                    self.session.has_referrers_api = response.status != HTTPStatus.NOT_FOUND
                    return None
                entries += self._documents.entries(content, "manifests", _is_descriptor, doing)
        except NotPermitted:  # some answer so to whatever they do not know
            return None
        return entries

    def _manifest_path(self, locator: str) -> str:
        return f"/v2/{self.name}/manifests/{locator}"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_descriptor(value: object) -> bool:
    """Tell whether something is as much of a descriptor as is needed of it: its digest becomes part of URLs."""
    if not isinstance(value, dict) or not isinstance(value.get("annotations") or {}, dict):
        return False
    digest = value.get("digest")
    return isinstance(digest, str) and is_digest(digest)
