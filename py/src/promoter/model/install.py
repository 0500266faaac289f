"""The section `install` of the configuration: what `promoter manifests` renders, beyond environments and routes."""

from __future__ import annotations

from typing import Literal

from promoter.model.gates import Gates
from promoter.model.rollout import Rollout
from promoter.model.section import Section


class Library(Section):
    """Where the agent image is built from: this repository, or a copy of it.

    Args:
        repository: its git URL.
        ref: branch, tag or commit.
        secret: name of the Secret that opens it, if it is not open to all.

    """

    repository: str | None = None
    ref: str = "main"
    secret: str = ""


class AgentPod(Section):
    """The Jenkins agent that promotes.

    Args:
        image: name of its image stream.
        base: the Jenkins agent image that it is built on.
        registry: the cluster's own registry, as the cluster's nodes reach it.
        cpu: how much CPU it may use.
        memory: how much memory it gets.
        proxy: URL of the proxy on the way to the other cluster.
        no_proxy: hosts and domains that are reached without it.

    """

    image: str = "image-promoter-agent"
    base: str = "image-registry.openshift-image-registry.svc:5000/openshift/jenkins-agent-base:latest"
    registry: str = "image-registry.openshift-image-registry.svc:5000"
    cpu: str = "1"
    memory: str = "1Gi"
    proxy: str = ""
    no_proxy: str = "localhost,127.0.0.1,.svc,.cluster.local"


class Jenkins(Section):
    """One side's Jenkins.

    Args:
        project: the project it is in; that of production's pipeline, or of the environment, if left out.
        account: the service account that its promoting agents run as.

    """

    project: str | None = None
    account: str = "image-promoter"


class Watch(Section):
    """The CronJob that promotes what has changed.

    Args:
        schedule: its cron expression.

    """

    schedule: str


class Verification(Section):
    """What is verified in non-production after a rollout, and promoted if it passes.

    Args:
        deployment: name of the deployment.
        image: the image's name within the project.
        tag: its tag.
        command: the verification, in shell; it fails if it ends with anything but 0.
        run_by: `Job`, which is run after a Deployment's rollout, or `DeploymentConfig`, which deploys and verifies.
        run_in: the image that a Job's command runs in; the agent's if left out.
        port: where a DeploymentConfig's application listens.

    """

    deployment: str
    image: str
    command: str
    tag: str = "latest"
    run_by: Literal["Job", "DeploymentConfig"] = "Job"
    run_in: str = ""
    port: int = 8080


class ScheduledImport(Section):
    """A tag of an image stream in production that follows a tag of another registry.

    Args:
        image: the image stream's name.
        from_: the image, with its registry and tag.
        tag: the image stream's tag.

    """

    image: str
    from_: str
    tag: str = "latest"


class Install(Section):
    """What is installed.

    Args:
        puller: the account in non-production that production pulls as.
        puller_token: name of the Secret with its token in production.
        trigger: the account in production that non-production triggers the pipeline as.
        trigger_token: name of the Secret with its token in non-production.
        webhook_secret: name of the webhook's Secrets, without `-text` and `-key`.
        library: where the agent image is built from.
        agent: the agent.
        non_production: Jenkins there.
        production: Jenkins there.
        rollout: what production's own route waits for, where the route here hands over to it.
        gates: what production's own route asks for, where the route here hands over to it.
        watch: the CronJob, if there is to be one.
        verification: the verification after a rollout, if there is to be one.
        import_: the scheduled import, if there is to be one.

    """

    puller: str = "across-project-image-puller"
    puller_token: str = "non-production-cluster-token"  # noqa: S105 - the name of a Secret
    trigger: str = "promotion-trigger"
    trigger_token: str = "production-cluster-token"  # noqa: S105 - the name of a Secret
    webhook_secret: str = "production-pipeline-webhook-secret"  # noqa: S105 - the name of a Secret
    library: Library = Library()
    agent: AgentPod = AgentPod()
    non_production: Jenkins = Jenkins()
    production: Jenkins = Jenkins()
    rollout: Rollout | None = None
    gates: Gates | None = None
    watch: Watch | None = None
    verification: Verification | None = None
    import_: ScheduledImport | None = None
