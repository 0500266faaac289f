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


class Access(DestinationAccess):
    """How both sides are reached, where no environment of the configuration says it."""

    source_credentials: str | None = option(
        "secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous", default=None, metavar="SOURCE"
    )
    source_ca: str | None = option("PEM file with the authority to trust for the source", default=None, metavar="FILE")
    source_tls_verify: bool | None = option("false accepts any certificate of the source", default=None, metavar="BOOL")


class Stated(Model):
    """What is recorded about who wanted it."""

    reason: str | None = option("why, for the record", default=None)
    requested_by: str | None = option(
        "who asks, for the record; the build or the user if left out", default=None, metavar="NAME"
    )


class Intent(Stated):
    """What a promotion may do."""

    force: bool = option("overwrite a tag that another digest has taken; that digest is kept", default=False)
    dry_run: bool = option("look at both sides and say what would happen; change nothing", default=False)
    promotion_id: str | None = option(
        "ID that travels along and finds the promotion again; made up if left out", default=None, metavar="ID"
    )
    mount_from: tuple[str, ...] = option(
        "repository of the destination's registry to mount blobs from; may be given again",
        default=(),
        metavar="REPOSITORY",
    )


class PromoteRequest(Access, Intent):
    """Bring one image from SOURCE to DESTINATION, byte for byte, and flip the tag last."""

    source: str = required("the image: environment/name:tag, or a full reference by tag or digest")
    destination: str = required("where it goes: environment/name:tag, an environment alone, or a full reference")
    git_commit: str | None = option("commit the image was built from, for the record", default=None, metavar="SHA")


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


class HistoryRequest(DestinationAccess):
    """List what was promoted to a tag, newest first."""

    image: str = required("the image: environment/name:tag or a full reference by tag")


class DescribeRequest(DestinationAccess):
    """Show what a tag is now, what let it in, and what it can be rolled back to."""

    image: str = required("the image: environment/name:tag or a full reference by tag")


class RollbackRequest(DestinationAccess, Stated):
    """Flip a tag back to the digest it had before, or to a named one."""

    image: str = required("the image: environment/name:tag or a full reference by tag")
    to: str | None = option("digest to go back to; the previous one if left out", default=None, metavar="DIGEST")
    dry_run: bool = option("say what would happen; change nothing", default=False)
