"""Image streams: what their tags are, and setting one.

API: image.openshift.io/v1. What a tag shall follow is in the stream's `spec.tags`, what it is in `status.tags`, newest
first. For an image of the same cluster both change at once; an image from elsewhere is imported in the background, and
until then the tag is what it was: `spec.tags[].generation` is higher than that of the newest item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promoter.credentials import jwt
from promoter.errors import NotFound, WrongUsage
from promoter.http.deadline import Deadline
from promoter.openshift.api import ClusterApi, Forbidden, Object
from promoter.openshift.image_imports import API, import_failure
from promoter.openshift.rights import Right
from promoter.openshift.waiting import Waiting

_NO_PULL = re.compile(r"\.from: Forbidden: (?P<project>[^/\s]+)/(?P<stream>[^\s:]+)")


class TagEvent(NamedTuple):
    """Something that a tag was.

    Args:
        digest: the image; of a tag that is a mere reference, the reference.
        at: since when, in UTC (RFC 3339).

    """

    digest: str
    at: str


class StreamTag(NamedTuple):
    """A tag of an image stream: what it shall follow (`spec`), and what it is (`status`); either may be empty."""

    spec: Object
    status: Object

    @property
    def origin(self) -> str | None:
        """What it shall follow, such as `app@sha256:…` or `quay.io/team/app:1`; nothing for one that was pushed."""
        name = (self.spec.get("from") or {}).get("name")
        return str(name) if name else None

    @property
    def events(self) -> tuple[TagEvent, ...]:
        """What it has been, newest first."""
        return tuple(
            TagEvent(str(item.get("image") or item.get("dockerImageReference")), str(item.get("created")))
            for item in self._items
        )

    @property
    def digests(self) -> tuple[str, ...]:
        """What it has been, newest first; a tag that is a mere reference has the reference in a digest's place."""
        return tuple(event.digest for event in self.events)

    @property
    def digest(self) -> str | None:
        """What it is; nothing if nothing was ever imported or pushed."""
        return next(iter(self.digests), None)

    @property
    def annotations(self) -> dict[str, str]:
        """What is noted on it."""
        return dict(self.spec.get("annotations") or {})

    @property
    def stays(self) -> bool:
        """Whether it moves only if somebody moves it: it follows a digest, or nothing."""
        return self.origin is None or "@" in self.origin

    @property
    def is_scheduled(self) -> bool:
        """Whether the cluster looks regularly whether what it follows has moved."""
        return bool((self.spec.get("importPolicy") or {}).get("scheduled"))

    @property
    def is_pulled_through(self) -> bool:
        """Whether nodes pull it through the cluster's own registry, wherever it is."""
        return bool((self.spec.get("referencePolicy") or {}).get("type") == "Local")

    @property
    def is_settled(self) -> bool:
        """Whether it is what it shall be."""
        if self.origin is None:
            return True
        return bool(self._items) and (self._items[0].get("generation") or 0) >= self._generation

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is about to be something else: its import is under way."""
        return not self.is_settled and not self.failure

    @property
    def failure(self) -> Object | None:
        """The condition that says why it could not be imported, if the latest try failed."""
        failed = (
            condition
            for condition in self.status.get("conditions") or ()
            if condition.get("type") == "ImportSuccess" and condition.get("status") == "False"
        )
        return next((one for one in failed if (one.get("generation") or 0) >= self._generation), None)

    @property
    def _items(self) -> list[Object]:
        return self.status.get("items") or []

    @property
    def _generation(self) -> int:
        return int(self.spec.get("generation") or 0)


class ImageStream(NamedTuple):
    """An image stream, as the API gave it."""

    fields: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.fields["metadata"]["name"])

    @property
    def version(self) -> str:
        """What changes with every change to it: its resourceVersion."""
        return str(self.fields["metadata"]["resourceVersion"])

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return dict(self.fields["metadata"].get("labels") or {})

    @property
    def registries(self) -> frozenset[str]:
        """The hosts of the cluster's own registry: within the cluster and, if it has a route, outside."""
        return frozenset({self._internal_host, self._public_host} - {""})

    def outside(self, reference: str, host: str) -> str:
        """Return a reference as it is outside of the cluster.

        Args:
            reference: a reference as the cluster has it, perhaps by the host that only the cluster knows.
            host: stands for that host if the registry has no route that is known.

        """
        named, _, path = reference.partition("/")
        return f"{self._public_host or host}/{path}" if named == self._internal_host else reference

    @property
    def tags(self) -> tuple[str, ...]:
        """The names of its tags, in their order."""
        followed = {tag["name"] for tag in self.fields.get("spec", {}).get("tags") or ()}
        return tuple(sorted(followed | {tag["tag"] for tag in self._status.get("tags") or ()}))

    def tag(self, name: str) -> StreamTag:
        """Return one of its tags; an empty one if it has none of that name."""
        specs = (tag for tag in self.fields.get("spec", {}).get("tags") or () if tag["name"] == name)
        statuses = (tag for tag in self._status.get("tags") or () if tag["tag"] == name)
        return StreamTag(next(specs, {}), next(statuses, {}))

    def has(self, digest: str) -> bool:
        """Tell whether one of its tags is this digest, or was."""
        return any(digest in self.tag(name).digests for name in self.tags)

    @property
    def _status(self) -> Object:
        return self.fields.get("status") or {}

    @property
    def _internal_host(self) -> str:
        return str(self._status.get("dockerImageRepository") or "").partition("/")[0]

    @property
    def _public_host(self) -> str:
        return str(self._status.get("publicDockerImageRepository") or "").partition("/")[0]


