"""A client of the cluster's API, of the standard library only: tests see exactly what was answered."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

Document = dict[str, Any]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
BUILD_API = "/apis/build.openshift.io/v1"


@dataclass(frozen=True)
class Response:
    code: int
    content_type: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def document(self) -> Document:
        """The body's only JSON document."""
        [document] = self.documents
        return document

    @property
    def documents(self) -> list[Document]:
        """The JSON documents in the body, each on a line of its own."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(frozen=True)
class Client:
    """Calls one project of a cluster with a bearer token; None is no token."""

    url: str
    ca: Path
    project: str
    token: str | None

    def call(
        self,
        method: str,
        path: str,
        body: Document | bytes | None = None,
        content_type: str | None = JSON,
        headers: dict[str, str] | None = None,
    ) -> Response:
        connection = self.connection()
        try:
            return exchange(connection, method, path, body, self._headers(content_type) | (headers or {}))
        finally:
            connection.close()

    def connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=self.ca)
        where = urlsplit(self.url)
        return http.client.HTTPSConnection(where.hostname or "", where.port or 443, timeout=60, context=context)

    def path(self, *parts: str, core: bool = False) -> str:
        """Return the path of an object in the project, its parts percent-encoded."""
        base = "/api/v1" if core else BUILD_API
        return "/".join([base, "namespaces", self.project, *(quote(part, safe="") for part in parts)])

    def hook(self, name: str, secret: str, hook_type: str = "generic") -> str:
        return self.path("buildconfigs", name, "webhooks", secret, hook_type)

    def trigger(
        self, name: str, secret: str, body: Document | bytes | None = None, content_type: str | None = JSON
    ) -> Response:
        return self.call("POST", self.hook(name, secret), body, content_type)

    def _headers(self, content_type: str | None) -> dict[str, str]:
        headers = {"Content-Type": content_type} if content_type else {}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers


def exchange(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    body: Document | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    connection.request(method, path, data, headers or {})
    answer = connection.getresponse()
    return Response(answer.status, answer.headers.get("Content-Type", ""), answer.headers, answer.read())
