"""The parameters and results of the commands that export and import bundles, and what a bundle says of itself."""

from __future__ import annotations

from typing import Literal

from promoter.model.base import Model, option, required
from promoter.model.release import ReleaseResult
from promoter.model.request import DestinationAccess, Setting, SourceAccess
from promoter.model.section import Section


class ExportBundleRequest(SourceAccess):
    """Write images, with all that travels along, into one file or directory, for places that no network leads to."""

    images: tuple[str, ...] = required(
        "environment/name:tag or a full reference by tag, or a file with lines of them; with --selector environments",
        metavar="IMAGES",
    )
    output: str = option(
        "new file, or a directory if a / is behind its name; must be given", default="", metavar="FILE"
    )
    base: str | None = option(
        "bundle, or its bundle.json: layers and configs that its images have are left out",
        default=None,
        metavar="BUNDLE",
    )
    only_for: str | None = option(
        "environment, or registry's host, that alone takes the bundle; any if left out", default=None, metavar="NAME"
    )
    selector: str | None = option(
        "export all tags of all image streams with these labels (name=app,tier=web); IMAGES are environments then",
        default=None,
        metavar="LABELS",
    )


class ImportBundleRequest(DestinationAccess, Setting):
    """Bring the images of a bundle to a registry, byte for byte: all are verified and brought first, then tags flip."""

    bundle: str = required("the file or directory that `promoter export-bundle` wrote")
    destination: str = required("where it goes: an environment, or registry.example.com/project; names and tags stay")
    image: tuple[str, ...] = option(
        "import this image of the bundle, and no other; all if left out", default=(), metavar="NAME:TAG"
    )
    base: tuple[str, ...] = option(
        "bundle that this one leaves blobs out of; not needed where the destination has them",
        default=(),
        metavar="BUNDLE",
    )
    bundle_digest: str | None = option(
        "digest that export-bundle showed; another bundle is refused", default=None, metavar="DIGEST"
    )
    mount_from: tuple[str, ...] = option(
        "repository of the destination's registry to mount blobs from", default=(), metavar="REPOSITORY"
    )
    approval: tuple[str, ...] = option(
        "a person's approval of all images together, where a route asks for it: the person's ID, or `ID: WHY`",
        default=(),
        metavar="APPROVAL",
    )
    approved_digest: str | None = option(
        "digest of all images together that was approved, as --dry-run shows it; another one is refused",
        default=None,
        metavar="DIGEST",
    )


class BundledStream(Section):
    """The labels and annotations of an image stream, and the annotations of one of its tags."""

    labels: dict[str, str] = option("", default={})
    annotations: dict[str, str] = option("", default={})
    tag_annotations: dict[str, str] = option("", default={})


class BundledImage(Section):
    """An image of a bundle.

    Args:
        name: its name within its environment.
        tag: its tag.
        digest: the image.
        source: where it was: the registry and repository.
        environment: what the exporting side calls that place.
        tagged: cosign's tags that go with it, and what each stands for.
        referrers: the artifacts that refer to it, or to each other: records and sign-offs among them.
        stream: what its image stream had on it.

    """

    name: str
    tag: str
    digest: str
    source: str
    environment: str | None = None
    tagged: dict[str, str] = option("", default={})
    referrers: tuple[str, ...] = ()
    stream: BundledStream | None = None

    def __str__(self) -> str:
        """Write it as `name:tag`."""
        return f"{self.name}:{self.tag}"


class BundleBase(Section):
    """The bundle that another one continues.

    Args:
        digest: which one.
        images: the names of its images.
        blobs: what is left out, since that one has it, or its own base.

    """

    digest: str
    images: tuple[str, ...]
    blobs: tuple[str, ...]


class BundleContents(Section):
    """What `bundle.json` has.

    Args:
        version: of this format.
        created: when the newest of the images was, as their configs say (RFC 3339). The same images make the same
            bundle, so it is not when that was written.
        only_for: the environment or the registry's host that alone takes it.
        base: the bundle that it continues.
        images: the images.
        manifests: the media type of each manifest.
        blobs: the size of each blob, manifests among them, also of those left out.

    """

    version: int
    created: str | None = None
    only_for: str | None = None
    base: BundleBase | None = None
    images: tuple[BundledImage, ...]
    manifests: dict[str, str]
    blobs: dict[str, int]

    @property
    def left_out(self) -> frozenset[str]:
        """The blobs that are in the base, or its base, alone."""
        return frozenset(self.base.blobs if self.base else ())

    @property
    def held(self) -> tuple[str, ...]:
        """The blobs that the bundle has, in their order."""
        return tuple(sorted(self.blobs.keys() - self.left_out))


class ExportedImage(Model):
    """An image that was exported.

    Args:
        image: `name:tag`.
        source: the tag that it was read from.
        digest: the image.
        companions: how many signatures, attestations and other referrers it has.

    """

    image: str
    source: str
    digest: str
    companions: int


class ExportedBlobs(Model):
    """The distinct blobs of all images.

    Args:
        total: how many there are.
        fetched: got from registries.
        present: in the output directory already.
        left_out: left to the base.

    """

    total: int = 0
    fetched: int = 0
    present: int = 0
    left_out: int = 0


class ExportBundleResult(Model):
    """What became of an export.

    Args:
        status: `exported`.
        destination: the file or directory that it was written to.
        digest: the bundle's, which `import-bundle --bundle-digest` takes.
        images: its images.
        blobs: their blobs.
        size: how large the bundle is, in bytes.
        base: the digest of the bundle that it continues; nothing if it is whole.
        duration_seconds: how long it took.

    """

    status: Literal["exported"]
    destination: str
    digest: str
    images: tuple[ExportedImage, ...]
    blobs: ExportedBlobs
    size: int
    base: str | None = None
    duration_seconds: float = 0.0


class ImportBundleResult(ReleaseResult):
    """What became of the import of a bundle, which is a release.

    Args:
        tags: what became of its tags; the source of each is `bundle:DIGEST/` and the tag that it was read from.
        bundle: the digest of the bundle.

    """

    bundle: str
