"""The objects of the cluster: JSON documents by kind, project and name, and every change made to them."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain

from .answers import ApiError, Document, Kind, bad_request, not_found


@dataclass(frozen=True)
class Change:
    """One event of a watch: `type` is ADDED, MODIFIED or DELETED."""

    version: int
    type: str
    kind: Kind
    document: Document

    def concerns(self, kind: Kind, project: str) -> bool:
        return self.kind == kind and self.document["metadata"]["namespace"] == project


class Objects:
    """Stored objects, handed out as copies; `changed` is notified at every change and at `close`."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.closed = False
        self._version = 0
        self._projects: set[str] = set()
        self._documents: dict[tuple[Kind, str, str], Document] = {}
        self._changes: list[Change] = []

    def close(self) -> None:
        """End every wait on `changed`."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait_closed(self, timeout_s: float) -> None:
        """Let time pass, but no longer than the cluster runs."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed, timeout_s)

    def add_project(self, name: str) -> None:
        self._projects.add(name)

    @property
    def projects(self) -> list[str]:
        return sorted(self._projects)

    def create(self, kind: Kind, project: str, document: Document) -> Document:
        """Store a new object under its `metadata.name`; the server's own metadata is filled in."""
        name = document["metadata"]["name"]
        with self.changed:
            if project not in self._projects:
                raise _no_such_namespace(project)
            if (kind, project, name) in self._documents:
                raise _already_exists(kind, name)
            stored = copy.deepcopy(document) | {"metadata": _new_metadata(project, document["metadata"])}
            self._documents[kind, project, name] = {"kind": kind.name, "apiVersion": kind.api_version} | stored
            return self._record("ADDED", kind, self._documents[kind, project, name])

    def get(self, kind: Kind, project: str, name: str) -> Document:
        with self.changed:
            return copy.deepcopy(self._stored(kind, project, name))

    def edit(self, kind: Kind, project: str, name: str, change: Callable[[Document], None]) -> Document:
        """Let `change` alter a copy of the object, and store the copy unless `change` raised."""
        with self.changed:
            document = self.get(kind, project, name)
            change(document)
            self._documents[kind, project, name] = document
            return self._record("MODIFIED", kind, document)

    def delete(self, kind: Kind, project: str, name: str) -> Document:
        with self.changed:
            document = self._stored(kind, project, name)
            del self._documents[kind, project, name]
            return self._record("DELETED", kind, document)

    def all(self, kind: Kind, project: str) -> list[Document]:
        """Return the project's objects of a kind in the order of their names, as etcd keeps them."""
        with self.changed:
            found = sorted(key for key in self._documents if key[:2] == (kind, project))
            return [copy.deepcopy(self._documents[key]) for key in found]

    def page(self, kind: Kind, project: str, query: Mapping[str, str]) -> Document:
        """Return a list object: `labelSelector`, `fieldSelector`, `limit`, `continue` as in the API."""
        chosen = _selection(query)
        with self.changed:
            found = [document for document in self.all(kind, project) if chosen(document)]
            version = str(self._version)
        after = _start_of_page(query.get("continue", ""))
        rest = [document for document in found if document["metadata"]["name"] > after]
        limit = int(query.get("limit", "0")) or len(rest)
        metadata: Document = {"resourceVersion": version}
        if len(rest) > limit:
            metadata["continue"] = _continue_token(version, rest[limit - 1]["metadata"]["name"])
        return {
            "kind": f"{kind.name}List",
            "apiVersion": kind.api_version,
            "metadata": metadata,
            "items": [_list_item(document) for document in rest[:limit]],
        }

    def watch(self, kind: Kind, project: str, query: Mapping[str, str]) -> Iterator[Change]:
        """Return changes as they come for `timeoutSeconds`; first what is there, unless told a version [10]."""
        chosen = _selection(query)
        deadline = time.monotonic() + int(query.get("timeoutSeconds", "300"))
        with self.changed:
            present = [] if "resourceVersion" in query else self.all(kind, project)
            seen = int(query.get("resourceVersion", self._version))
        changes = chain(
            (Change(seen, "ADDED", kind, document) for document in present),
            self._changes_since(seen, deadline),
        )
        return (change for change in changes if change.concerns(kind, project) and chosen(change.document))

    def _changes_since(self, version: int, deadline: float) -> Iterator[Change]:
        while (left_s := deadline - time.monotonic()) > 0 and not self.closed:
            news = self._wait_for_news(version, left_s)
            yield from news
            version = news[-1].version if news else version

    def _wait_for_news(self, version: int, timeout_s: float) -> list[Change]:
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self._version > version, timeout_s)
            return [change for change in self._changes if change.version > version]

    def _stored(self, kind: Kind, project: str, name: str) -> Document:
        try:
            return self._documents[kind, project, name]
        except KeyError:
            raise not_found(kind, name) from None

    def _record(self, event: str, kind: Kind, document: Document) -> Document:
        self._version += 1
        document["metadata"]["resourceVersion"] = str(self._version)
        self._changes.append(Change(self._version, event, kind, copy.deepcopy(document)))
        self.changed.notify_all()
        return copy.deepcopy(document)


def timestamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _new_metadata(project: str, given: Document) -> Document:
    made = {
        "name": given["name"],
        "namespace": project,
        "uid": str(uuid.uuid4()),
        "resourceVersion": "",
        "generation": 1,
        "creationTimestamp": timestamp(),
    }
    return made | {key: value for key, value in given.items() if key not in made}


def _list_item(document: Document) -> Document:
    """[9] list builds by label: the items carry neither kind nor apiVersion."""
    return {key: value for key, value in document.items() if key not in ("kind", "apiVersion")}


def _selection(query: Mapping[str, str]) -> Callable[[Document], bool]:
    labels = _terms(query.get("labelSelector", ""))
    fields = _terms(query.get("fieldSelector", ""))

    def chosen(document: Document) -> bool:
        metadata = document["metadata"]
        known = {
            "metadata.name": metadata["name"],
            "metadata.namespace": metadata["namespace"],
            "status": document.get("status", {}).get("phase"),  # [9] fieldSelector status=New
        }
        return labels.items() <= metadata.get("labels", {}).items() and fields.items() <= known.items()

    return chosen


def _terms(selector: str) -> dict[str, str]:
    """Read `key=value` or `key==value` terms; the other operators are not modelled."""
    terms = [term.replace("==", "=").partition("=") for term in selector.split(",") if term]
    if any(not equals or key.endswith("!") for key, equals, _ in terms):
        raise bad_request(f"the stub cannot read the selector {selector!r}")
    return {key: value for key, _, value in terms}


def _continue_token(version: str, last_name: str) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": int(version), "start": last_name}
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode()


def _start_of_page(token: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(token))["start"]) if token else ""


def _no_such_namespace(name: str) -> ApiError:
    """[1] create in a namespace that is not there."""
    details = {"name": name, "kind": "namespaces"}
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", f'namespaces "{name}" not found', details)


def _already_exists(kind: Kind, name: str) -> ApiError:
    """[7] create, Serial policy dup."""
    message = f'{kind.resource} "{name}" already exists'
    return ApiError(HTTPStatus.CONFLICT, "AlreadyExists", message, kind.details(name))
