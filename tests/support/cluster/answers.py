"""What the cluster answers: bodies, Status objects and the errors that carry one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

Document = dict[str, Any]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
PLAIN_UTF8 = "text/plain; charset=utf-8"

_GO_ESCAPES = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: an iterator as body is sent in chunks; `dropped` closes the connection instead."""

    code: int
    body: bytes | Iterator[bytes] = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


def json_answer(document: Document, code: int = HTTPStatus.OK) -> Answer:
    return Answer(code, encode(document))


def encode(document: Document) -> bytes:
    """Return the document as Go writes it: compact, `<`, `>` and `&` escaped, ended by a newline."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_GO_ESCAPES).encode() + b"\n"


@dataclass(frozen=True)
class Kind:
    """A kind of API object: `group` is empty for the core API."""

    group: str
    plural: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def resource(self) -> str:
        """The plural with its group, as error messages spell it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def details(self, name: str | None = None) -> Document:
        named = {"name": name} if name is not None else {}
        grouped = {"group": self.group} if self.group else {}
        return named | grouped | {"kind": self.plural}


BUILD_CONFIGS = Kind("build.openshift.io", "buildconfigs", "BuildConfig")
BUILDS = Kind("build.openshift.io", "builds", "Build")
SECRETS = Kind("", "secrets", "Secret")
CONFIG_MAPS = Kind("", "configmaps", "ConfigMap")
DEPLOYMENTS = Kind("apps", "deployments", "Deployment")
DEPLOYMENT_CONFIGS = Kind("apps.openshift.io", "deploymentconfigs", "DeploymentConfig")
REPLICA_SETS = Kind("apps", "replicasets", "ReplicaSet")
REPLICATION_CONTROLLERS = Kind("", "replicationcontrollers", "ReplicationController")
PODS = Kind("", "pods", "Pod")
IMAGE_STREAMS = Kind("image.openshift.io", "imagestreams", "ImageStream")
IMAGE_STREAM_TAGS = Kind("image.openshift.io", "imagestreamtags", "ImageStreamTag")
IMAGE_STREAM_IMPORTS = Kind("image.openshift.io", "imagestreamimports", "ImageStreamImport")
KINDS = (
    BUILD_CONFIGS,
    BUILDS,
    SECRETS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DEPLOYMENT_CONFIGS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    PODS,
    IMAGE_STREAMS,
    IMAGE_STREAM_TAGS,
    IMAGE_STREAM_IMPORTS,
)


class ApiError(Exception):
    """A failure the API server reports as a Status; `str()` is the Status's message."""

    def __init__(
        self, code: int, reason: str, message: str, details: Document | None = None, retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self._reason = reason
        self._details = details
        self._headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}

    def answer(self) -> Answer:
        about = {"kind": "Status", "apiVersion": "v1"}
        return Answer(self.code, encode(about | self.status()), headers=self._headers)

    def status(self) -> Document:
        """Return the Status as it stands inside another document."""
        status: Document = {"metadata": {}, "status": "Failure", "message": str(self), "reason": self._reason}
        if self._details is not None:
            status["details"] = self._details
        return status | {"code": int(self.code)}


def notice(message: str) -> Document:
    """Return the Status of a success that has something to say: a webhook's warning."""
    return _status("Success", message) | {"code": int(HTTPStatus.OK)}


def deleted(kind: Kind, name: str, uid: str) -> Document:
    """[11] DELETE buildconfig."""
    document = _status("Success")
    return document | {"details": kind.details(name) | {"uid": uid}}


def _status(status: str, message: str | None = None) -> Document:
    document: Document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": status}
    return document if message is None else document | {"message": message}


def succeeded() -> Document:
    """[11] DELETE tag."""
    return _status("Success")


def unauthorized(message: str = "Unauthorized") -> ApiError:
    """[1] bad token, [8] wrong secret."""
    return ApiError(HTTPStatus.UNAUTHORIZED, "Unauthorized", message)


def not_found(kind: Kind, name: str) -> ApiError:
    """[7] GET missing."""
    message = f'{kind.resource} "{name}" not found'
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", message, kind.details(name))


def conflict(kind: Kind, name: str, why: str) -> ApiError:
    """[4] PUT with a stale resourceVersion."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return ApiError(HTTPStatus.CONFLICT, "Conflict", message, kind.details(name))


def no_such_path() -> ApiError:
    """[13] double slash."""
    message = "the server could not find the requested resource"
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", message, {})


def method_not_allowed() -> ApiError:
    """[8] GET instead of POST."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message, {})


def bad_request(message: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def unsupported_media_type(accepted: str) -> ApiError:
    """[3] create, unsupported media type."""
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)


def internal_error(message: str) -> ApiError:
    """[8] env with a bad name."""
    return ApiError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "InternalError",
        f"Internal error occurred: {message}",
        {"causes": [{"message": message}]},
    )


def invalid(kind: Kind, name: str, field_path: str, problem: str) -> ApiError:
    """[7] create, no strategy: `problem` begins with `Invalid value: ` or is `Required value`."""
    reason = "FieldValueRequired" if problem.startswith("Required value") else "FieldValueInvalid"
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid",
        f'{kind.name}.{kind.group} "{name}" is invalid: {field_path}: {problem}',
        {
            "name": name,
            "group": kind.group,
            "kind": kind.name,
            "causes": [{"reason": reason, "message": problem, "field": field_path}],
        },
    )
