"""The rig's own way to talk to a registry, independent of the code under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import BinaryIO, Protocol
from urllib.parse import quote, urlsplit

from tests.support.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Blob, Image

ALL_MANIFESTS = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))


class Reachable(Protocol):
    """A registry that can be talked to, of the rig or not."""

    def authorization(self, *repositories: str) -> str | None:
        """Return an Authorization header that may do everything to these repositories, if one is needed."""

    def connect(self) -> AbstractContextManager[HTTPConnection]:
        """Return a connection, to be used in a `with`."""


@dataclass(frozen=True)
class Response:
    """A registry's answer."""

    status: int
    headers: HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Resolved:
    """What stands under a tag or a digest."""

    digest: str
    media_type: str
    content: bytes


class UnexpectedAnswerError(Exception):
    """A registry answered something else than the rig needs to go on."""


def request(
    registry: Reachable,
    method: str,
    path: str,
    *,
    repositories: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    body: bytes | BinaryIO | None = None,
) -> Response:
    """Send one request, with credentials for these repositories, and return whatever is answered.

    A streamed body needs its Content-Length among the headers.
    """
    sent = {"User-Agent": "rig", **(headers or {})}
    if authorization := registry.authorization(*repositories):
        sent.setdefault("Authorization", authorization)
    with registry.connect() as connection:
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())


def push(image: Image, registry: Reachable, repository: str, tag: str | None = None) -> str:
    """Put an image, or anything else with a manifest, into a repository; return its digest."""
    for child in image.children:
        push(child, registry, repository)
    for blob in image.blobs:
        if not blob_exists(registry, repository, blob.digest):
            push_blob(blob, registry, repository)
    put_manifest(image, registry, repository, tag or image.digest)
    return image.digest


def push_blob(blob: Blob, registry: Reachable, repository: str) -> None:
    """Upload a blob, whether it is there or not."""
    begun = request(registry, "POST", f"/v2/{repository}/blobs/uploads/", repositories=(repository,))
    _expect(begun, 202)
    session = urlsplit(begun.headers["Location"])
    with blob.open() as content:
        done = request(
            registry,
            "PUT",
            f"{session.path}?{session.query}&digest={quote(blob.digest)}",
            repositories=(repository,),
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)},
            body=content,
        )
    _expect(done, 201)


def put_manifest(image: Image, registry: Reachable, repository: str, reference: str) -> None:
    """Put the manifest alone, under a tag or its digest: so a tag is moved to an image that is there."""
    done = request(
        registry,
        "PUT",
        f"/v2/{repository}/manifests/{reference}",
        repositories=(repository,),
        headers={"Content-Type": image.media_type},
        body=image.content,
    )
    _expect(done, 201)


def resolve(registry: Reachable, repository: str, reference: str) -> Resolved | None:
    """Return the manifest under a tag or digest, None if there is none."""
    found = request(
        registry,
        "GET",
        f"/v2/{repository}/manifests/{reference}",
        repositories=(repository,),
        headers={"Accept": ALL_MANIFESTS},
    )
    if found.status == 404:
        return None
    _expect(found, 200)
    return Resolved(found.headers["Docker-Content-Digest"], found.headers["Content-Type"], found.body)


def tags(registry: Reachable, repository: str) -> set[str]:
    """Return the tags of a repository; none if there is no such repository."""
    found = request(registry, "GET", f"/v2/{repository}/tags/list", repositories=(repository,))
    if found.status == 404:
        return set()
    _expect(found, 200)
    return set(json.loads(found.body)["tags"] or [])


def blob_exists(registry: Reachable, repository: str, digest: str) -> bool:
    """Tell whether the repository has the blob."""
    found = request(registry, "HEAD", f"/v2/{repository}/blobs/{digest}", repositories=(repository,))
    if found.status == 404:
        return False
    _expect(found, 200)
    return True


def delete_manifest(registry: Reachable, repository: str, digest: str) -> None:
    """Delete a manifest by its digest, and with it the tags that name it."""
    _expect(request(registry, "DELETE", f"/v2/{repository}/manifests/{digest}", repositories=(repository,)), 202)


def delete_blob(registry: Reachable, repository: str, digest: str) -> None:
    """Delete a blob from the repository."""
    _expect(request(registry, "DELETE", f"/v2/{repository}/blobs/{digest}", repositories=(repository,)), 202)


def _expect(response: Response, status: int) -> None:
    if response.status != status:
        raise UnexpectedAnswerError(f"{response.status} in place of {status}: {response.body.decode()}")
