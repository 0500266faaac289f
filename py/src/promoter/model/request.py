"""A command's parameters: one class a command; flags, request files and steps are spellings of it."""

from __future__ import annotations

from promoter.model.base import Model, option, required


def camel(name: str) -> str:
    """Return a field's name as request files and steps spell it."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


class Common(Model):
    """What every command takes."""

    @staticmethod
    def spell(name: str) -> str:
        """Return a field's name in camelCase."""
        return camel(name)

    config: str | None = option(
        "configuration file; promotion.yaml is read if it is there", default=None, metavar="FILE"
    )
    timeout: str = option("the most time the whole command may take", default="60m", metavar="DURATION")
    verbose: bool = option("say more about what is done", default=False)


class DestinationAccess(Common):
    """How the destination is reached, where no environment of the configuration says it."""

    destination_credentials: str | None = option(
        "secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous", default=None, metavar="SOURCE"
    )
    destination_ca: str | None = option(
        "PEM file with the authority to trust for the destination", default=None, metavar="FILE"
    )
    destination_tls_verify: bool | None = option(
        "false accepts any certificate of the destination", default=None, metavar="BOOL"
    )


class SourceAccess(Common):
    """How the source is reached, where no environment of the configuration says it."""

    source_credentials: str | None = option(
        "secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous", default=None, metavar="SOURCE"
    )
    source_ca: str | None = option("PEM file with the authority to trust for the source", default=None, metavar="FILE")
    source_tls_verify: bool | None = option("false accepts any certificate of the source", default=None, metavar="BOOL")


class Access(SourceAccess, DestinationAccess):
    """How both sides are reached, where no environment of the configuration says it."""


class Stated(Model):
    """What is recorded about who wanted it."""

    reason: str | None = option("why, for the record", default=None)
    requested_by: str | None = option(
        "who asks, for the record; the build or the user if left out", default=None, metavar="NAME"
    )


class Setting(Stated):
    """How a tag is set."""

    force: bool = option("overwrite a tag that another digest has taken; that digest is kept", default=False)
    dry_run: bool = option("look at both sides and say what would happen; change nothing", default=False)
    promotion_id: str | None = option(
        "ID that travels along and finds the promotion again; made up if left out", default=None, metavar="ID"
    )


class Intent(Setting):
    """What a promotion may do, and what people said to it."""

    mount_from: tuple[str, ...] = option(
        "repository of the destination's registry to mount blobs from",
        default=(),
        metavar="REPOSITORY",
    )
    engine: str | None = option(
        "what brings the blobs that cannot be mounted: skopeo or stream; the route's, or skopeo, if left out",
        default=None,
        metavar="ENGINE",
    )
    approval: tuple[str, ...] = option(
        "a person's approval, where the route asks for it: the person's ID, or with the reason `ID: WHY`",
        default=(),
        metavar="APPROVAL",
    )
    approved_digest: str | None = option(
        "digest that was approved; another one is refused", default=None, metavar="DIGEST"
    )
    approved_replacing: str | None = option(
        "digest that the destination's tag was when it was approved, or `nothing`; refused if it is another now",
        default=None,
        metavar="DIGEST",
    )
    until_approval: bool = option(
        "stop where the route asks for an approval that is not given, and say what is to be approved", default=False
    )
    override: str | None = option(
        "why what is inconsistent is promoted all the same, where the route refuses it", default=None, metavar="WHY"
    )


class PromoteRequest(Access, Intent):
    """Bring one image from SOURCE to DESTINATION, byte for byte, and flip the tag last."""

    source: str = required("the image: environment/name:tag, or a full reference by tag or digest")
    destination: str = required("where it goes: environment/name:tag, an environment alone, or a full reference")
    git_commit: str | None = option("commit the image was built from, for the record", default=None, metavar="SHA")
    roll_out: bool = option(
        "wait until the pods that the destination's tag triggers run the digest; roll the tag back if they do not",
        default=False,
    )
    scale_down: tuple[str, ...] = option(
        "test deployment in the source's project to scale to zero at the end: deployment/NAME or dc/NAME",
        default=(),
        metavar="WORKLOAD",
    )
    report_to: str | None = option(
        "commit whose pull request hears of it: OWNER/REPOSITORY@SHA", default=None, metavar="COMMIT"
    )


