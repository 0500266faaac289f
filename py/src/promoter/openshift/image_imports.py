"""Imports: the cluster asks a registry for an image and sets an image stream's tag to it.

API: POST of an ImageStreamImport (image.openshift.io/v1) is answered 201 whatever became of the images; each has a
status of its own. Without `importMode: PreserveOriginal` only one platform of a list is taken.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from promoter.errors import NotFound, NotPermitted, PromoterError, Unreachable
from promoter.model.manifest import platform_name
from promoter.openshift.api import ClusterApi, Object

API = "/apis/image.openshift.io/v1"
_NOT_THERE = frozenset({"NotFound", HTTPStatus.NOT_FOUND})
_NOT_ALLOWED = frozenset({"Unauthorized", "Forbidden", HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class ImportedImage(NamedTuple):
    """An image that the cluster found in a registry: its digest, and its platforms if it is a list of several."""

    digest: str
    platforms: tuple[str, ...]


class ImportPolicy(NamedTuple):
    """How a tag is imported.

    Args:
        scheduled: look again regularly, and move the tag when the reference has moved.
        insecure: accept any certificate, and no TLS at all.
        through_cluster: have the image pulled through the cluster's own registry, not from where it is.

    """

    scheduled: bool = False
    insecure: bool = False
    through_cluster: bool = False

    def fields(self) -> Object:
        """Write it as tags and imports have it."""
        policy = {"importMode": "PreserveOriginal"} | {
            name: True for name, wanted in (("scheduled", self.scheduled), ("insecure", self.insecure)) if wanted
        }
        return {
            "importPolicy": policy,
            "referencePolicy": {"type": "Local" if self.through_cluster else "Source"},
        }


class ImageImports:
    """Imports into the image streams of a project.

    Args:
        api: the cluster.
        project: the project.

    """

    def __init__(self, api: ClusterApi, project: str) -> None:
        self._api = api
        self._project = project

    def look_up(self, stream: str, reference: str, policy: ImportPolicy) -> ImportedImage:
        """Have the cluster look at an image, and change nothing.

        Raises:
            NotFound, NotPermitted, Unreachable: it is not there, or cannot be had from the cluster.

        """
        return self._ask({"name": stream}, reference, policy, to=None)

    def run(self, stream: str, tag: str, reference: str, policy: ImportPolicy, *, version: str | None) -> ImportedImage:
        """Import an image into a tag; the tag is the image when this returns.

        Args:
            stream: the image stream; made if it is not there.
            tag: the tag.
            reference: the image, in any registry.
            policy: how.
            version: the image stream's resourceVersion, if it is there.

        Raises:
            Conflict: the image stream was changed meanwhile.
            NotFound, NotPermitted, Unreachable: it is not there, or cannot be had from the cluster.

        """
        metadata = {"name": stream} | ({"resourceVersion": version} if version else {})
        return self._ask(metadata, reference, policy, to=tag)

    def _ask(self, metadata: Object, reference: str, policy: ImportPolicy, *, to: str | None) -> ImportedImage:
        image = {"from": {"kind": "DockerImage", "name": reference}, **policy.fields()}
        document = {
            "kind": "ImageStreamImport",
            "apiVersion": "image.openshift.io/v1",
            "metadata": metadata,
            "spec": {"import": to is not None, "images": [image | ({"to": {"name": to}} if to else {})]},
        }
        answer = self._api.post(f"{API}/namespaces/{self._project}/imagestreamimports", document)
        try:
            outcome = answer["status"]["images"][0]
            if outcome["status"].get("status") != "Success":
                raise import_failure(self._project, reference, outcome["status"])
            return _imported(outcome["image"])
        except (LookupError, TypeError, AttributeError) as error:
            raise Unreachable(
                f"{self._api.url} does not tell what became of the import of {reference} into project {self._project}.",
                "Look at what answers under this host name, and at what is in front of it.",
            ) from error


def _imported(image: Object) -> ImportedImage:
    digest, manifests = image["metadata"]["name"], image.get("dockerImageManifests") or ()
    if not isinstance(digest, str):
        raise TypeError(f"{digest!r} is no digest")
    return ImportedImage(digest, tuple(map(_platform, manifests)))


def import_failure(project: str, reference: str, status: Object) -> PromoterError:
    """Turn what a status or a condition says about a failed import into the error it means."""
    said = f"The cluster could not import {reference} into project {project}: {status.get('message')}"
    causes = {status.get("reason"), status.get("code")}
    if causes & _NOT_THERE:
        return NotFound(said, "Check the reference: registry, repository, and tag or digest.")
    if causes & _NOT_ALLOWED:
        return NotPermitted(
            said,
            f"Put a pull secret for that registry into project {project} "
            f"(`oc create secret docker-registry NAME --namespace {project} …`); imports use every one that is there.",
        )
    return Unreachable(said, _remedy(str(status.get("message"))))


def _remedy(message: str) -> str:
    if "x509" in message or "tls:" in message:
        return (
            "Let the cluster trust the registry's authority (`additionalTrustedCA` of its image configuration), "
            "or accept any certificate with --insecure."
        )
    if "HTTP response to HTTPS client" in message:
        return "The registry speaks no TLS; if it is to be used all the same, say --insecure."
    return "See whether the cluster reaches the registry: its name, its port, a proxy or firewall between them."


def _platform(manifest: Object) -> str:
    return platform_name({key: value for key, value in manifest.items() if key in ("os", "architecture", "variant")})
