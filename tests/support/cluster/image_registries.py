"""The registries that images are imported from: they are really asked. What goes wrong is told as Go tells it [5]."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from tests.support.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from tests.support.registries import Registry

from .answers import ApiError, Document, Kind, internal_error, unauthorized

_ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST))
_LISTS = (OCI_INDEX, DOCKER_LIST)
_DOCKER_IMAGE = Kind("image.openshift.io", "dockerimage", "DockerImage")


@dataclass(frozen=True)
class Reference:
    """An image's reference, as `host/repository:tag` or `host/repository@digest`."""

    text: str

    @property
    def host(self) -> str:
        return self.text.partition("/")[0]

    @property
    def repository(self) -> str:
        path = self.text.partition("/")[2].partition("@")[0]
        return path.partition(":")[0]

    @property
    def tag(self) -> str | None:
        """The tag; None for a reference by digest, `latest` where nothing is said."""
        if "@" in self.text:
            return None
        return self.text.partition("/")[2].partition(":")[2] or "latest"

    @property
    def locator(self) -> str:
        return self.tag or self.text.partition("@")[2]


class ImageRegistries:
    """Gets images from registries over TLS with one CA, anonymously but for those it was given a pull secret for."""

    def __init__(self, ca: Path) -> None:
        self._ca = ca
        self._known: dict[str, Registry] = {}

    def add(self, registry: Registry) -> None:
        """Have a pull secret for this registry from now on."""
        self._known[registry.host] = registry

    def image(self, text: str, policy: Document) -> Document:
        """Return the Image that a reference stands for, or raise the ApiError that an import would report."""
        reference = Reference(text)
        media_type, content = self._manifest(reference, reference.locator, policy)
        if media_type in _LISTS and policy.get("importMode", "Legacy") == "Legacy":
            # [5] import a manifest list (default importMode)
            children = json.loads(content)["manifests"]
            child = next(one["digest"] for one in children if one["platform"]["architecture"] == "amd64")
            media_type, content = self._manifest(reference, child, policy)
        return _image(reference, media_type, content)

    def _manifest(self, reference: Reference, locator: str, policy: Document) -> tuple[str, bytes]:
        headers = {"Accept": _ACCEPT}
        known = self._known.get(reference.host)
        if authorization := known and known.authorization(reference.repository):
            headers["Authorization"] = authorization
        connection = self._connect(reference, insecure=bool(policy.get("insecure")))
        try:
            connection.request("GET", f"/v2/{reference.repository}/manifests/{locator}", headers=headers)
            answer = connection.getresponse()
            media_type: str = answer.headers.get("Content-Type", "")
            status, content = answer.status, answer.read()
        except OSError as error:
            raise _unreachable(reference, error) from None
        finally:
            connection.close()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            # Not observed; openshift-apiserver, pkg/image/apiserver/importer: formatRepositoryError.
            raise unauthorized(f'you may not have access to the container image "{reference.text}"')
        if status != HTTPStatus.OK:  # [5] import a tag that is not there
            message = f'{_DOCKER_IMAGE.resource} "{reference.text}" not found'
            raise ApiError(HTTPStatus.NOT_FOUND, "NotFound", message, _DOCKER_IMAGE.details(reference.text))
        return media_type, content

    def _connect(self, reference: Reference, *, insecure: bool) -> HTTPConnection:
        context = ssl.create_default_context(cafile=self._ca)
        if insecure:  # [5] import over TLS, CA not trusted, insecure
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return HTTPSConnection(reference.host, timeout=20, context=context)


def _unreachable(reference: Reference, error: OSError) -> ApiError:
    """[5] import without insecure on plain http; import over TLS, CA not trusted; a port with nobody listening."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    elif isinstance(error, ssl.SSLError):
        why = "http: server gave HTTP response to HTTPS client"
    else:
        why = f"dial tcp {reference.host}: connect: connection refused"
    return internal_error(f'{reference.text}: Get "https://{reference.host}/v2/": {why}')


def _image(reference: Reference, media_type: str, content: bytes) -> Document:
    """[5] import one; import a manifest list (PreserveOriginal). The image's config is left out."""
    digest = digest_of(content)
    image = {
        "metadata": {"name": digest, "annotations": {"image.openshift.io/dockerLayersOrder": "ascending"}},
        "dockerImageReference": f"{reference.host}/{reference.repository}@{digest}",
        "dockerImageMetadata": {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "ContainerConfig": {}},
        "dockerImageMetadataVersion": "1.0",
        "dockerImageManifestMediaType": media_type,
    }
    children = json.loads(content)["manifests"] if media_type in _LISTS else []
    return image | ({"dockerImageManifests": list(map(_child, children))} if children else {})


def _child(entry: Document) -> Document:
    """ImageManifest of github.com/openshift/api, image/v1."""
    about = {"digest": entry["digest"], "mediaType": entry["mediaType"], "manifestSize": entry["size"]}
    return about | {
        key: entry["platform"][key] for key in ("architecture", "os", "variant") if key in entry["platform"]
    }
