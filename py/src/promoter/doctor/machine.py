"""The machine it runs on: skopeo, proxies, and, where nothing is configured, the pod's own token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from promoter import skopeo
from promoter.credentials.sources import SERVICE_ACCOUNT
from promoter.doctor.report import Report
from promoter.doctor.tokens import examine_credential
from promoter.errors import Unreachable
from promoter.http.connection import Origin, origin_of
from promoter.http.proxy import proxy_for
from promoter.model.configuration import Configuration

_INSIDE = (".svc", ".cluster.local")
_PROXY = ("https_proxy", "HTTPS_PROXY")


def examine_machine(configuration: Configuration) -> Report:
    """Examine what is here, before anything is asked over the network."""
    report = Report("this machine")
    with report.noting_failures():
        report.ok(f"skopeo {skopeo.version()} is installed.")
    _examine_proxies(report, configuration)
    if not configuration.environments:
        report.warn(
            "No environments are configured: no promotion.yaml was found, or it has none.",
            "Run it where promotion.yaml is, or name the file with --config.",
        )
        _examine_pod(report)
    elif not configuration.routes:
        report.warn(
            "No routes are configured, so it is not known which environments are pushed to.",
            "Write down the `routes` that promotions take.",
        )
    return report


def _examine_proxies(report: Report, configuration: Configuration) -> None:
    if not any(map(os.environ.get, _PROXY)):
        report.ok("No proxy is used: HTTPS_PROXY is not set.")
        return
    for origin in dict.fromkeys(_origins(configuration)):
        with report.noting_failures():
            _examine_way(report, origin)


def _examine_way(report: Report, origin: Origin) -> None:
    _, host, port = origin
    proxy = proxy_for(*origin)
    if proxy is None:
        report.ok(f"{host}:{port} is reached directly: NO_PROXY has it.")
        return
    way = f"{host}:{port} is reached through the proxy {proxy}"
    if host.endswith(_INSIDE):
        report.warn(f"{way}, though it is inside the cluster.", "Add .svc,.cluster.local to NO_PROXY.")
    else:
        report.ok(f"{way}.")


def _origins(configuration: Configuration) -> Iterator[Origin]:
    """Yield what is talked to; a URL that is none is reported where it is examined."""
    environments = configuration.environments.values()
    urls = [f"https://{environment.registry}" for environment in environments]
    urls += [environment.cluster.api for environment in environments if environment.cluster]
    for route in configuration.routes:
        if route.webhook:
            urls += [route.webhook.api, *filter(None, [route.webhook.jenkins])]
        urls += [job.url for job in (route.job, route.generic_webhook) if job]
    if configuration.pull_requests:
        urls.append(configuration.pull_requests.api)
    for url in urls:
        with suppress(Unreachable):
            yield origin_of(url)


def _examine_pod(report: Report) -> None:
    if (SERVICE_ACCOUNT / "token").exists():
        examine_credential(report, "in-cluster")
    else:
        report.ok("This is no pod: no service account's token is mounted.")
