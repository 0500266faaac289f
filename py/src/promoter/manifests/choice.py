"""Which templates make up a side."""

from __future__ import annotations

from promoter.errors import WrongUsage
from promoter.manifests.parameters import PRODUCTION, Setting

_VERIFICATIONS = {"Job": "verification-job", "DeploymentConfig": "verification-hook"}


def templates(setting: Setting, form: str) -> list[str]:
    """Return the names of the templates in the order in which they are applied; for the form `pod`, the pod's alone.

    Raises:
        WrongUsage: the route hands over to a job of Jenkins; a verification is to promote where non-production cannot,
            or a CronJob where nothing is watched; gates or a rollout are given where that is for the route to say, or
            a rollout, or constraints, where no cluster is known.

    """
    if setting.hands_over and not setting.has_webhook:
        raise WrongUsage(
            "The route hands over to a job of Jenkins, for which nothing is rendered.",
            "Name another route (--route), or make it `through: webhook` or `through: copy`.",
        )
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
    _require_own_rollout(setting)
    _require_own_gates(setting)
    return [
        "pusher",
        *(["stream-tags"] if setting.has_cluster else []),
        *(["rollouts"] if setting.rollout else []),
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


def _require_own_rollout(setting: Setting) -> None:
    if not setting.install.rollout:
        return
    if not setting.hands_over:
        raise WrongUsage(
            "install.rollout is for a route that hands over to production's pipeline, but the route copies.",
            "Make it the route's own `rollout`.",
        )
    if not setting.has_cluster:
        key = setting.environment_key(PRODUCTION)
        raise WrongUsage(
            f"install.rollout is waited for in production's cluster, but {key} names none.",
            "Give it its `cluster`, or leave out the rollout.",
        )


def _require_own_gates(setting: Setting) -> None:
    if setting.install.gates and not setting.hands_over:
        raise WrongUsage(
            "install.gates is for a route that hands over to production's pipeline, but the route copies.",
            "Make it the route's own `gates`.",
        )
    if setting.gates.constraints:
        raise WrongUsage(
            "The route's `gates` have `constraints`, but production's configuration, as it is rendered, names no "
            "cluster of non-production to look at.",
            "Render it without them, then add both there: the `constraints`, and non-production's `cluster`.",
        )