class ReleaseRequest(Access, Setting):
    """Promote many images at once: all are brought first, and then all tags flip, or none."""

    images: tuple[str, ...] = required(
        "SOURCE=DESTINATION, or a file with them: lines of `SOURCE DESTINATION`, YAML or JSON", metavar="IMAGES"
    )
    mount_from: tuple[str, ...] = option(
        "repository of the destination's registry to mount blobs from",
        default=(),
        metavar="REPOSITORY",
    )
    keep_going: bool = option("flip the tags of what could be brought, whatever failed", default=False)
    approval: tuple[str, ...] = option(
        "a person's approval of the whole release, where a route asks for it: the person's ID, or `ID: WHY`",
        default=(),
        metavar="APPROVAL",
    )
    approved_digest: str | None = option(
        "the release's digest that was approved, as --dry-run shows it; another one is refused",
        default=None,
        metavar="DIGEST",
    )
    override: str | None = option(
        "why what is inconsistent is promoted all the same, where a route refuses it", default=None, metavar="WHY"
    )
    selector: str | None = option(
        "release all tags of all image streams with these labels (name=app,tier=web); IMAGES are environments then",
        default=None,
        metavar="LABELS",
    )
    shard: str | None = option(
        "bring this part of the blobs and flip nothing: 1/4 is the first of four; then run the release as a whole",
        default=None,
        metavar="I/N",
    )


class ReceiveRequest(Common, Intent):
    """Do production's side: check what non-production sent against production's configuration, then promote it."""

    image_name: str = option("IMAGE_NAME: the image, without registry and project", default="", metavar="NAME")
    non_prod_registry: str = option("NON_PROD_REGISTRY: the registry it comes from", default="", metavar="HOST")
    prod_registry: str = option("PROD_REGISTRY: the registry it goes to", default="", metavar="HOST")
    non_prod_project_name: str = option(
        "NON_PROD_PROJECT_NAME: the project it comes from", default="", metavar="PROJECT"
    )
    prod_project_name: str = option("PROD_PROJECT_NAME: the project it goes to", default="", metavar="PROJECT")
    git_commit: str = option("GIT_COMMIT: the tag on both sides", default="", metavar="TAG")
    image_digest: str | None = option("IMAGE_DIGEST: the digest that was tested", default=None, metavar="DIGEST")


class SignOffRequest(DestinationAccess, Stated):
    """Sign an image off under an application's name: verified, or rejected."""

    image: str = required("the image: environment/name:tag or a full reference, by tag or digest")
    application: str = required("the application that tried it")
    rejected: bool = option("the application does not work with it; verified if left out", default=False)
    link: str | None = option(
        "where to read what was tried; the Jenkins build if left out", default=None, metavar="URL"
    )
    dry_run: bool = option("say what would happen; change nothing", default=False)


class AwaitSignOffsRequest(DestinationAccess, Stated):
    """Wait until all applications have verified an image, then tag it; one rejection ends it."""

    image: str = required("the image: environment/name:tag or a full reference, by tag or digest")
    applications: tuple[str, ...] = required("the applications that have to have verified it", metavar="APPLICATION")
    tag: str = option("tag that the image gets once all have; empty for none", default="verified", metavar="TAG")
    report_to: str | None = option(
        "commit whose pull request hears of it: OWNER/REPOSITORY@SHA", default=None, metavar="COMMIT"
    )
    dry_run: bool = option("look once and say how it stands; change nothing", default=False)


class HistoryRequest(DestinationAccess):
    """List what was promoted to a tag, newest first."""

    image: str = required("the image: environment/name:tag or a full reference by tag")


class DescribeRequest(DestinationAccess):
    """Show what a tag is now, what let it in, and what it can be rolled back to; with a cluster, what it was, too."""

    image: str = required(
        "the image: environment/name:tag or a full reference by tag; environment/name for all tags of an image stream"
    )


