"""One repository: its manifests, tags and blobs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable, VerificationFailed
from promoter.http.client import RETRIED_STATUSES
from promoter.http.connection import Response, resolve
from promoter.http.patience import Busy, TryAgain
from promoter.model.manifest import (
    CONFIG_TYPES,
    MANIFEST_TYPES,
    OCI_INDEX,
    Descriptor,
    Manifest,
    digest_of,
    is_digest,
    read_manifest,
)
from promoter.model.reference import ImageReference
from promoter.registry.scopes import Scopes
from promoter.registry.session import RegistrySession, said

_ACCEPT = {"Accept": ", ".join(MANIFEST_TYPES)}
_LARGEST_DOCUMENT = 4 * 1024 * 1024
_NEXT_PAGE = re.compile(r"""<([^<>]+)>[^<>]*;\s*rel\s*=\s*["']?next\b""", re.IGNORECASE)
_SAYS_NEXT = re.compile(r"""\brel\s*=\s*["']?next\b""", re.IGNORECASE)
_NO_LIST = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})


class Unlisted(Unreachable):
    """The registry has no list of tags."""


class Upload(NamedTuple):
    """An upload that a registry has opened, by the URL where it goes on."""

    location: str


class Repository:
    """A repository of a registry, under the scopes its user needs there.

    Args:
        session: the registry.
        name: the repository's name, without the host.
        actions: `pull`, or `pull,push`.

    """

    def __init__(self, session: RegistrySession, name: str, actions: str) -> None:
        self.session = session
        self.name = name
        self.scopes: Scopes = (f"repository:{name}:{actions}",)

    def __str__(self) -> str:
        """Write the repository as references do."""
        return f"{self.session.host}/{self.name}"

    def reference(self, locator: str) -> ImageReference:
        """Return the reference of a tag or digest in here."""
        if ":" in locator:
            return ImageReference(self.session.host, self.name, digest=locator)
        return ImageReference(self.session.host, self.name, tag=locator)

    # Manifests: distribution spec, "Pulling manifests", "Pushing Manifests".

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
        response, content = self._get(self._manifest_path(locator), doing, _ACCEPT)
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
            NotPermitted, Unreachable: it is not there now.
            VerificationFailed: the registry keeps it under another digest.

        """
        doing = f"pushing {self.reference(locator)}"
        response = self.session.request(
            "PUT", self._manifest_path(locator), self.scopes, {"Content-Type": media_type}, content, once=once
        )
        if response.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED):
            raise self.session.failure(response, doing)
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
        for response, content in self._pages(f"/v2/{self.name}/tags/list?n=1000", doing):
            if response.status in _NO_LIST:
                raise Unlisted(
                    f"{self.session.host} lists no tags: {doing} answered {response.status}{said(response)}.",
                    "Ask whoever runs the registry to allow it.",
                )
            if response.status != HTTPStatus.OK:
                raise self.session.failure(response, doing)
            yield from self._entries(content, "tags", _is_text, doing)

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
            for response, content in self._pages(f"/v2/{self.name}/referrers/{digest}", doing, {"Accept": OCI_INDEX}):
                if response.status in RETRIED_STATUSES:
                    raise self.session.failure(response, doing)
                if response.status != HTTPStatus.OK or response.headers.media_type != OCI_INDEX:
                    response.close()
                    self.session.has_referrers_api = response.status != HTTPStatus.NOT_FOUND
                    return None
                entries += self._entries(content, "manifests", _is_descriptor, doing)
        except NotPermitted:  # some answer so to whatever they do not know
            return None
        return entries

    # Blobs: distribution spec, "Checking if content exists", "Mounting a blob", "Pushing blobs".

    def has_blob(self, digest: str) -> bool:
        """Ask whether a blob is there (HEAD)."""
        response = self.session.request("HEAD", self._blob_path(digest), self.scopes)
        response.close()
        if response.status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            return response.status == HTTPStatus.OK
        raise self.session.failure(response, f"looking for the blob {digest} in {self}")

    def mount(self, digest: str, origin: str) -> bool:
        """Make a blob of another repository of this registry appear here; no bytes are sent.

        Returns:
            whether it worked; if not, the upload that the registry opened instead is cancelled.

        """
        response = self._mount(digest, origin)
        if response and response.status == HTTPStatus.ACCEPTED:
            self._cancel(response)
        return response is not None and response.status == HTTPStatus.CREATED

    def mount_or_open(self, digest: str, origin: str) -> Upload | None:
        """Make a blob of a repository of this registry appear here, or open the upload that brings it.

        This very repository may be the origin: then it is asked whether it has the blob, and an upload is open at once
        if it has not.

        Returns:
            the upload, if the blob is not here now.

        Raises:
            NotPermitted, Unreachable: neither worked.

        """
        doing = f"pushing the blob {digest} to {self}"
        response = self._mount(digest, origin)
        if response and response.status == HTTPStatus.CREATED:
            return None
        if response is None or response.status != HTTPStatus.ACCEPTED:  # it knows no mounts, or not this one
            return None if self.has_blob(digest) else Upload(_location(self._open_upload(doing), doing))
        return Upload(_location(response, doing))

    def _mount(self, digest: str, origin: str) -> Response | None:
        """Ask for a mount; nothing if the origin may not be read."""
        query = urlencode({"mount": digest, "from": origin})
        scopes = self.scopes if origin == self.name else (*self.scopes, f"repository:{origin}:pull")
        try:
            response = self.session.request("POST", f"/v2/{self.name}/blobs/uploads/?{query}", scopes)
        except NotPermitted:
            return None
        response.drain()
        return response

    def blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes as they arrive; what came is checked against digest and size.

        It is for the caller to try again: what has come by then went somewhere.

        Raises:
            PassingFailure: it failed in passing.
            NotFound: it is not there.
            VerificationFailed: the bytes are not those of the digest.

        """
        doing = self._getting(descriptor)
        try:
            response = self.session.request("GET", self._blob_path(descriptor.digest), self.scopes, once=True)
        except TryAgain as last:
            failure = self.session.failure(last.response, doing)
            raise Busy(failure.message, failure.remedy, last.response) from last
        if response.status != HTTPStatus.OK:
            raise self.session.failure(response, doing)
        hashed = hashlib.sha256()
        for chunk in _at_most(response.chunks(), descriptor.size, doing):
            hashed.update(chunk)
            yield chunk
        if f"sha256:{hashed.hexdigest()}" != descriptor.digest:
            raise _damaged(doing)

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """Get a blob of a few kilobytes whole; what comes is checked against its digest.

        Raises:
            NotFound: it is not there.
            VerificationFailed: the bytes are not those of the digest.

        """
        doing = self._getting(descriptor)
        response, content = self._get(self._blob_path(descriptor.digest), doing)
        if response.status != HTTPStatus.OK:
            raise self.session.failure(response, doing)
        if digest_of(content) != descriptor.digest:
            raise _damaged(doing)
        return content

    def config(self, manifest: Manifest) -> dict[str, Any]:
        """Get an image's config; empty for an artifact, which has none to speak of."""
        descriptor = next((blob for blob in manifest.blobs if blob.media_type in CONFIG_TYPES), None)
        if descriptor is None:
            return {}
        try:
            config = json.loads(self.read_blob(descriptor))
        except (ValueError, RecursionError) as error:
            raise VerificationFailed(
                f"The config {descriptor.digest} of {self} is no JSON: {error}.",
                "It is no image that anything could run; build it again.",
            ) from error
        return config if isinstance(config, dict) else {}

    def upload(
        self, descriptor: Descriptor, content: Callable[[], Iterable[bytes]], opened: Upload | None = None
    ) -> None:
        """Push a blob in one PUT; a broken upload is tried again from its beginning.

        Args:
            descriptor: the blob.
            content: gives its bytes, from the first one each time.
            opened: an upload that is open already.

        Raises:
            NotPermitted, Unreachable: it is not there now.

        """
        doing = f"pushing the blob {descriptor.digest} to {self}"
        locations = [opened.location] if opened else []

        def attempt() -> Response:
            location = locations.pop() if locations else _location(self._open_upload(doing, once=True), doing)
            return self._put_blob(location, descriptor, content)

        try:
            response = self.session.http.persist(attempt)
        except TryAgain as last:
            response = last.response
        if response.status != HTTPStatus.CREATED:
            raise self.session.failure(response, doing)
        response.drain()

    def require_push(self) -> None:
        """See that blobs can be pushed here: open an upload, and cancel it.

        Raises:
            NotPermitted, Unreachable: they cannot.

        """
        self._cancel(self._open_upload(f"pushing to {self}"))

    def _open_upload(self, doing: str, *, once: bool = False) -> Response:
        """Open an upload and return the answer, whose `Location` is where it goes on."""
        opened = self.session.request("POST", f"/v2/{self.name}/blobs/uploads/", self.scopes, once=once)
        if opened.status != HTTPStatus.ACCEPTED:
            raise self.session.failure(opened, doing)
        opened.drain()
        return opened

    def _put_blob(self, location: str, descriptor: Descriptor, content: Callable[[], Iterable[bytes]]) -> Response:
        """Send everything in one PUT. A broken upload is never continued: its offset is unknown."""
        url = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': descriptor.digest})}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)}
        return self.session.request("PUT", url, self.scopes, headers, content, once=True)

    def _cancel(self, opened: Response) -> None:
        """Close an upload nobody needs. Some registries want a right for it; there it expires by itself."""
        with suppress(PromoterError):
            self.session.request("DELETE", _location(opened, "cancelling an upload"), self.scopes).drain()

    def _pages(self, path: str, doing: str, headers: dict[str, str] | None = None) -> Iterator[tuple[Response, bytes]]:
        """Get a list page by page; whoever asks stops at an answer that is no page.

        Raises:
            Unreachable: the next page is not named, or was one before.

        """
        url: str | None = path
        seen: set[str] = set()
        while url:
            if url in seen:
                raise self._nonsense(doing, "its pages lead in a circle")
            seen.add(url)
            response, content = self._get(url, doing, headers)
            yield response, content
            try:
                following = next_page(response.headers.get("Link"))
            except ValueError as error:
                raise self._nonsense(doing, str(error)) from error
            url = resolve(response.url, following) if following else None

    def _entries(self, content: bytes, field: str, is_right: Callable[[Any], bool], doing: str) -> list[Any]:
        """Return a list that a JSON object has under a field; null stands for an empty one.

        Raises:
            Unreachable: it is something else, or has something else in it.

        """
        try:
            entries = json.loads(content)[field]
        except (ValueError, RecursionError, LookupError, TypeError) as error:
            raise self._nonsense(doing, f"it sent no JSON object with {field!r}") from error
        if entries is None:
            return []
        if not isinstance(entries, list) or not all(map(is_right, entries)):
            raise self._nonsense(doing, f"what it sent under {field!r} is something else")
        return entries

    def _nonsense(self, doing: str, why: str) -> Unreachable:
        return Unreachable(
            f"{self.session.host} gives no answer that can be used: {why} ({doing}).",
            "Look at what answers under this host name, and at what is in front of it.",
        )

    def _get(self, path: str, doing: str, headers: dict[str, str] | None = None) -> tuple[Response, bytes]:
        """Get something small, and its body if there is one; again from the beginning if that breaks off."""

        def attempt() -> tuple[Response, bytes]:
            response = self.session.request("GET", path, self.scopes, headers, once=True)
            if response.status != HTTPStatus.OK:
                return response, b""
            return response, b"".join(_at_most(response.chunks(), _LARGEST_DOCUMENT, doing))

        try:
            return self.session.http.persist(attempt)
        except TryAgain as last:
            return last.response, b""

    def _getting(self, descriptor: Descriptor) -> str:
        return f"getting the blob {descriptor.digest} of {self}"

    def _blob_path(self, digest: str) -> str:
        return f"/v2/{self.name}/blobs/{digest}"

    def _manifest_path(self, locator: str) -> str:
        return f"/v2/{self.name}/manifests/{locator}"


