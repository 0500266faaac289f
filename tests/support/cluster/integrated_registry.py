"""A registry that is a cluster's integrated one: what is pushed under a tag is a tag of an image stream at once."""

from __future__ import annotations

import re

from tests.support.faults import Exchange, FaultyProxy

from .cluster import Cluster

_TAG = re.compile(r"/v2/(?P<project>[^/]+)/(?P<name>[^/]+)/manifests/(?P<tag>[^:/]+)$")


def integrate(proxy: FaultyProxy, cluster: Cluster) -> None:
    """Let a proxy in front of a registry tell the cluster of each push before it answers."""

    def push(exchange: Exchange) -> None:
        with exchange.forwarded() as answer:
            found = _TAG.search(exchange.path)
            if found and answer.status == 201:
                digest = answer.headers["Docker-Content-Digest"]
                cluster.push(found["project"], found["name"], found["tag"], digest)
            body = answer.read()
            exchange.send_back(answer, [body], len(body))

    proxy.when("PUT", _TAG.pattern).fault = push
