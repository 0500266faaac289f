"""What alignment changes say of themselves: titles, descriptions, commit messages."""

from __future__ import annotations

from collections.abc import Mapping

from promoter.constraints.alignment import Change
from promoter.constraints.documents import text
from promoter.constraints.metadata import Image
from promoter.github.pull_requests import PullRequest

MARKER = "<!-- image-promoter keeps what is above this line up to date, and leaves what is below it -->"


def title(image: Image, group: str) -> str:
    """Return the title of a component's pull request; people may change it."""
    prefix = text(image.streams_prs, f"{image.file}: streams_prs", "commit_prefix") or ""
    return f"{prefix}Align the base images of {image.key} with {group}"


def commit_message(image: Image, change: Change, group: str) -> str:
    """Return the message of the commit that changes a component's Dockerfile."""
    lines = [f"Stage {base.stage} of {change.path}: {base.desired} instead of {base.found}" for base in change.bases]
    return "\n".join([title(image, group), "", *lines])


def description(image: Image, change: Change, group: str, parents: Mapping[str, PullRequest]) -> str:
    """Return what a component's pull request says, above what people add to it."""
    rows = [f"| {base.stage} | `{base.found}` | `{base.desired}` |" for base in change.bases]
    links = [f"- `{key}`: {proposal.url}" for key, proposal in parents.items()]
    return "\n".join(
        [
            f"The build metadata of {group} builds `{image.key}` on other images than `{change.path}` names: what CI",
            "tests is not what will be shipped. This names the images that CI has of those.",
            "",
            "| stage | is built on | is to be built on |",
            "| --- | --- | --- |",
            *rows,
            *(["", "It is built on images of the group that are to be aligned, too:", "", *links] if links else []),
            "",
            "It follows the metadata, and is closed once there is nothing left to change. Where the metadata is wrong,",
            f"change it: `{image.file}`.",
            "",
            MARKER,
        ]
    )


def merged_with(body: str, current: str) -> str | None:
    """Return what a pull request is to say: what is current, and what people wrote below it.

    Args:
        body: what it says.
        current: what it should say down to the marker.

    Returns:
        Nothing where it says so already, or where people have taken the marker out: then it is all theirs.

    """
    before, marker, below = body.replace("\r\n", "\n").partition(MARKER)  # as browsers send it
    return None if not marker or before + marker == current else current + below


def nothing_left(branch: str) -> str:
    """Return why a pull request is closed."""
    return f"`{branch}` names the images that the build metadata asks for: this would change nothing any more."