def next_page(link: str) -> str | None:
    """Return the URL of the next page from a `Link: <…>; rel="next"` header (RFC 8288), if there is one.

    Raises:
        ValueError: there is one, and it is not said where.

    """
    if match := _NEXT_PAGE.search(link):
        return match[1]
    if _SAYS_NEXT.search(link):
        raise ValueError("its Link names no next page")
    return None


def _location(opened: Response, doing: str) -> str:
    """Return where an upload that was opened goes on (distribution spec: `Location`, a URL or a path)."""
    location = opened.headers.get("Location")
    if not location:
        raise Unreachable(
            f"{opened.host} opened an upload and did not say where it goes on ({doing}): its answer has no Location.",
            "Look at what answers under this host name, and at what is in front of it.",
        )
    return resolve(opened.url, location)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_descriptor(value: object) -> bool:
    """Tell whether something is as much of a descriptor as is needed of it: its digest becomes part of URLs."""
    if not isinstance(value, dict) or not isinstance(value.get("annotations") or {}, dict):
        return False
    digest = value.get("digest")
    return isinstance(digest, str) and is_digest(digest)


def _damaged(doing: str) -> VerificationFailed:
    return VerificationFailed(
        f"{doing}: its bytes have another digest.", "The source's store is damaged; push the image again."
    )


def _at_most(chunks: Iterable[bytes], limit: int, doing: str) -> Iterator[bytes]:
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > limit:
            raise VerificationFailed(
                f"{doing}: more than {limit} bytes came.",
                "The registry does not keep to the size it stated; do not use it.",
            )
        yield chunk
