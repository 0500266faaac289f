"""Routes through a webhook: the API it is at, its secret, and the BuildConfig behind it."""

from __future__ import annotations

from promoter.credentials.sources import Credential, load_credential
from promoter.doctor.access import examine_rights
from promoter.doctor.report import Report
from promoter.doctor.servers import examine_server
from promoter.doctor.tokens import examine_credential
from promoter.errors import NotFound, WrongUsage
from promoter.http.trust import Trust
from promoter.model.configuration import Route, Webhook
from promoter.openshift.api import ClusterApi, Forbidden, Object
from promoter.openshift.discovery import find_pipeline
from promoter.openshift.rights import Right
from promoter.openshift.webhook import BUILD_API, LEGACY_API, GenericWebhook
from promoter.promotion.places import Places

_SECRET_KEY = "WebHookSecretKey"  # noqa: S105 - the name of a key
_PAUSED = "openshift.io/build-config.paused"


def examine_webhook(places: Places, route: Route, webhook: Webhook) -> Report:
    """Examine whether production's pipeline can be triggered and followed. The webhook itself is not called."""
    report = Report(f"route from {route.from_} to {route.to}")
    trust = Trust(webhook.ca, verify=webhook.tls_verify)
    status = examine_server(report, f"{webhook.api.rstrip('/')}/version", trust, places.deadline)
    credential = examine_credential(report, webhook.credentials)
    secret = _examine_secret(report, webhook)
    if status is None or credential is None:
        return report
    api = ClusterApi(webhook.api, places.http(trust), credential)
    if secret:
        with report.noting_failures():  # which a secret is that can never work
            GenericWebhook(api, webhook.project, webhook.build_config, secret)
    with report.noting_failures():
        _examine_rights(report, api, webhook.project)
        _examine_config(report, api, webhook)
    return report


def _examine_secret(report: Report, webhook: Webhook) -> Credential | None:
    with report.noting_failures():
        secret = load_credential(webhook.secret, key=_SECRET_KEY)
        if secret.is_anonymous:
            raise WrongUsage("The webhook has no secret: `secret` is anonymous.", "Name where its secret is.")
        report.ok(f"The webhook's secret is in {secret.source}.")
        return secret
    return None


def _examine_rights(report: Report, api: ClusterApi, project: str) -> None:
    examine_rights(report, api, [Right("create", "buildconfigs/webhooks", project)])
    examine_rights(
        report,
        api,
        [Right("get", "builds", project), Right("list", "builds", project)],
        without="Then the build is not followed, nor found again.",
    )


def _examine_config(report: Report, api: ClusterApi, webhook: Webhook) -> None:
    """Look at the BuildConfig, where it may be looked at.

    Raises:
        NotFound: it is not there, or has no generic webhook.
        WrongUsage: it takes no parameters, or is paused.

    """
    prefix = LEGACY_API if webhook.legacy_api else BUILD_API
    try:
        name = webhook.build_config or find_pipeline(api, webhook.project, legacy=webhook.legacy_api)
        config = api.get(f"{prefix}/namespaces/{webhook.project}/buildconfigs/{name}")
    except Forbidden as failure:
        if not webhook.build_config:
            raise
        report.warn(f"Whether the BuildConfig fits cannot be seen: {failure.message}", failure.remedy)
        return
    shown = f"The BuildConfig {webhook.project}/{name}"
    _require_parameters(shown, config)
    if str((config["metadata"].get("annotations") or {}).get(_PAUSED)).lower() == "true":
        raise WrongUsage(f"{shown} is paused: its webhook starts nothing.", f"Take its annotation {_PAUSED} away.")
    if "jenkinsPipelineStrategy" in (config.get("spec", {}).get("strategy") or {}):
        report.ok(f"{shown} is a Jenkins pipeline, and its generic webhook takes parameters.")
    else:
        report.warn(
            f"{shown} is no Jenkins pipeline.",
            "Give it the strategy JenkinsPipeline, with a call of productionPipeline.",
        )


def _require_parameters(shown: str, config: Object) -> None:
    triggers = config.get("spec", {}).get("triggers") or []
    generic = [trigger.get("generic") or {} for trigger in triggers if trigger.get("type") == "Generic"]
    if not generic:
        raise NotFound(f"{shown} has no generic webhook.", "Add a trigger of the type Generic, with `allowEnv: true`.")
    if not any(one.get("allowEnv") for one in generic):
        raise WrongUsage(
            f"{shown} ignores the parameters of its webhook.", "Set `allowEnv: true` on its generic trigger."
        )
