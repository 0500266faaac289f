"""Promotes into an image stream: one image whose rollout succeeds, and one whose rollout fails and is taken back."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.demo.__main__ import title
from tests.support.cluster import Cluster, set_tags, view
from tests.support.cluster.answers import DEPLOYMENTS
from tests.support.cluster.integrated_registry import integrate
from tests.support.cluster.workloads import deployment
from tests.support.faults import FaultyProxy
from tests.support.images import make_image
from tests.support.promoter import Promoter
from tests.support.registries import Htpasswd, Registry
from tests.support.shop import Shop, Side
from tests.support.tls import CertificateAuthority

USER, PASSWORD = "promoter", uuid.uuid4().hex
LIVE = "production/web:live"


@contextmanager
def production(directory: Path) -> Iterator[tuple[Shop, Cluster]]:
    """Start two registries and production's cluster, whose own registry the second one is."""
    with ExitStack() as stack:
        ca = CertificateAuthority(directory / "ca")
        sides = []
        for name, project in (("non-production", "shop-dev"), ("production", "shop")):
            registry = stack.enter_context(Registry(directory / name, ca, Htpasswd({USER: PASSWORD})))
            sides.append(Side(name, registry, f"{project}/web"))
        stage, prod = sides
        cluster = stack.enter_context(Cluster(ca))
        cluster.add_project("shop")
        token = f"sha256~{uuid.uuid4().hex}"
        cluster.add_user("system:serviceaccount:shop:promoter", token=token, rights=(view("shop"), set_tags("shop")))
        proxy = stack.enter_context(FaultyProxy(prod.registry, ca))
        integrate(proxy, cluster)
        promoter = Promoter(directory / "promoter")
        (promoter.directory / "api-token").write_text(token)
        (promoter.directory / "password").write_text(PASSWORD)
        common = {"user": USER, "credentials": "file:password", "ca": str(ca.certificate)}
        api = {"api": cluster.url, "ca": str(cluster.ca), "credentials": "file:api-token"}
        environments: dict[str, dict[str, Any]] = {
            "non-production": {"registry": stage.registry.host, "project": "shop-dev", **common},
            "production": {"registry": proxy.host, "project": "shop", **common, "cluster": api},
        }
        shop = Shop(promoter, stage, prod, environments)
        shop.routes.append({"from": "non-production", "to": "production", "rollout": {"timeout": "30s"}})
        yield shop, cluster


def run(shop: Shop, *arguments: str, expected: int = 0) -> None:
    """Run a command and print what it says; it has to end as expected."""
    print(f"  $ promoter {' '.join(arguments)}", flush=True)
    shop.configure()
    outcome = shop.promoter.run(*arguments, json=False)
    print(*(f"    {line}" for line in (outcome.stderr + outcome.stdout).splitlines()), sep="\n", flush=True)
    if outcome.exit_code != expected:
        raise SystemExit(f"It ended with {outcome.exit_code}, not with {expected}.")


def main() -> int:
    """Show promotions into an image stream."""
    title("Starting two registries (TLS, passwords) and production's cluster, with a Deployment that watches web:live")
    with TemporaryDirectory(prefix="demo-") as directory, production(Path(directory)) as (shop, cluster):
        cluster.add(
            DEPLOYMENTS, "shop", deployment("web", [{"name": "web:live"}], replicas=2, progressDeadlineSeconds=2)
        )
        title("A promotion into the image stream: it ends once the pods run the digest")
        shop.stage.push(make_image(seed="first"), "1.0")
        run(shop, "promote", "non-production/web:1.0", LIVE)
        title("Another one, whose pods do not start: the tag is rolled back, and so are the pods")
        second = make_image(seed="second")
        shop.stage.push(second, "2.0")
        cluster.rollouts.spoil(second.digest, "CrashLoopBackOff", "back-off restarting failed container")
        run(shop, "promote", "non-production/web:2.0", LIVE, "--force", expected=9)
        title("What the tag is now, and what became of it")
        run(shop, "describe", LIVE)
        run(shop, "history", LIVE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
