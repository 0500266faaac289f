"""A command's parameters: one class a command; flags, request files and steps are spellings of it."""

from __future__ import annotations

from dataclasses import dataclass

from promoter.model.fields import option, required


def camel(name: str) -> str:
    """Return a field's name as request files and steps spell it."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every command takes."""

    __pydantic_config__ = {"extra": "forbid", "strict": True, "alias_generator": camel}  # noqa: RUF012 - pydantic's

    config: str | None = option("configuration file; promotion.yaml is read if it is there", metavar="FILE")
    timeout: str = option("the most time the whole command may take", "60m", "DURATION")
    verbose: bool = option("say more about what is done", default=False)


@dataclass(frozen=True, kw_only=True)
class DestinationAccess(Common):
    """How the destination is reached, where no environment of the configuration says it."""

    destination_credentials: str | None = option(
        "secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous", metavar="SOURCE"
    )
    destination_ca: str | None = option("PEM file with the authority to trust for the destination", metavar="FILE")
    destination_tls_verify: bool | None = option("false accepts any certificate of the destination", metavar="BOOL")


@dataclass(frozen=True, kw_only=True)
class Access(DestinationAccess):
    """How both sides are reached, where no environment of the configuration says it."""

    source_credentials: str | None = option(
        "secret:DIR, file:PATH, env:NAME, in-cluster, authfile:PATH or anonymous", metavar="SOURCE"
    )
    source_ca: str | None = option("PEM file with the authority to trust for the source", metavar="FILE")
    source_tls_verify: bool | None = option("false accepts any certificate of the source", metavar="BOOL")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What is recorded about who wanted it."""

    reason: str | None = option("why, for the record")
    requested_by: str | None = option("who asks, for the record; the build or the user if left out", metavar="NAME")


@dataclass(frozen=True, kw_only=True)
class Intent(Stated):
    """What a promotion may do."""

    force: bool = option("overwrite a tag that another digest has taken; that digest is kept", default=False)
    dry_run: bool = option("look at both sides and say what would happen; change nothing", default=False)
    promotion_id: str | None = option(
        "ID that travels along and finds the promotion again; made up if left out", metavar="ID"
    )
    mount_from: tuple[str, ...] = option(
        "repository of the destination's registry to mount blobs from; may be given again", (), "REPOSITORY"
    )


@dataclass(frozen=True, kw_only=True)
class PromoteRequest(Access, Intent):
    """Bring one image from SOURCE to DESTINATION, byte for byte, and flip the tag last."""

    source: str = required("the image: environment/name:tag, or a full reference by tag or digest")
    destination: str = required("where it goes: environment/name:tag, an environment alone, or a full reference")
    git_commit: str | None = option("commit the image was built from, for the record", metavar="SHA")


@dataclass(frozen=True, kw_only=True)
class ReceiveRequest(Common, Intent):
    """Do production's side: check what non-production sent against production's configuration, then promote it."""

    image_name: str = option("IMAGE_NAME: the image, without registry and project", "", "NAME")
    non_prod_registry: str = option("NON_PROD_REGISTRY: the registry it comes from", "", "HOST")
    prod_registry: str = option("PROD_REGISTRY: the registry it goes to", "", "HOST")
    non_prod_project_name: str = option("NON_PROD_PROJECT_NAME: the project it comes from", "", "PROJECT")
    prod_project_name: str = option("PROD_PROJECT_NAME: the project it goes to", "", "PROJECT")
    git_commit: str = option("GIT_COMMIT: the tag on both sides", "", "TAG")
    image_digest: str | None = option("IMAGE_DIGEST: the digest that was tested", metavar="DIGEST")


@dataclass(frozen=True, kw_only=True)
class HistoryRequest(DestinationAccess):
    """List what was promoted to a tag, newest first."""

    image: str = required("the image: environment/name:tag or a full reference by tag")


@dataclass(frozen=True, kw_only=True)
class DescribeRequest(DestinationAccess):
    """Show what a tag is now, what let it in, and what it can be rolled back to."""

    image: str = required("the image: environment/name:tag or a full reference by tag")


@dataclass(frozen=True, kw_only=True)
class RollbackRequest(DestinationAccess, Stated):
    """Flip a tag back to the digest it had before, or to a named one."""

    image: str = required("the image: environment/name:tag or a full reference by tag")
    to: str | None = option("digest to go back to; the previous one if left out", metavar="DIGEST")
    dry_run: bool = option("say what would happen; change nothing", default=False)
