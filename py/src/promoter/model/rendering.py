"""What was rendered for a cluster."""

from __future__ import annotations

from promoter.model.base import Model


class ManifestsResult(Model):
    """The objects that were rendered.

    Args:
        side: `non-production` or `production`.
        format: `yaml`, `template` or `pod`.
        objects: their names: `project/kind/name`.
        output: the file that they were written to; nothing if they are in `text`.
        text: the objects as text; nothing if they were written to a file.

    """

    side: str
    format: str
    objects: tuple[str, ...]
    output: str | None = None
    text: str | None = None
