"""A release's list of images, as YAML and JSON files have it."""

from __future__ import annotations

from promoter.model.section import Section


class ReleasedImage(Section):
    """An image of a release, with `destination` or `destinations`.

    Args:
        source: the image: environment/name:tag or a full reference.
        destination: where it goes: environment/name:tag, an environment alone, or a full reference.
        destinations: the same, for several places.

    """

    source: str
    destination: str | None = None
    destinations: tuple[str, ...] = ()

    @property
    def all_destinations(self) -> tuple[str, ...]:
        """Where it goes, whichever way that is written."""
        return (*([self.destination] if self.destination else []), *self.destinations)


class ReleaseList(Section):
    """The images of a release."""

    images: tuple[ReleasedImage, ...]
