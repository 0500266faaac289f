"""A referrers API for a registry that has none: distribution spec 1.1, "Listing Referrers"."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from http import HTTPStatus
from typing import Any

from tests.support.faults import Exchange, FaultyProxy
from tests.support.registries import Registry

_INDEX = "application/vnd.oci.image.index.v1+json"


class ReferrersApi:
    """Lets a proxy answer as a registry with that API; a fault is to be told to the proxy before."""

    def __init__(self, proxy: FaultyProxy, registry: Registry) -> None:
        self._registry = registry
        self._entries: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._lock = threading.Lock()
        proxy.when("PUT", "/manifests/").fault = self._put
        proxy.when("DELETE", "/manifests/sha256:").fault = self._delete
        proxy.when("GET", "/referrers/").fault = self._list

    def listed(self, subject: str) -> dict[str, dict[str, str]]:
        """Return the annotations of what refers to a digest, by its own digest."""
        with self._lock:
            return {digest: entry["annotations"] for digest, entry in self._entries[subject].items()}

    def _put(self, exchange: Exchange) -> None:
        with exchange.forwarded() as answer:
            digest = answer.getheader("Docker-Content-Digest")
            if answer.status == HTTPStatus.CREATED and digest and (subject := self._note(digest)):
                answer.headers["OCI-Subject"] = subject
            exchange.send_back(answer, [answer.read()], 0)

    def _note(self, digest: str) -> str | None:
        """Enter a manifest if it refers to another, and return that one's digest."""
        content = self._registry.blob_file(digest).read_bytes()
        manifest = json.loads(content)
        if "subject" not in manifest:
            return None
        entry = {"mediaType": manifest["mediaType"], "digest": digest, "size": len(content)}
        subject: str = manifest["subject"]["digest"]
        with self._lock:
            self._entries[subject][digest] = entry | {"annotations": manifest.get("annotations", {})}
        return subject

    def _delete(self, exchange: Exchange) -> None:
        with self._lock:
            for entries in self._entries.values():
                entries.pop(exchange.path.rpartition("/")[2], None)
        exchange.pass_on()

    def _list(self, exchange: Exchange) -> None:
        with self._lock:
            entries = list(self._entries[exchange.path.rpartition("/")[2]].values())
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}
        exchange.reply_instead(200, {"Content-Type": _INDEX}, json.dumps(index).encode())
