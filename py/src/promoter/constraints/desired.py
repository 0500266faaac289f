"""What the FROM lines of a component's Dockerfile are to name: the CI equivalents of what the metadata builds it on."""

from __future__ import annotations

from promoter.constraints.documents import as_text, items
from promoter.constraints.metadata import Image, Metadata, Parent
from promoter.errors import WrongUsage

_REGISTRY = "registry.ci.openshift.org/ocp"


def desired_bases(image: Image, metadata: Metadata) -> tuple[str, ...]:
    """Return the desired images of the FROM lines, one for each parent.

    Returns:
        None at all where a parent has no CI equivalent: as with deployed tooling, the Dockerfile is not aligned then.

    Raises:
        NotFound, WrongUsage: see `equivalents`.

    """
    bases = equivalents(image, metadata)
    known = tuple(base for base in bases if base is not None)
    return known if len(known) == len(bases) else ()


def equivalents(image: Image, metadata: Metadata) -> tuple[str | None, ...]:
    """Return the CI equivalent of each parent; nothing for one that has none.

    An image's config may name them itself (`streams_prs.from`), where CI builds on something else on purpose.

    Raises:
        NotFound: a stream or a member is not in the metadata.
        WrongUsage: a stream's name is that of several, or a part of the metadata is missing or of the wrong kind.

    """
    where = f"{image.file}: streams_prs"
    if named := items(image.streams_prs, where, "from"):
        return tuple(as_text(base, f"{where}.from") for base in named)
    return tuple(_equivalent(parent, metadata) for parent in image.parents)


def _equivalent(parent: Parent, metadata: Metadata) -> str | None:
    """Return what stands for a parent in CI; nothing for an image from elsewhere, which CI may not reach."""
    if parent.kind == "stream":
        return metadata.streams.resolve(parent.value).upstream_image
    return _of_member(metadata.image(parent.value), metadata) if parent.kind == "member" else None


def _of_member(image: Image, metadata: Metadata) -> str:
    """Return the name under which CI has an image of the group: that of its config, or its tag in the release."""
    if image.upstream_image:
        return image.upstream_image
    variables = metadata.group.variables
    if "MAJOR" not in variables or "MINOR" not in variables:
        raise WrongUsage(
            f"group.yml does not say in which release CI has {image.key}.", "Give `vars` in it MAJOR and MINOR."
        )
    return f"{_REGISTRY}/{variables['MAJOR']}.{variables['MINOR']}:{image.payload_name}"
