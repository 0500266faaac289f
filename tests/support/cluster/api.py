"""The API: which path and method mean which verb on which kind of object, and what each answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from . import access_reviews, build_configs, image_streams, secrets, workloads
from .access import Access, Action
from .answers import (
    BUILD_CONFIGS,
    CONFIG_MAPS,
    DEPLOYMENT_CONFIGS,
    DEPLOYMENTS,
    IMAGE_STREAMS,
    JSON,
    KINDS,
    MERGE_PATCH,
    PLAIN_UTF8,
    SECRETS,
    Answer,
    ApiError,
    Document,
    Kind,
    bad_request,
    deleted,
    encode,
    json_answer,
    method_not_allowed,
    no_such_path,
    succeeded,
    unsupported_media_type,
)
from .build_logs import BuildLogs
from .builds import Builds, merge
from .faults import SERVICE_UNAVAILABLE, Faults
from .image_imports import ImageImports
from .jenkins import log_page
from .objects import Change, Objects
from .request import Request
from .runs import Runs
from .webhooks import BODY_LIMIT, Webhooks, too_large

_PATH = re.compile(
    r"/(?P<api>apis/[^/]+/v1|api/v1|oapi/v1)/namespaces/(?P<project>[^/]+)/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+)(?P<subpath>/.*)?)?)?"
)
_LEGACY = "oapi/v1"
_COMPLETED: dict[Kind, Callable[[Document], Document]] = {
    BUILD_CONFIGS: build_configs.completed,
    SECRETS: secrets.stored,
    CONFIG_MAPS: dict,
    DEPLOYMENTS: workloads.stored,
    DEPLOYMENT_CONFIGS: workloads.stored,
    IMAGE_STREAMS: image_streams.completed,
}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NO_PAGE = Answer(HTTPStatus.NOT_FOUND, b"404 page not found\n", PLAIN_UTF8)  # [3] legacy path /oapi/v1


@dataclass(frozen=True)
class Call:
    """A request whose path has been understood; `subpath` is what follows the subresource."""

    request: Request
    action: Action
    subpath: str
    user: str

    @property
    def project(self) -> str:
        return self.action.project

    @property
    def kind(self) -> Kind:
        return self.action.kind

    @property
    def name(self) -> str:
        if self.action.name is None:
            raise method_not_allowed()
        return self.action.name

    def document(self, media_type: str = JSON) -> Document:
        """Return the JSON object in the body, which must come as this media type."""
        if self.request.headers.get("Content-Type", JSON).partition(";")[0] != media_type:
            raise unsupported_media_type(media_type)
        if len(self.request.body) > BODY_LIMIT:
            raise too_large()
        try:
            document = json.loads(self.request.body)
        except ValueError as error:
            raise bad_request(f"the body is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise bad_request("the body is not a JSON object")
        return document


class Api:
    """Answers requests; a verb that has no handler is answered 405.

    A further kind of object is a Kind, an entry in `_COMPLETED`, and its handlers.
    """

    def __init__(
        self,
        objects: Objects,
        access: Access,
        runs: Runs,
        logs: BuildLogs,
        imports: ImageImports,
        *,
        faults: Faults,
        legacy: bool,
    ) -> None:
        self._objects = objects
        self._access = access
        self._runs = runs
        self._logs = logs
        self._imports = imports
        self._streams = imports.streams
        self._faults = faults
        self._legacy = legacy
        self._builds = Builds(objects, runs)
        self._webhooks = Webhooks(objects, self._builds)
        self._handlers: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("list", "buildconfigs"): self._list,
            ("watch", "buildconfigs"): self._watch,
            ("get", "buildconfigs"): self._get,
            ("create", "buildconfigs"): self._create,
            ("delete", "buildconfigs"): self._delete,
            ("create", "buildconfigs/instantiate"): self._instantiate,
            ("create", "buildconfigs/webhooks"): self._webhook,
            ("list", "builds"): self._list,
            ("watch", "builds"): self._watch,
            ("get", "builds"): self._get,
            ("patch", "builds"): self._patch_build,
            ("get", "builds/log"): self._build_log,
            ("list", "secrets"): self._list,
            ("get", "secrets"): self._get,
            ("create", "secrets"): self._create,
            ("delete", "secrets"): self._delete,
            ("get", "configmaps"): self._get,
            ("create", "configmaps"): self._create,
            ("list", "imagestreams"): self._list,
            ("watch", "imagestreams"): self._watch,
            ("get", "imagestreams"): self._get,
            ("create", "imagestreams"): self._create_stream,
            ("update", "imagestreams"): self._put_stream,
            ("patch", "imagestreams"): self._patch_stream,
            ("delete", "imagestreams"): self._delete,
            ("list", "imagestreamtags"): self._list_tags,
            ("get", "imagestreamtags"): self._get_tag,
            ("create", "imagestreamtags"): self._post_tag,
            ("update", "imagestreamtags"): self._put_tag,
            ("delete", "imagestreamtags"): self._delete_tag,
            ("create", "imagestreamimports"): self._import,
            ("list", "deployments"): self._list,
            ("get", "deployments"): self._get,
            ("create", "deployments"): self._create,
            ("list", "deploymentconfigs"): self._list,
            ("get", "deploymentconfigs"): self._get,
            ("create", "deploymentconfigs"): self._create,
            ("list", "replicasets"): self._list,
            ("list", "replicationcontrollers"): self._list,
            ("list", "pods"): self._list,
            ("get", "deployments/scale"): self._get_scale,
            ("patch", "deployments/scale"): self._patch_scale,
            ("get", "deploymentconfigs/scale"): self._get_scale,
            ("patch", "deploymentconfigs/scale"): self._patch_scale,
        }

    def answer(self, request: Request, authorization: str) -> Answer:
        try:
            user = self._access.authenticate(authorization)
            if request.path.startswith("/jenkins/"):
                return log_page(self._runs, user, request.path, request.query)
            if request.path == access_reviews.PATH:
                return access_reviews.review(self._access, user, request)
            return self._call(request, user)
        except ApiError as error:
            return error.answer()

    def create(self, kind: Kind, project: str, document: Document) -> Document:
        """Store a new object as a POST of it would."""
        return self._objects.create(kind, project, _COMPLETED[kind](document))

    def _call(self, request: Request, user: str) -> Answer:
        if request.path.startswith(f"/{_LEGACY}") and not self._legacy:
            return _NO_PAGE
        call = _understood(request, user)
        self._access.authorize(user, call.action)
        if call.kind.group and self._faults.take_unavailable():
            return SERVICE_UNAVAILABLE
        return self._handler(call.action)(call)

    def _handler(self, action: Action) -> Callable[[Call], Answer]:
        handler = self._handlers.get((action.verb, action.resource))
        if handler is None:
            known = any(resource == action.resource for _, resource in self._handlers)
            raise method_not_allowed() if known else no_such_path()
        return handler

    def _list(self, call: Call) -> Answer:
        return json_answer(self._objects.page(call.kind, call.project, call.request.query))

    def _watch(self, call: Call) -> Answer:
        changes = self._objects.watch(call.kind, call.project, call.request.query)
        return Answer(HTTPStatus.OK, _events(changes))

    def _get(self, call: Call) -> Answer:
        if not re.search(r"\*/\*|application/(json|\*)", call.request.headers.get("Accept", "*/*")):
            raise _not_acceptable()
        return json_answer(self._objects.get(call.kind, call.project, call.name))

    def _create(self, call: Call) -> Answer:
        return json_answer(self.create(call.kind, call.project, call.document()), HTTPStatus.CREATED)

    def _delete(self, call: Call) -> Answer:
        gone = self._objects.delete(call.kind, call.project, call.name)
        if call.kind is BUILD_CONFIGS:
            self._builds.collect(call.project, call.name)
        return json_answer(deleted(call.kind, call.name, gone["metadata"]["uid"]))

    def _instantiate(self, call: Call) -> Answer:
        self._faults.come_before_build()
        build = self._builds.instantiate(call.project, call.name, call.document())
        answer = json_answer(build, HTTPStatus.CREATED)
        return replace(answer, dropped=self._faults.take_lost())

    def _webhook(self, call: Call) -> Answer:
        fault = self._faults.take_webhook()
        self._objects.wait_closed(fault.delay_s)
        if fault.answer is not None:
            return fault.answer
        if call.request.query.get("dryRun"):  # [13] webhook ?dryRun=All
            raise bad_request("dryRun is not supported")
        content_type = call.request.headers.get("Content-Type", "")
        documents = self._webhooks.call(call.project, call.name, call.subpath, content_type, call.request.body)
        if documents[0]["kind"] == "Status":
            return json_answer(documents[0])
        if fault.edit is not None:
            documents[0] = fault.edit(documents[0])
        return Answer(HTTPStatus.OK, b"".join(map(encode, documents)), PLAIN_UTF8, dropped=fault.drop)

    def _patch_build(self, call: Call) -> Answer:
        return json_answer(self._builds.patch(call.project, call.name, call.document(MERGE_PATCH)))

    def _create_stream(self, call: Call) -> Answer:
        return json_answer(self._streams.create(call.project, call.document()), HTTPStatus.CREATED)

    def _put_stream(self, call: Call) -> Answer:
        self._faults.come_before_tag()
        return json_answer(self._streams.put(call.project, call.name, call.document()))

    def _patch_stream(self, call: Call) -> Answer:
        patch = call.document(MERGE_PATCH)
        stream = self._objects.edit(IMAGE_STREAMS, call.project, call.name, lambda stream: merge(stream, patch))
        return json_answer(stream)

    def _list_tags(self, call: Call) -> Answer:
        return json_answer(self._streams.list_tags(call.project))

    def _get_tag(self, call: Call) -> Answer:
        return json_answer(self._streams.get_tag(call.project, call.name))

    def _post_tag(self, call: Call) -> Answer:
        self._faults.come_before_tag()
        made = self._streams.post_tag(call.project, call.document(), self._may_pull(call))
        return json_answer(made, HTTPStatus.CREATED)

    def _put_tag(self, call: Call) -> Answer:
        self._faults.come_before_tag()
        tag, is_new = self._streams.put_tag(call.project, call.name, call.document(), self._may_pull(call))
        return json_answer(tag, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    def _delete_tag(self, call: Call) -> Answer:
        self._streams.delete_tag(call.project, call.name)
        return json_answer(succeeded())

    def _import(self, call: Call) -> Answer:
        self._faults.come_before_tag()
        return json_answer(self._imports.create(call.project, call.document()), HTTPStatus.CREATED)

    def _get_scale(self, call: Call) -> Answer:
        return json_answer(workloads.scale(self._objects.get(call.kind, call.project, call.name)))

    def _patch_scale(self, call: Call) -> Answer:
        replicas = call.document(MERGE_PATCH)["spec"]["replicas"]
        workload = self._objects.edit(
            call.kind, call.project, call.name, lambda document: workloads.set_replicas(document, replicas)
        )
        return json_answer(workloads.scale(workload))

    def _may_pull(self, call: Call) -> image_streams.MayPull:
        def may_pull(project: str, stream: str) -> bool:
            return self._access.allows(call.user, Action("get", IMAGE_STREAMS, project, stream, "layers"))

        return may_pull

    def _build_log(self, call: Call) -> Answer:
        return self._logs.answer(call.project, call.name, call.request.query)


def _understood(request: Request, user: str) -> Call:
    found = _PATH.fullmatch(request.path.removesuffix("/"))
    kind = found and _kind(found["api"], found["plural"])
    if not found or not kind:
        raise no_such_path()
    action = Action(_verb(request, found["name"]), kind, found["project"], found["name"], found["subresource"])
    return Call(request, action, found["subpath"] or "", user)


def _kind(api: str, plural: str) -> Kind | None:
    for kind in KINDS:
        served_below = f"apis/{kind.api_version}" if kind.group else "api/v1"
        if kind.plural == plural and (api == served_below or (api == _LEGACY and kind.group)):
            return kind
    return None


def _verb(request: Request, name: str | None) -> str:
    if request.method in _VERBS:
        return _VERBS[request.method]
    if request.method != "GET":  # [13] HEAD
        raise method_not_allowed()
    if name is not None:
        return "get"
    return "watch" if request.query.get("watch") in ("1", "true") else "list"


def _events(changes: Iterator[Change]) -> Iterator[bytes]:
    """[10] One JSON document a line."""
    return (encode({"type": change.type, "object": change.document}) for change in changes)


def _not_acceptable() -> ApiError:
    """[13] Accept: text/html."""
    message = (
        "406: Not Acceptable\n\nAvailable representations: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )
    return ApiError(HTTPStatus.NOT_ACCEPTABLE, "NotAcceptable", message, {})
