"""Imports: those that an ImageStreamImport asks for [5], and those in the background [15]."""

from __future__ import annotations

import copy
import queue
import threading
import uuid
from typing import Any

from .answers import IMAGE_STREAM_IMPORTS, IMAGE_STREAMS, ApiError, Document, conflict, invalid, not_found
from .image_registries import ImageRegistries, Reference
from .image_streams import ImageStreams
from .image_tags import follow, import_failed, import_succeeded, spec_of
from .objects import Objects, timestamp

_CHECKED = "openshift.io/image.dockerRepositoryCheck"
_STOP = ("", "", "")


class ImageImports:
    """Imports images into image streams. One thread does so in the background, while `gate` is set.

    With `one_platform` it takes one platform of a list only, as servers do that do not know `importMode`.
    """

    def __init__(self, objects: Objects, registries: ImageRegistries) -> None:
        self._objects = objects
        self._registries = registries
        self._waiting: queue.Queue[tuple[str, str, str]] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="image imports")
        self._errors: list[BaseException] = []
        self.gate = threading.Event()
        self.gate.set()
        self.one_platform = False
        self.streams = ImageStreams(objects, lambda *tag: self._waiting.put(tag))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the background's work; raises what went wrong in it."""
        self._waiting.put(_STOP)
        self.gate.set()
        self._thread.join()
        if self._errors:
            raise BaseExceptionGroup("imports of the stub failed", self._errors)

    def run_scheduled(self) -> None:
        """Import every tag with `scheduled: true` again, as the controller does every quarter of an hour."""
        for project in self._objects.projects:
            for stream in self._objects.all(IMAGE_STREAMS, project):
                for spec in stream["spec"].get("tags", ()):
                    if spec["importPolicy"].get("scheduled"):
                        self._import(project, stream["metadata"]["name"], spec["name"])

    def create(self, project: str, document: Document) -> Document:
        """Answer a POST of an ImageStreamImport: a success, whatever becomes of the images [5]."""
        name, spec = document["metadata"]["name"], copy.deepcopy(document["spec"])
        if not spec.get("images"):  # [5] import with neither images nor repository
            problem = "Invalid value: null: you must specify at least one image or a repository import"
            raise invalid(IMAGE_STREAM_IMPORTS, name, "spec.images", problem)
        self._check_version(project, name, document["metadata"].get("resourceVersion"))
        outcomes = []
        for image in spec["images"]:
            _complete(image)
            outcomes.append(self._look(image))
        status: Document = {"images": outcomes}
        if spec.get("import"):
            status["import"] = self._store(project, name, spec["images"], outcomes)
        made = {"name": name, "namespace": project, "uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
        about = {"kind": IMAGE_STREAM_IMPORTS.name, "apiVersion": IMAGE_STREAM_IMPORTS.api_version}
        return {**about, "metadata": made, "spec": spec, "status": status}

    def _check_version(self, project: str, name: str, given: str | None) -> None:
        """Not observed; openshift-apiserver, pkg/image/apiserver/registry/imagestreamimport/rest.go: Create."""
        stream = self.streams.find(project, name)
        if given and stream is None:
            raise not_found(IMAGE_STREAMS, name)
        if given and stream and given != (version := stream["metadata"]["resourceVersion"]):
            why = f'the image stream was updated from "{given}" to "{version}"'
            raise conflict(IMAGE_STREAMS, name, why)

    def _look(self, image: Document) -> Document:
        """Ask the registry; `tag` is the source's, and absent for an image by digest [5]."""
        reference = image["from"]["name"]
        tag = Reference(reference).tag
        about = {"tag": tag} if tag else {}
        policy = image["importPolicy"] | ({"importMode": "Legacy"} if self.one_platform else {})
        try:
            found = self._registries.image(reference, policy)
        except ApiError as error:
            return {"status": error.status(), **about}
        return {"status": {"metadata": {}, "status": "Success"}, "image": found, **about}

    def _store(self, project: str, name: str, images: list[Document], outcomes: list[Document]) -> Document:
        def change(stream: Document) -> None:
            annotations = stream["metadata"].setdefault("annotations", {})
            annotations.setdefault(_CHECKED, timestamp())
            for image, outcome in zip(images, outcomes, strict=True):
                self._settle(stream, image, outcome)

        return self.streams.edit(project, name, change)

    def _settle(self, stream: Document, image: Document, outcome: Document) -> None:
        tag, kept = image["to"]["name"], ("from", "importPolicy", "referencePolicy")
        follow(stream, tag, {"annotations": None, **(spec_of(stream, tag) or {}), **{key: image[key] for key in kept}})
        self._conclude(stream, tag, outcome)

    def _conclude(self, stream: Document, tag: str, outcome: Document) -> None:
        if "image" in outcome:
            self.streams.images[outcome["image"]["metadata"]["name"]] = outcome["image"]
            import_succeeded(stream, tag, outcome["image"])
        else:
            import_failed(stream, tag, outcome["status"])

    def _import(self, project: str, name: str, tag: str) -> None:
        stream = self.streams.find(project, name)
        spec = stream and spec_of(stream, tag)
        if not stream or not spec:
            return
        outcome = self._look(spec)

        def change(stream: Document) -> None:
            if (spec_of(stream, tag) or {}).get("from") == spec["from"]:
                self._conclude(stream, tag, outcome)

        self.streams.edit(project, name, change)

    def _work(self) -> None:
        while (tag := self._waiting.get()) != _STOP:
            self.gate.wait()
            try:
                self._import(*tag)
            except Exception as error:  # noqa: BLE001 - raised by `stop`
                self._errors.append(error)


def _complete(image: dict[str, Any]) -> None:
    """[5] import with no `to`: the source's tag is the destination's."""
    image.setdefault("to", {"name": Reference(image["from"]["name"]).tag})
    image["importPolicy"] = {"importMode": "Legacy"} | image.get("importPolicy", {})
    image["referencePolicy"] = {"type": "Source"} | image.get("referencePolicy", {})
