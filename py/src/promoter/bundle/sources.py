"""A bundle's images as sources, to be brought to a registry as those of any other registry are."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from io import BufferedReader, BytesIO
from typing import Any, NamedTuple

from promoter.bundle.opening import Bundle
from promoter.credentials.sources import ANONYMOUS
from promoter.http.client import HttpClient
from promoter.http.connection import Body, Response
from promoter.http.trust import Trust
from promoter.http.wire import Head, Headers
from promoter.model.bundle import BundledImage
from promoter.model.configuration import Configuration
from promoter.model.manifest import OCI_INDEX
from promoter.model.reference import ImageReference
from promoter.model.request import SourceAccess
from promoter.promotion.places import Place, Places
from promoter.promotion.records.statements import subject_of
from promoter.registry.auth import Authenticator
from promoter.registry.repository import Repository
from promoter.registry.scopes import Scopes
from promoter.registry.session import RegistrySession

_HOST = "bundle"
_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|referrers|tags)/(?P<locator>[^/?]+)(\?.*)?")


class _Answer(NamedTuple):
    """What a registry would answer: the body, and what it is."""

    body: BufferedReader
    size: int
    media_type: str = "application/json"
    digest: str = ""


class BundleSession(RegistrySession):
    """Answers from a bundle what a registry would that has its images under their names (distribution spec 1.1).

    Nothing is sent anywhere.

    Args:
        bundle: has been verified.
        http: used for nothing but its patience.

    """

    def __init__(self, bundle: Bundle, http: HttpClient) -> None:
        super().__init__(_HOST, http, Authenticator(_HOST, http, ANONYMOUS))
        self._bundle = bundle
        self._tags: dict[str, dict[str, str]] = {}
        for image in bundle.contents.images:
            self._tags.setdefault(image.name, {}).update({image.tag: image.digest, **image.tagged})
        self._referrers = _referrers_by_subject(bundle)

    def request(
        self,
        method: str,
        path: str,
        scopes: Scopes,  # noqa: ARG002 - everybody may read a file that is there
        headers: dict[str, str] | None = None,  # noqa: ARG002 - manifests are of one type each
        body: Body = None,  # noqa: ARG002 - it takes none
        *,
        once: bool = False,  # noqa: ARG002 - it never is better the next time
    ) -> Response:
        """Answer a request to read; see `RegistrySession.request`."""
        asked = _PATH.fullmatch(path)
        found = self._answer(**asked.groupdict()) if asked and method in {"GET", "HEAD"} else None
        fields = Headers()
        fields.add("Content-Length", str(found.size if found else 0))
        if found is None:
            head = Head(HTTPStatus.NOT_FOUND, fields, persistent=True)
            return Response(method, f"https://{_HOST}{path}", head, _stream(b""), lambda _: None)
        fields.add("Content-Type", found.media_type)
        fields.add("Docker-Content-Digest", found.digest)
        head = Head(HTTPStatus.OK, fields, persistent=True)
        return Response(method, f"https://{_HOST}{path}", head, found.body, lambda _: found.body.close())

    def _answer(self, name: str, kind: str, locator: str) -> _Answer | None:
        if kind == "manifests":
            return self._manifest(self._tags.get(name, {}).get(locator, locator))
        if kind == "blobs":
            return self._blob(locator)
        if kind == "tags":
            return _document({"name": name, "tags": list(self._tags.get(name, ()))})
        return _document({"schemaVersion": 2, "manifests": self._referrers.get(locator, [])}, OCI_INDEX)

    def _manifest(self, digest: str) -> _Answer | None:
        media_type = self._bundle.contents.manifests.get(digest)
        found = self._blob(digest) if media_type else None
        return found._replace(media_type=media_type or "") if found else None

    def _blob(self, digest: str) -> _Answer | None:
        part = self._bundle.blob(digest)
        return _Answer(part.open(), part.size, "application/octet-stream", digest) if part else None


def _referrers_by_subject(bundle: Bundle) -> dict[str, list[dict[str, Any]]]:
    """Read, once, what refers to what."""
    listed: dict[str, list[dict[str, Any]]] = {}
    for digest in dict.fromkeys(one for image in bundle.contents.images for one in image.referrers):
        artifact = bundle.manifest(digest)
        listed.setdefault(str(subject_of(artifact)), []).append(artifact.descriptor.to_json())
    return listed


def _document(document: dict[str, Any], media_type: str = "application/json") -> _Answer:
    content = json.dumps(document).encode()
    return _Answer(_stream(content), len(content), media_type)


def _stream(content: bytes) -> BufferedReader:
    return BufferedReader(BytesIO(content))


class BundlePlaces(Places):
    """Opens a bundle's images as sources, by `name:tag`, and any destination.

    A source's registry is written as `bundle:` and the bundle's digest, with where the image came from behind it: that
    is what is recorded, and it is equal to no registry's host, whose blobs could be taken to be there.

    Args:
        bundle: has been verified.
        places: of the command.

    """

    def __init__(self, bundle: Bundle, places: Places) -> None:
        super().__init__(places.configuration, places.deadline, places.say, patience=places.patience)
        self.say_more = places.say_more
        self._registry = f"bundle:{bundle.digest}"
        self._images = {str(image): image for image in bundle.contents.images}
        self._session = BundleSession(bundle, self.http(Trust()))

    def source(self, request: SourceAccess, text: str) -> Place:  # noqa: ARG002 - a file takes no access
        """Open an image of the bundle."""
        image = self._images[text]
        reference = ImageReference(self._registry, image.source, image.tag)
        repository = Repository(self._session, image.name, "pull")
        return Place(reference, repository, ANONYMOUS, Trust(), environment_of(image, self.configuration))

    def image_name(self, place: Place) -> str:
        """Return an image's name within the environment that it is in, or was exported from."""
        return place.repository.name if place.repository.session is self._session else super().image_name(place)


def environment_of(image: BundledImage, configuration: Configuration) -> str | None:
    """Return which environment of this side's configuration an image comes from, if it is any of them.

    That is the one with its registry and project; or else the one that the exporting side calls so, since it may
    reach the registry by another host.
    """
    registry, _, repository = image.source.partition("/")
    project = repository.removesuffix(image.name).rstrip("/")
    known = configuration.environment_at(registry, project)
    return known or (image.environment if image.environment in configuration.environments else None)
