"""ImageStreams and their tags, as the API serves them [3, 4, 11, 15]."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

from .answers import (
    IMAGE_STREAM_TAGS,
    IMAGE_STREAMS,
    ApiError,
    Document,
    bad_request,
    conflict,
    invalid,
    not_found,
)
from .image_tags import INTERNAL_REGISTRY, arrive, conditions_of, events_of, follow, remove, spec_of
from .objects import Objects

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_REFERENCE = re.compile(r"[^/\s]+(?:/[a-z0-9._-]+)+(?::[\w.-]+)?(?:@sha256:[a-f0-9]{64})?")
_NO_IMAGE: Document = {
    "metadata": {},
    "dockerImageMetadata": {
        "kind": "DockerImage",
        "apiVersion": "image.openshift.io/1.0",
        "Id": "",
        "Created": None,
        "ContainerConfig": {},
    },
    "dockerImageMetadataVersion": "1.0",
}

MayPull = Callable[[str, str], bool]


class ImageStreams:
    """The image streams of all projects, and the images they know.

    `on_new_origin` is told project, stream and tag of each tag whose image has to be imported.
    """

    def __init__(self, objects: Objects, on_new_origin: Callable[[str, str, str], None]) -> None:
        self._objects = objects
        self._on_new_origin = on_new_origin
        self.images: dict[str, Document] = {}

    def create(self, project: str, document: Document) -> Document:
        """[3] create; create, bad name."""
        name = document["metadata"]["name"]
        if not _NAME.fullmatch(name):
            problem = f'Invalid value: "{name}": must match "{_NAME.pattern}"'
            raise invalid(IMAGE_STREAMS, name, "metadata.name", problem)
        status = {"dockerImageRepository": f"{INTERNAL_REGISTRY}/{project}/{name}"}
        return self._objects.create(IMAGE_STREAMS, project, completed(document) | {"status": status})

    def put(self, project: str, name: str, document: Document) -> Document:
        """[3] PUT; with the old resourceVersion, with none, to a name that is not there. The status stays what it is.

        Tags that follow something else afterwards are not modelled.
        """
        given = document["metadata"].get("resourceVersion")

        def change(stream: Document) -> None:
            if not given:
                problem = "Invalid value: 0: must be specified for an update"
                raise invalid(IMAGE_STREAMS, name, "metadata.resourceVersion", problem)
            if given != stream["metadata"]["resourceVersion"]:
                why = "the object has been modified; please apply your changes to the latest version and try again"
                raise conflict(IMAGE_STREAMS, name, why)
            for key in ("annotations", "labels"):
                stream["metadata"][key] = document["metadata"].get(key) or {}
            tags = {tag["name"]: tag for tag in document["spec"].get("tags", ())}
            stream["spec"]["tags"] = [tag for tag in stream["spec"].get("tags", ()) if tag["name"] in tags]
            for tag in tags.values():
                if follow(stream, tag["name"], tag) and tag.get("from"):
                    raise bad_request("the stub cannot let a tag follow something else by a PUT of its stream")

        return self._objects.edit(IMAGE_STREAMS, project, name, change)

    def find(self, project: str, name: str) -> Document | None:
        try:
            return self._objects.get(IMAGE_STREAMS, project, name)
        except ApiError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return None

    def edit(self, project: str, name: str, change: Callable[[Document], object]) -> Document:
        """Change a stream, which is made first if it is not there; one that stays the same keeps its version."""
        with self._objects.changed:
            before = self.find(project, name) or self._blank(project, name)
            after = copy.deepcopy(before)
            change(after)
            if after == before:
                return before
            if not before["metadata"].get("uid"):
                made = self.create(project, {"metadata": {"name": name}})
                after["metadata"] = made["metadata"] | after["metadata"]

            def store(document: Document) -> None:
                document.update({key: after[key] for key in ("metadata", "spec", "status")})

            return self._objects.edit(IMAGE_STREAMS, project, name, store)

    def push(self, project: str, name: str, tag: str, digest: str, labels: Mapping[str, str]) -> None:
        """Do what a push to the integrated registry does: the tag is the image, and follows nothing [6]."""
        reference = f"{INTERNAL_REGISTRY}/{project}/{name}@{digest}"
        self.images[digest] = {**_NO_IMAGE, "metadata": {"name": digest}, "dockerImageReference": reference}

        def change(stream: Document) -> None:
            stream["metadata"]["labels"] = {**stream["metadata"].get("labels", {}), **labels}
            arrive(stream, tag, digest, reference, stream["metadata"]["generation"])

        self.edit(project, name, change)

    def get_tag(self, project: str, full_name: str) -> Document:
        """[4] GET: 404 for a tag that has only a spec."""
        name, tag = _split(full_name)
        stream = self._objects.get(IMAGE_STREAMS, project, name)
        if not events_of(stream, tag):
            raise not_found(IMAGE_STREAM_TAGS, full_name)
        return self._view(stream, tag)

    def list_tags(self, project: str) -> Document:
        """[4] list tags: those without an image are not listed."""
        streams = self._objects.all(IMAGE_STREAMS, project)
        listed = [(stream, one["tag"]) for stream in streams for one in stream["status"].get("tags", ())]
        items = [self._view(stream, tag) for stream, tag in listed if events_of(stream, tag)]
        return {
            "kind": "ImageStreamTagList",
            "apiVersion": IMAGE_STREAM_TAGS.api_version,
            "metadata": {},
            "items": items,
        }

    def put_tag(self, project: str, full_name: str, document: Document, may_pull: MayPull) -> tuple[Document, bool]:
        """Set a tag; return what is answered, and whether the tag is a new one [4, 15]."""
        name, tag = _split(full_name)
        metadata = document.get("metadata", {})
        if metadata.get("name") != full_name:  # [4] PUT with name in body different from path
            message = (
                f"the name of the object ({metadata.get('name')}) does not match the name on the URL ({full_name})"
            )
            raise bad_request(message)
        with self._objects.changed:
            stream = self.find(project, name)
            _check_version(full_name, metadata.get("resourceVersion"), stream)
            if metadata.get("labels"):  # [4] PUT with labels/annotations/reference/scheduled
                problem = 'Invalid value: "": may not update fields other than metadata.annotations'
                raise invalid(IMAGE_STREAM_TAGS, full_name, "metadata", problem)
            if not document.get("tag"):  # [4] PUT with no tag at all
                where = f"imagestream {project}/{name}"
                raise bad_request(f"imagestreamtag {tag} is not a spec tag in {where}, cannot be updated")
            is_new = stream is None or spec_of(stream, tag) is None
            spec = document["tag"] | {"annotations": metadata.get("annotations")}
            return self._set(project, name, tag, spec, may_pull), is_new

    def post_tag(self, project: str, document: Document, may_pull: MayPull) -> Document:
        """[4] POST new tag; POST same tag again."""
        full_name = document["metadata"]["name"]
        name, tag = _split(full_name)
        with self._objects.changed:
            stream = self.find(project, name)
            if stream and spec_of(stream, tag):
                raise ApiError(
                    HTTPStatus.CONFLICT,
                    "AlreadyExists",
                    f'imagestreamtag.image.openshift.io "{full_name}" already exists',
                    {"name": full_name, "group": IMAGE_STREAM_TAGS.group, "kind": "imagestreamtag"},
                )
            return self._set(project, name, tag, document["tag"], may_pull)

    def delete_tag(self, project: str, full_name: str) -> None:
        """[11] DELETE tag; DELETE tag again."""
        name, tag = _split(full_name)

        def change(stream: Document) -> None:
            if not remove(stream, tag):
                raise not_found(IMAGE_STREAM_TAGS, full_name)

        self._objects.edit(IMAGE_STREAMS, project, name, change)

    def _set(self, project: str, name: str, tag: str, spec: Document, may_pull: MayPull) -> Document:
        full_name, origin = f"{name}:{tag}", spec.get("from", {})
        anew: list[bool] = []

        def change(stream: Document) -> None:
            anew.append(follow(stream, tag, spec))
            if not origin:  # not observed; strategy.go: tagsChanged: what follows nothing stays what it is
                return
            if anew[0] and origin.get("kind") != "DockerImage":
                self._resolve(stream, tag, origin, may_pull)
            elif anew[0] and spec.get("reference"):
                arrive(stream, tag, "", origin["name"], stream["metadata"]["generation"])

        if origin.get("kind") == "DockerImage" and not _REFERENCE.fullmatch(origin["name"]):
            problem = f'Invalid value: "{origin["name"]}": invalid reference format'
            raise invalid(IMAGE_STREAM_TAGS, full_name, "tag.from.name", problem)
        stream = self.edit(project, name, change)
        if anew[0] and origin.get("kind") == "DockerImage" and not spec.get("reference"):
            self._on_new_origin(project, name, tag)
        return self._view(stream, tag)

    def _resolve(self, stream: Document, tag: str, origin: Document, may_pull: MayPull) -> None:
        """Let a tag be what an image or a tag of a stream of this cluster is, at once.

        Not observed; openshift-apiserver, pkg/image/apiserver/registry/imagestream/strategy.go: tagsChanged, Verify.
        """
        here = stream["metadata"]["namespace"]
        project = origin.get("namespace") or here
        name, separator, wanted = origin["name"].partition("@" if origin["kind"] == "ImageStreamImage" else ":")
        field = f"spec.tags[{tag}].from"
        if project != here and not may_pull(project, name):
            raise _refused(stream, f'{field}: Forbidden: {project}/{name}: "" ""')
        other = stream if (project, name) == (here, stream["metadata"]["name"]) else self.find(project, name)
        if other is None:
            raise _refused(stream, f'{field}.name: Not found: "{origin["name"]}"')
        if separator == "@":
            known = [event for one in other["status"].get("tags", ()) for event in one["items"] or ()]
            found = next((event for event in known if event["image"] == wanted), None)
            if found is None:
                why = f'error generating tag event: imagestreamimage.image.openshift.io "{wanted}" not found'
                raise _refused(stream, f'{field}.name: Invalid value: "{origin["name"]}": {why}')
        else:
            found = next(iter(events_of(other, wanted)), None)
        if found is not None:
            there, mine = (
                f"{INTERNAL_REGISTRY}/{project}/{name}@",
                f"{INTERNAL_REGISTRY}/{here}/{stream['metadata']['name']}@",
            )
            reference = found["dockerImageReference"].replace(there, mine)
            arrive(stream, tag, found["image"], reference, stream["metadata"]["generation"])

    def _view(self, stream: Document, tag: str) -> Document:
        """Return the ImageStreamTag [4]."""
        spec, events = spec_of(stream, tag), events_of(stream, tag)
        about = ("namespace", "uid", "resourceVersion", "creationTimestamp", "labels")
        metadata = {key: stream["metadata"][key] for key in about if key in stream["metadata"]}
        if spec and spec["annotations"]:
            metadata["annotations"] = spec["annotations"]
        conditions = conditions_of(stream, tag)
        return {
            "kind": IMAGE_STREAM_TAGS.name,
            "apiVersion": IMAGE_STREAM_TAGS.api_version,
            "metadata": {"name": f"{stream['metadata']['name']}:{tag}", **metadata},
            "tag": spec,
            "generation": events[0]["generation"] if events else 0,
            "lookupPolicy": stream["spec"]["lookupPolicy"],
            **({"conditions": conditions} if conditions else {}),
            "image": self.images.get(events[0]["image"], _NO_IMAGE) if events else _NO_IMAGE,
        }

    def _blank(self, project: str, name: str) -> Document:
        metadata = {"name": name, "namespace": project, "generation": 0}
        repository = f"{INTERNAL_REGISTRY}/{project}/{name}"
        return {
            "metadata": metadata,
            "spec": {"lookupPolicy": {"local": False}},
            "status": {"dockerImageRepository": repository},
        }


def completed(document: Document) -> Document:
    """Return the document with the server's defaults [3]."""
    spec = {"lookupPolicy": {"local": False}} | document.get("spec", {})
    return document | {"spec": spec, "status": document.get("status", {})}


def _split(full_name: str) -> tuple[str, str]:
    """[4] GET of a bad tag name."""
    name, colon, tag = full_name.partition(":")
    if not (name and colon and tag):
        raise bad_request("ImageStreamTags must be retrieved with <name>:<tag>")
    return name, tag


def _check_version(full_name: str, given: str | None, stream: Document | None) -> None:
    """[4] PUT with a stale resourceVersion; without one, whatever is there is overwritten."""
    if not given:
        return
    if stream is None:
        raise not_found(IMAGE_STREAM_TAGS, full_name)
    if given != (version := stream["metadata"]["resourceVersion"]):
        raise conflict(IMAGE_STREAM_TAGS, full_name, f"another caller has updated the resource version to {version}")


def _refused(stream: Document, problem: str) -> ApiError:
    """An error of the strategy, which the server wraps in another one."""
    name = stream["metadata"]["name"]
    return invalid(IMAGE_STREAMS, name, "", f'Internal error: imagestreams "{name}" is invalid: {problem}')