NO_TAG = StreamTag({}, {})


class ImageStreams:
    """The image streams of a project.

    Args:
        api: the cluster.
        project: the project.

    """

    def __init__(self, api: ClusterApi, project: str) -> None:
        self.api = api
        self.project = project

    def __str__(self) -> str:
        """Name the project."""
        return self.project

    def get(self, name: str) -> ImageStream:
        """Get an image stream.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be had.

        """
        return ImageStream(self.api.get(self._path("imagestreams", name)))

    def find(self, name: str) -> ImageStream | None:
        """Get an image stream; nothing if there is none of that name.

        Raises:
            NotPermitted, Unreachable: it cannot be had.

        """
        try:
            return self.get(name)
        except NotFound:
            return None

    def matching(self, selector: str) -> Iterator[ImageStream]:
        """Yield the image streams that a label selector (`name=app`) chooses, page by page.

        Raises:
            NotPermitted, Unreachable: they cannot be had.

        """
        query = {"labelSelector": selector, "limit": "100"}
        while True:
            page = self.api.get(self._path("imagestreams"), **query)
            yield from map(ImageStream, page.get("items") or [])
            following = page.get("metadata", {}).get("continue")
            if not following:
                return
            query["continue"] = following

    def set_tag(self, stream: ImageStream | None, name: str, spec: Object) -> None:
        """Set a tag of an image stream, which is made if it is not there.

        What is noted on the tag (`annotations`) is replaced as well. The server does not compare what a PUT without a
        version finds; so a first tag is made by a POST, which is refused if there is one already.

        Args:
            stream: the image stream as it was looked at; nothing if there was none.
            name: `stream:tag`.
            spec: the tag's new `spec.tags[]` entry.

        Raises:
            Conflict: the image stream was changed meanwhile: look again, then decide again.
            Forbidden: a right is missing, that to pull from the other project among them.
            WrongUsage, NotFound, Unreachable: it cannot be done.

        """
        try:
            # Generation 0 makes the server look anew, also if the tag follows the same as before.
            self._put_tag(stream, name, {**spec, "generation": 0})
        except WrongUsage as failure:
            denied = self._no_pull(failure)
            if denied is None:
                raise
            raise denied from failure

    def annotate(self, stream: ImageStream, name: str, tag: StreamTag, noted: dict[str, str]) -> None:
        """Note something on a tag, which stays the image that it is.

        A tag that was pushed, or follows what it is not, follows nothing afterwards: so nothing moves it again.

        Args:
            stream: the image stream as it was looked at.
            name: `stream:tag`.
            tag: the tag as it was looked at.
            noted: all its annotations.

        Raises:
            Conflict: the image stream was changed meanwhile: look again, then decide again.
            WrongUsage, NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        follows_itself = tag.origin is not None and tag.origin.endswith(f"@{tag.digest}")
        self._put_tag(stream, name, {**(tag.spec if follows_itself else {}), "annotations": noted})

    def note(self, stream: ImageStream, name: str, tag: StreamTag, noted: dict[str, str]) -> None:
        """Note something on a tag, which stays what it is and goes on following what it follows; see `annotate`."""
        self._put_tag(stream, name, {**tag.spec, "annotations": noted})

    def note_all(self, stream: ImageStream, noted: Mapping[str, dict[str, str]]) -> None:
        """Note something on several tags at once, or on none; all stay what they are, and follow what they follow.

        Args:
            stream: the image stream as it was looked at.
            noted: the tags, with all annotations of each.

        Raises:
            Conflict: the image stream was changed meanwhile: look again, then decide again.
            WrongUsage, NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        spec = stream.fields.get("spec") or {}
        others = [tag for tag in spec.get("tags") or () if tag["name"] not in noted]
        changed = [{**stream.tag(tag).spec, "name": tag, "annotations": notes} for tag, notes in noted.items()]
        document = {**stream.fields, "spec": {**spec, "tags": [*others, *changed]}}
        self.api.put(self._path("imagestreams", stream.name), document)

    def label(self, name: str, labels: dict[str, str]) -> None:
        """Add labels to an image stream.

        Raises:
            NotFound, NotPermitted, Unreachable: it cannot be done.

        """
        self.api.patch(self._path("imagestreams", name), {"metadata": {"labels": labels}})

    def settled(self, name: str, tag: str, deadline: Deadline) -> StreamTag:
        """Wait until a tag is what it shall be, and return it.

        Raises:
            NotFound, NotPermitted, Unreachable: its image could not be imported.
            TimedOut: the deadline has passed.

        """
        waiting = Waiting(deadline, f"waiting for the import of {self.project}/{name}:{tag}")
        while True:
            found = self.get(name).tag(tag)
            if found.failure:
                raise import_failure(self.project, found.origin or name, found.failure)
            if found.is_settled:
                return found
            waiting.pause()

    def _put_tag(self, stream: ImageStream | None, name: str, spec: Object) -> None:
        metadata: Object = {"name": name, "annotations": spec.get("annotations") or {}}
        document = {
            "kind": "ImageStreamTag",
            "apiVersion": "image.openshift.io/v1",
            "metadata": metadata,
            "tag": {**spec, "name": name.partition(":")[2]},
        }
        if stream is None:
            self.api.post(self._path("imagestreamtags"), document)
        else:
            metadata["resourceVersion"] = stream.version
            self.api.put(self._path("imagestreamtags", name), document)

    def _path(self, resource: str, name: str = "") -> str:
        return f"{API}/namespaces/{self.project}/{resource}{name and '/'}{name}"

    def _no_pull(self, failure: WrongUsage) -> Forbidden | None:
        """Tell what a refusal means that says no more than `Forbidden: project/stream`."""
        found = _NO_PULL.search(failure.message)
        if found is None:
            return None
        right = Right("get", "imagestreams/layers", found["project"])
        account = jwt.subject(self.api.credential.secret) or "ACCOUNT"
        return Forbidden(
            f"The account of {self.api.credential.source} may set tags in project {self.project}, but must be "
            f"allowed to {right} as well, to tag {found['project']}/{found['stream']}.",
            right.binding(account),
        )
