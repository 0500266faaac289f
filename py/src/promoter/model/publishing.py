"""The parameters and the result of the command that publishes an image."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model, option, required
from promoter.model.request import DestinationAccess, Stated


class PublishRequest(DestinationAccess, Stated):
    """Build an image from a git repository, push it, and tag it with its version, which is never replaced."""

    repository: str = required("URL of the git repository; or a directory, which is built as it is without --ref")
    destination: str = required(
        "where it goes: environment/section/name, with or without :version, or a full reference"
    )
    ref: str | None = option(
        "branch, tag or commit that is built; the repository's own branch if left out", default=None, metavar="REF"
    )
    git_credentials: str | None = option(
        "credential source of the token that opens the repository by HTTPS", default=None, metavar="SOURCE"
    )
    git_ca: str | None = option(
        "PEM file with the authority to trust for the repository's server", default=None, metavar="FILE"
    )
    context: str = option("directory of the repository that is built", default=".", metavar="DIRECTORY")
    file: str | None = option(
        "Dockerfile, seen from the context; its Containerfile or Dockerfile if left out", default=None, metavar="FILE"
    )
    version: str | None = option(
        "the image's version and tag; what the context's file VERSION says, or the commit, if left out",
        default=None,
        metavar="VERSION",
    )
    builder: str | None = option(
        "buildah, podman or openshift; openshift with a BuildConfig, else the first that is installed, if left out",
        default=None,
        metavar="BUILDER",
    )
    build_config: str | None = option(
        "BuildConfig of the repository, in the cluster of the destination's environment", default=None, metavar="NAME"
    )
    build_arg: tuple[str, ...] = option(
        "argument of the Dockerfile: NAME=VALUE; it can be read in the image's history",
        default=(),
        metavar="NAME=VALUE",
    )
    label: tuple[str, ...] = option("label of the image: NAME=VALUE", default=(), metavar="NAME=VALUE")
    dry_run: bool = option("fetch the repository, look at both sides, and say what would happen", default=False)


class PublishResult(Model):
    """What became of an image that was to be published.

    Args:
        status: `published`; `unchanged` if that version stands there already; `planned` in a dry run.
        destination: the registry's tag.
        version: the tag.
        image: the same by digest, as `promote` takes it for its source; nothing if it is only planned.
        digest: the image; nothing if it is only planned.
        revision: the commit that it was built from, if it is known.
        built_by: what built it, or would.
        record: what is attached to the image about its publishing; nothing if nothing was pushed.
        stream_tag: the image stream's tag that it is, too, where its environment names its cluster.
        duration_seconds: how long it took.

    """

    status: Literal["published", "unchanged", "planned"]
    destination: str
    version: str
    image: str | None = None
    digest: str | None = None
    revision: str | None = None
    built_by: str | None = None
    record: str | None = None
    stream_tag: str | None = None
    duration_seconds: float = 0.0
