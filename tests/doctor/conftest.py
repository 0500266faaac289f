"""What the tests of the doctor share: a shop with a route, a cluster that its production is in, and what was found."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.promotion.conftest import promoter, shop, two_projects
from tests.support.cluster import Cluster
from tests.support.promoter import Outcome
from tests.support.shop import Shop
from tests.support.tls import CertificateAuthority

__all__ = ["promoter", "shop", "two_projects"]

ACCOUNT = "system:serviceaccount:shop:promoter"


@dataclass(frozen=True)
class Examination:
    """What a run of the doctor found."""

    outcome: Outcome

    @property
    def findings(self) -> list[dict[str, Any]]:
        """All findings in their order."""
        found: list[dict[str, Any]] = self.outcome.result["findings"]
        return found

    def about(self, subject: str) -> list[dict[str, Any]]:
        """Return what was found about a subject."""
        return [finding for finding in self.findings if finding["subject"] == subject]

    def one(self, subject: str, words: str) -> dict[str, Any]:
        """Return the only finding about a subject that has these words in its message."""
        found = [finding for finding in self.about(subject) if words in finding["message"]]
        assert len(found) == 1, self.findings
        return found[0]

    @property
    def failed(self) -> list[str]:
        """The messages of all that failed."""
        return [finding["message"] for finding in self.findings if finding["status"] == "failed"]


def examine(shop: Shop, *flags: str) -> Examination:
    """Run the doctor with the shop's configuration."""
    return Examination(shop.run("doctor", *flags))


@pytest.fixture
def routed(shop: Shop) -> Shop:
    """The shop with a route from stage to prod for its application."""
    shop.routes.append({"from": "stage", "to": "prod", "images": [shop.name]})
    return shop


@pytest.fixture
def cluster(ca: CertificateAuthority) -> Iterator[Cluster]:
    """The cluster that production is in."""
    with Cluster(ca) as running:
        yield running


@pytest.fixture
def api_token(routed: Shop, cluster: Cluster) -> str:
    """A token for that cluster, with which `prod` names it from now on; it has no rights yet."""
    token = f"sha256~{uuid.uuid4().hex}"
    file = routed.promoter.directory / "api-token"
    file.write_text(token)
    routed.environments["prod"]["cluster"] = {
        "api": cluster.url,
        "project": "shop",
        "credentials": f"file:{file}",
        "ca": str(cluster.ca),
    }
    return token