class RollbackRequest(DestinationAccess, Stated):
    """Flip a tag back to the digest it had before, or to a named one; or all tags of a release, or none."""

    image: str = required("the image: environment/name:tag or a full reference by tag")
    to: str | None = option("digest to go back to; the previous one if left out", default=None, metavar="DIGEST")
    release: str | None = option(
        "ID of a release that set this tag: all its tags become what they were before it, or none does",
        default=None,
        metavar="ID",
    )
    dry_run: bool = option("say what would happen; change nothing", default=False)


class WatchRequest(Common, Stated):
    """Promote the tags that routes watch and that appeared or changed; what is promoted already is left alone."""

    every: str | None = option(
        "look again and again until a signal comes, so long after the look before began; once if left out",
        default=None,
        metavar="DURATION",
    )
    route: tuple[str, ...] = option("look only at what this route watches", default=(), metavar="FROM:TO")
    timeout: str = option("the most time one look, with all it promotes, may take", default="60m", metavar="DURATION")


class ClusterImport(Model):
    """How a cluster gets at an image that is not its own."""

    insecure: bool = option("let the cluster accept any certificate of the registry, or no TLS at all", default=False)
    pull_through: bool = option(
        "have the image pulled through the cluster's own registry (reference policy Local)", default=False
    )


class TagRequest(SourceAccess, ClusterImport, Setting):
    """Set tags of image streams to one image, by its digest."""

    source: str = required(
        "the image: environment/name:tag, environment/name@sha256:… or a full reference; with --selector an environment"
    )
    destinations: tuple[str, ...] = required(
        "where it goes: environment/name:tag, or an environment alone for the same name and tag", metavar="DESTINATION"
    )
    selector: str | None = option(
        "set all tags of all image streams with these labels (name=app,tier=web)", default=None, metavar="LABELS"
    )


class ImportRequest(Common, ClusterImport):
    """Have a cluster import an image from any registry into an image stream, with all its platforms."""

    reference: str = required("the image: a full reference, or environment/name:tag")
    destination: str = required("the tag: environment/name:tag, or an environment alone for the same name and tag")
    scheduled: bool = option("look again regularly, and move the tag when the reference has moved", default=False)
    force: bool = option("overwrite a tag that follows something else and has another digest", default=False)
    dry_run: bool = option("let the cluster look at the image and say what would happen; change nothing", default=False)


class StartBuildRequest(Common, Setting):
    """Start a build of a BuildConfig and follow its log to the end; set tags to what it pushed, if it succeeded."""

    build_config: str = required("the BuildConfig: environment/name", metavar="BUILDCONFIG")
    tag: tuple[str, ...] = option(
        "tag of an image stream that is set to what the build pushed: environment/name:tag", default=(), metavar="TAG"
    )
    parameter: tuple[str, ...] = option(
        "environment variable of the build: NAME=VALUE", default=(), metavar="NAME=VALUE"
    )
    webhook_secret: str | None = option(
        "credential source of the generic webhook's secret: start it by its webhook", default=None, metavar="SOURCE"
    )


class DoctorRequest(Common):
    """Say what of the configuration works from here, and what to do about what does not; change nothing."""

    image: str | None = option(
        "name of an image that the rights are asked for; those that the routes name if left out",
        default=None,
        metavar="NAME",
    )


class ManifestsRequest(Common):
    """Render what is applied to a cluster, from the configuration; apply nothing."""

    side: str = option("non-production or production", default="", metavar="SIDE")
    format: str = option(
        "yaml for `oc apply`, template for `oc process`, or pod for the agent's pod alone", default="yaml"
    )
    route: str | None = option("the route, if there are several", default=None, metavar="FROM:TO")
    token_from: str | None = option(
        "credential source of the other cluster's token, whose Secret is left out otherwise",
        default=None,
        metavar="SOURCE",
    )
    webhook_secret_from: str | None = option(
        "credential source of the webhook's secret, whose Secret is left out otherwise", default=None, metavar="SOURCE"
    )
    output: str | None = option(
        "new file to write it to, readable by its owner alone; needed if there is a secret in it",
        default=None,
        metavar="FILE",
    )
