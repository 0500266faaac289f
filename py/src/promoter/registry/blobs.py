"""The blobs of a repository: distribution spec, "Checking if content exists", "Mounting a blob", "Pushing blobs"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from promoter.errors import NotPermitted, PromoterError, Unreachable, VerificationFailed
from promoter.http.connection import Response, resolve
from promoter.http.patience import Busy, TryAgain
from promoter.model.manifest import CONFIG_TYPES, Descriptor, Manifest, digest_of
from promoter.registry.documents import Documents, at_most
from promoter.registry.scopes import Scopes
from promoter.registry.session import RegistrySession


class Upload(NamedTuple):
    """An upload that a registry has opened, by the URL where it goes on."""

    location: str


class Blobs:
    """A repository of a registry, as far as its blobs go.

    Args:
        session: the registry.
        name: the repository's name, without the host.
        actions: `pull`, or `pull,push`: what its user needs there.

    """

    def __init__(self, session: RegistrySession, name: str, actions: str) -> None:
        self.session = session
        self.name = name
        self.scopes: Scopes = (f"repository:{name}:{actions}",)
        self._documents = Documents(session, self.scopes)

    def __str__(self) -> str:
        """Write the repository as references do."""
        return f"{self.session.host}/{self.name}"

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
        for chunk in at_most(response.chunks(), descriptor.size, doing):
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
        response, content = self._documents.get(self._blob_path(descriptor.digest), doing)
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

    def _getting(self, descriptor: Descriptor) -> str:
        return f"getting the blob {descriptor.digest} of {self}"

    def _blob_path(self, digest: str) -> str:
        return f"/v2/{self.name}/blobs/{digest}"


def _location(opened: Response, doing: str) -> str:
    """Return where an upload that was opened goes on (distribution spec: `Location`, a URL or a path)."""
    location = opened.headers.get("Location")
    if not location:
        raise Unreachable(
            f"{opened.host} opened an upload and did not say where it goes on ({doing}): its answer has no Location.",
            "Look at what answers under this host name, and at what is in front of it.",
        )
    return resolve(opened.url, location)


def _damaged(doing: str) -> VerificationFailed:
    return VerificationFailed(
        f"{doing}: its bytes have another digest.", "The source's store is damaged; push the image again."
    )
