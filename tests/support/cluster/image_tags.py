"""The rules by which an image stream's tags change; documents in, documents changed.

Where the observations say nothing, it is as in openshift-apiserver, pkg/image/apiserver/registry/imagestream.
"""

from __future__ import annotations

from .answers import Document
from .objects import timestamp

INTERNAL_REGISTRY = "image-registry.openshift-image-registry.svc:5000"


def spec_of(stream: Document, tag: str) -> Document | None:
    """Return what a tag follows, if anything."""
    return next((one for one in stream["spec"].get("tags", ()) if one["name"] == tag), None)


def events_of(stream: Document, tag: str) -> list[Document]:
    """Return what a tag was, newest first."""
    status = _status_of(stream, tag)
    return (status["items"] or []) if status else []


def conditions_of(stream: Document, tag: str) -> list[Document]:
    status = _status_of(stream, tag)
    return status.get("conditions", []) if status else []


def follow(stream: Document, tag: str, given: Document) -> bool:
    """Set what a tag follows, and tell whether it has to be looked at anew.

    [4] PUT; [15] PUT same again: a tag that follows the same keeps its generation, unless generation 0 is given.
    """
    old = spec_of(stream, tag)
    anew = old is None or given.get("generation") == 0 or _followed(old, stream) != _followed(given, stream)
    kept = {key: value for key, value in given.items() if key not in ("name", "generation")}
    new = {
        "name": tag,
        "annotations": None,
        **kept,
        "generation": stream["metadata"]["generation"] + 1 if old is None or anew else old["generation"],
        "importPolicy": {"importMode": "Legacy"} | given.get("importPolicy", {}),
        "referencePolicy": {"type": "Source"} | given.get("referencePolicy", {}),
    }
    if new != old:
        _store(stream, new)
        stream["metadata"]["generation"] += 1
    return anew


def arrive(stream: Document, tag: str, image: str, reference: str, generation: int) -> None:
    """Let a tag be an image from now on; what it was stays in its history."""
    event = {"created": timestamp(), "dockerImageReference": reference, "image": image, "generation": generation}
    before = events_of(stream, tag)
    if before and before[0]["image"] == image:
        event["created"] = before[0]["created"]
        before = before[1:]
    _store_status(stream, {"tag": tag, "items": [event, *before]})


def import_succeeded(stream: Document, tag: str, image: Document) -> None:
    """[15] GET: both generations are equal then, and one higher than before; [5] same import again: no change."""
    generation = stream["metadata"]["generation"] + 1
    events, spec = events_of(stream, tag), spec_of(stream, tag)
    name, reference = image["metadata"]["name"], image["dockerImageReference"]
    if events and spec and events[0]["image"] == name and events[0]["generation"] == spec["generation"]:
        return
    _step(stream, tag, generation)
    arrive(stream, tag, name, reference, generation)


def import_failed(stream: Document, tag: str, status: Document) -> None:
    """[5] stream after a failed import; [15] PUT to a tag the registry lacks: what it was is kept."""
    generation = stream["metadata"]["generation"] + 1
    _step(stream, tag, generation)
    condition = {
        "type": "ImportSuccess",
        "status": "False",
        "lastTransitionTime": timestamp(),
        "reason": status["reason"],
        "message": status["message"],
        "generation": generation,
    }
    items = events_of(stream, tag) or None
    _store_status(stream, {"tag": tag, "items": items, "conditions": [condition]})


def remove(stream: Document, tag: str) -> bool:
    """Remove a tag with its history, and tell whether there was one [11]."""
    there = spec_of(stream, tag) is not None or _status_of(stream, tag) is not None
    stream["spec"]["tags"] = [one for one in stream["spec"].get("tags", ()) if one["name"] != tag]
    stream["status"]["tags"] = [one for one in stream["status"].get("tags", ()) if one["tag"] != tag]
    stream["metadata"]["generation"] += there
    return there


def _status_of(stream: Document, tag: str) -> Document | None:
    return next((one for one in stream["status"].get("tags", ()) if one["tag"] == tag), None)


def _step(stream: Document, tag: str, generation: int) -> None:
    stream["metadata"]["generation"] = generation
    spec = spec_of(stream, tag)
    if spec is not None:
        spec["generation"] = generation


def _store(stream: Document, spec: Document) -> None:
    others = [one for one in stream["spec"].get("tags", ()) if one["name"] != spec["name"]]
    stream["spec"]["tags"] = sorted([*others, spec], key=lambda one: str(one["name"]))


def _store_status(stream: Document, status: Document) -> None:
    others = [one for one in stream["status"].get("tags", ()) if one["tag"] != status["tag"]]
    stream["status"]["tags"] = sorted([*others, status], key=lambda one: str(one["tag"]))


def _followed(spec: Document, stream: Document) -> tuple[object, ...]:
    origin = spec.get("from", {})
    namespace = origin.get("namespace") or stream["metadata"]["namespace"]
    return namespace, origin.get("name"), bool(spec.get("reference"))
