"""Which templates make up a side."""

from __future__ import annotations

from promoter.errors import WrongUsage
from promoter.manifests.parameters import Setting

_VERIFICATIONS = {"Job": "verification-job", "DeploymentConfig": "verification-hook"}


def templates(setting: Setting, form: str) -> list[str]:
    """Return the names of the templates in the order in which they are applied; for the form `pod`, the pod's alone.

    Raises:
        WrongUsage: a verification is to promote where non-production cannot, or a CronJob where nothing is watched.

    """
    if form == "pod":
        return ["agent-pod"]
    return _of_production(setting) if setting.in_production else _of_non_production(setting)


def _of_non_production(setting: Setting) -> list[str]:
    verification = setting.install.verification
    if not setting.has_webhook:
        if verification:
            raise WrongUsage(
                "install.verification is to promote from non-production, but the route has no webhook to hand over to.",
                "Make the route `through: webhook`, or leave out the verification.",
            )
        return ["puller"]
    return [
        "puller",
        "reader",
        "cluster-token",
        "webhook-secret-text",
        "non-production-configuration",
        "agent-image",
        "agent-pod-template",
        "network-policy",
        "doctor",
        *([_VERIFICATIONS[verification.run_by]] if verification else []),
    ]


def _of_production(setting: Setting) -> list[str]:
    if setting.install.watch and not (setting.route and setting.route.watch):
        raise WrongUsage(
            "install.watch is to promote what the route watches, but the route watches nothing.",
            "Give the route a `watch`, or leave out the CronJob.",
        )
    return [
        "pusher",
        "cluster-token",
        "production-configuration",
        "agent-image",
        "agent-pod-template",
        "network-policy",
        "doctor",
        *(["webhook-secret-key", "webhook-trigger", "production-pipeline"] if setting.has_webhook else []),
        *(["scheduled-import"] if setting.install.import_ else []),
        *(["watch"] if setting.install.watch else []),
    ]
